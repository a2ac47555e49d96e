"""The network as it was: rows of the tracked tables at any moment, for reads, traces and tiles.

A row's state at a moment is the row itself when it began by then, or else the one kept in `assets_rowchange` whose time
holds the moment (sql/history.sql). `reading_as_of` puts such rows under the tables' own names, as common table
expressions in front of every query made inside, so that one query serves the present and the past. PostgreSQL inlines
them, and conditions reach the indexes of both branches.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time
from functools import cache
from typing import Any

from django.apps import apps
from django.contrib.gis.db.models import GeometryField
from django.db import connection
from django.db.models import GeneratedField, Model
from django.utils import timezone
from django.utils.translation import gettext_noop as _

from assets.models import DEVICE_KINDS, Versioned
from gis_core.errors import ReportedError
from gis_core.sentences import Sentence

_CHANGES = "public.assets_rowchange"
_DEVICES = ", ".join(f"'{kind}'" for kind in DEVICE_KINDS)
# Generated columns are not kept; they are generated anew.
_GENERATED = {
    "start_point": "ST_StartPoint(change.before_geom)",
    "end_point": "ST_EndPoint(change.before_geom)",
    "geodesic_length_m": "ST_Length(change.before_geom::geography, true)",
    "code_class": f"CASE WHEN kept.kind IN ({_DEVICES}) THEN 'device' ELSE 'node' END",
}
_WITH = re.compile(r"\s*WITH\s+(RECURSIVE\s+)?", re.IGNORECASE)
_INTO = re.compile(r"\s*(?:INSERT\s+INTO|UPDATE|DELETE\s+FROM|TRUNCATE|COPY)\s+([\w.\"]+)", re.IGNORECASE)
_MAKING = re.compile(
    r"\s*(?:EXPLAIN\s+(?:\([^)]*\)\s+)?|CREATE\s+TEMP(?:ORARY)?\s+TABLE\s+\w+\s+(?:ON\s+COMMIT\s+DROP\s+)?AS\s+)",
    re.IGNORECASE,
)
# Comments at the head of our SQL files.
_HEAD = re.compile(r"(?:\s*--[^\n]*\n)*")


def moment_of(text: str) -> datetime:
    """The moment that a date or an RFC 3339 instant names; a date is the end of that day here.

    Raises ReportedError (code "bad_as_of").
    """
    try:
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
            day = datetime.combine(date.fromisoformat(text), time.max)
            return timezone.make_aware(day).astimezone(UTC)
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            raise ValueError("no offset")
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise ReportedError(
            Sentence(
                _("{text} is neither a date nor an instant; write 2026-01-31 or 2026-01-31T12:00:00+05:00."),
                text=repr(text[:40]),
            ),
            code="bad_as_of",
        ) from None


def rows_as_of_sql(table: str, *, moment: str, network: str | None = None, box: str | None = None) -> str:
    """A subquery in parentheses: the rows of a tracked table as of a moment, with the table's columns.

    `moment` is SQL for a timestamptz, `network` SQL for a network id, `box` SQL for a geometry in EPSG:4326 whose
    bounding box the rows must meet; the last two narrow both branches by their indexes.
    """
    columns, kept = _columns(table)
    present = [f"present.valid_from <= {moment}"]
    past = [
        f"change.table_name = '{table}'",
        "change.operation <> 'I'",
        f"change.valid_from <= {moment}",
        f"change.valid_to > {moment}",
    ]
    if network is not None:
        present.append(f"present.network_id = {network}")
        past.append(f"change.network_id = {network}")
    if box is not None:
        present.append(f"present.geom && {box}")
        past.append(f"change.before_geom && {box}")
    return (
        f"(SELECT {', '.join(f'present.{column}' for column in columns)} FROM public.{table} present "  # noqa: S608
        f"WHERE {' AND '.join(present)} "
        f"UNION ALL SELECT {', '.join(kept)} FROM {_CHANGES} change "
        f"CROSS JOIN LATERAL jsonb_populate_record(NULL::public.{table}, change.before) kept "
        f"WHERE {' AND '.join(past)})"
    )


@contextmanager
def reading_as_of(moment: datetime | None) -> Iterator[None]:
    """Queries inside, of the ORM and in SQL, read the tracked tables as they were at `moment`; None: as they are.

    Only reads: a statement that writes to a tracked table inside raises RuntimeError.
    """
    if moment is None:
        yield
        return
    instant = f"'{moment.astimezone(UTC).isoformat()}'::timestamptz"

    def read_the_past(
        execute: Callable[..., Any], sql: Any, parameters: Any, many: bool, context: dict[str, Any]
    ) -> Any:
        return execute(_in_the_past(str(sql), instant), parameters, many, context)

    with connection.execute_wrapper(read_the_past):
        yield


def _in_the_past(sql: str, instant: str) -> str:
    named = [table for table in tracked_tables() if re.search(rf"\b{table}\b", sql)]
    if not named:
        return sql
    head_match = _HEAD.match(sql)
    head, body = sql[: head_match.end()], sql[head_match.end() :]  # type: ignore[union-attr] # it matches nothing too
    target = _INTO.match(body)
    if target is not None and target[1].strip('"') in named:
        raise RuntimeError("the past is read, not written")
    made = _MAKING.match(body)
    if made is not None:
        head, body = head + made[0], body[made.end() :]
    tables = ", ".join(
        f"{table} AS NOT MATERIALIZED {rows_as_of_sql(table, moment=instant)}" for table in named
    )
    clause = _WITH.match(body)
    if clause is None:
        return f"{head}WITH {tables} {body}"
    return f"{head}WITH {clause[1] or ''}{tables}, {body[clause.end() :]}"


@cache
def _models() -> dict[str, type[Model]]:
    return {
        model._meta.db_table: model
        for model in apps.get_app_config("assets").get_models()
        if issubclass(model, Versioned)
    }


def tracked_tables() -> list[str]:
    """The tables whose history is kept."""
    return list(_models())


@cache
def _columns(table: str) -> tuple[list[str], list[str]]:
    """A table's columns, and how each is read from a kept state."""
    columns, kept = [], []
    for field in _models()[table]._meta.concrete_fields:
        name = field.column or field.name
        columns.append(name)
        if isinstance(field, GeneratedField):
            kept.append(_GENERATED[name])
        elif isinstance(field, GeometryField):
            kept.append("change.before_geom")
        else:
            kept.append(f'kept."{name}"')
    return columns, kept
