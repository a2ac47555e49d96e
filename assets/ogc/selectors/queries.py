"""Pages of features, single features and extents, built by PostGIS for the divisions of the viewer.

Pages go by key: the next page begins after the last row's id, so none is skipped or repeated whatever else changes, and
a page costs the same at any depth.
"""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.cache import cache
from django.db import DataError, InternalError, OperationalError, connection, transaction
from psycopg.errors import QueryCanceled
from shapely.geometry.base import BaseGeometry

from assets.ogc.selectors.collections import COLLECTIONS
from assets.ogc.selectors.definitions import CollectionDefinition, FeatureProperty, PropertyType, ValidTime
from assets.ogc.selectors.instants import TimeSpan, first_moment, last_day, last_moment
from assets.ogc.selectors.reference_systems import ReferenceSystem
from assets.ogc.selectors.spatial_literals import sql_of
from gis_core.access import Capability, NotVisible, Viewer, divisions_of, holds, is_unrestricted
from gis_core.answer_budget import AnswerTooLarge, budget_of_request
from gis_core.database.sql_fragments import Fragment, filled, joined
from gis_core.errors import ReportedError
from gis_core.models import Division

# So many features are written at once: of a long page no more is held.
WRITTEN_AT_ONCE = 500
# What stands before and behind them: counts and links.
_AROUND_FEATURES_BYTES = 16 * 1024
# What only adorns the answer may take this long, and is left out otherwise.
ADORNMENT_TIMEOUT_MS = 3_000
_CACHED_S = 24 * 3600
_TIMESTAMP_FORMAT = 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'


class TooExpensive(Exception):
    """The database gave up within the time allowed."""


@dataclass(frozen=True)
class VisibleCollection:
    """A collection for one viewer: `scope` is the condition of the rows they may see. All queries start from it."""

    definition: CollectionDefinition
    scope: Fragment

    def standing_conditions(self) -> list[Fragment]:
        """What the collection shows at all, and of that what the viewer may see."""
        condition = self.definition.condition
        return [Fragment(f"({condition})"), self.scope] if condition else [self.scope]


def collections_visible_to(viewer: Viewer) -> list[VisibleCollection]:
    """The collections of whose kind the viewer may see anything."""
    shown = [each for each in COLLECTIONS.values() if holds(viewer, each.capability)]
    scopes = {capability: _scope(viewer, capability) for capability in {each.capability for each in shown}}
    return [VisibleCollection(each, scopes[each.capability]) for each in shown]


def collection_visible_to(viewer: Viewer, collection_id: str) -> VisibleCollection:
    """One of them; raises NotVisible."""
    found = COLLECTIONS.get(collection_id)
    if found is None or not holds(viewer, found.capability):
        raise NotVisible("no such collection")
    return VisibleCollection(found, _scope(viewer, found.capability))


def _scope(viewer: Viewer, capability: Capability) -> Fragment:
    if is_unrestricted(viewer):
        return Fragment("TRUE")
    # As numbers in the statement, so that the planner knows how many rows they are.
    granted = sorted(divisions_of(viewer, capability).order_by().values_list("pk", flat=True))
    if len(granted) == Division.objects.count():
        return Fragment("TRUE")
    return Fragment("t.division_id = ANY (%s::bigint[])", (granted,))


@dataclass(frozen=True)
class ItemsQuery:
    """Which features, in which CRS. `conditions` are those of the filter and the property parameters."""

    visible: VisibleCollection
    system: ReferenceSystem
    limit: int
    after_id: int = 0
    box: BaseGeometry | None = None
    box_system: ReferenceSystem | None = None
    interval: TimeSpan | None = None
    conditions: tuple[Fragment, ...] = field(default=())


def page_timeout_ms() -> int:
    """A page that takes longer to find has a filter that no index helps and too much to look through."""
    return int(settings.OGC_PAGE_SECONDS * 1000)


@dataclass
class FeaturePage:
    """A page that is written piece by piece.

    `returned` counts what has been written; `next_after_id` is where the next page begins (None: this is the last). A
    page that would be more than an answer may be ends before: a client follows the link to the rest.
    """

    query: ItemsQuery
    ids: list[int]
    next_after_id: int | None
    returned: int = 0

    @property
    def is_long(self) -> bool:
        return len(self.ids) > WRITTEN_AT_ONCE

    def pieces(self) -> Iterator[bytes]:
        """The features as JSON with commas between, some hundred at a time; `returned` grows with each.

        Raises TooExpensive, and AnswerTooLarge where the first piece alone is more than an answer may be.
        """
        budget = budget_of_request()
        budget.take(size_bytes=_AROUND_FEATURES_BYTES)
        for begin in range(0, len(self.ids), WRITTEN_AT_ONCE):
            try:
                features, returned = _written(self.query, self.ids[begin : begin + WRITTEN_AT_ONCE])
                budget.take(entities=returned, size_bytes=len(features))
                budget.look_at_clock()
            except (AnswerTooLarge, TooExpensive):
                if begin == 0:
                    raise
                self.next_after_id = self.ids[begin - 1]
                return
            self.returned += returned
            if features:
                yield features


def page_of(query: ItemsQuery) -> FeaturePage:
    """The page, found but not written; raises TooExpensive, and ReportedError when the filter cannot be computed."""
    collection = query.visible.definition
    inner = joined(" AND ", [Fragment("t.id > %s", (query.after_id,)), *_conditions(query)])
    source = collection.from_clause(collection.table, {*collection.required_joins, *inner.aliases})
    with _guarded(page_timeout_ms()) as cursor:
        cursor.execute(
            f"SELECT t.id {source} WHERE {inner.text} ORDER BY t.id LIMIT %s",
            [*inner.parameters, query.limit + 1],
        )
        ids = [row[0] for row in cursor.fetchall()]
    if len(ids) > query.limit:
        return FeaturePage(query, ids[: query.limit], ids[query.limit - 1])
    return FeaturePage(query, ids, None)


def _written(query: ItemsQuery, ids: list[int]) -> tuple[bytes, int]:
    """Features of these ids, and how many there still are: what the viewer may see is asked again."""
    collection = query.visible.definition
    conditions = joined(" AND ", [Fragment("t.id = ANY (%s)", (ids,)), *query.visible.standing_conditions()])
    source = collection.from_clause(collection.table, {*collection.all_aliases(), *conditions.aliases})
    text = f"""
        SELECT coalesce(string_agg(feature, ',' ORDER BY id), ''), count(*)
          FROM (SELECT t.id, {_feature_sql(collection, query.system)} AS feature
                  {source} WHERE {conditions.text}) written"""  # noqa: S608 - our own declarations; values are bound
    with _guarded(page_timeout_ms()) as cursor:
        cursor.execute(text, conditions.parameters)
        features, returned = cursor.fetchone()
    return features.encode(), returned


def feature_of(visible: VisibleCollection, uid: UUID, system: ReferenceSystem) -> str:
    """One feature as JSON text; raises NotVisible."""
    collection = visible.definition
    conditions = joined(" AND ", [Fragment("t.uid = %s", (uid,)), *visible.standing_conditions()])
    source = collection.from_clause(collection.table, {*collection.all_aliases(), *conditions.aliases})
    with _guarded(page_timeout_ms()) as cursor:
        cursor.execute(
            f"SELECT {_feature_sql(collection, system)} {source} WHERE {conditions.text}",
            conditions.parameters,
        )
        row = cursor.fetchone()
    if row is None:
        raise NotVisible("no such feature")
    return str(row[0])


def number_matched(query: ItemsQuery) -> int | None:
    """How many features the query's conditions match in all; None when counting would take too long."""
    if not _chosen(query):
        kept = _kept_number(query.visible)
        if kept is not None:
            return kept
    conditions = joined(" AND ", _conditions(query))
    collection = query.visible.definition
    source = collection.from_clause(collection.table, {*collection.required_joins, *conditions.aliases})
    row = _unchanging_row(f"SELECT count(*) {source} WHERE {conditions.text}", conditions.parameters)
    return None if row is None else int(row[0])


# Whole collections whose numbers the database keeps (sql/feature_counts.sql), by table and condition: part and facet.
_COUNTED = {
    ("assets_node", ""): ("node", ""),
    ("assets_pipe", "NOT t.is_connector"): ("pipe", "pipe"),
    ("assets_pipe", "t.is_connector"): ("pipe", "connector"),
    ("assets_parcel", ""): ("parcel", ""),
    ("assets_building", ""): ("building", ""),
}


def _kept_number(visible: VisibleCollection) -> int | None:
    """How many features there are in the viewer's divisions, without looking at them; None where none are counted."""
    collection, scope = visible.definition, visible.scope
    counted = _COUNTED.get((collection.table, collection.condition))
    if counted is None or collection.required_joins:
        return None
    parameters: list[Any] = [*counted, *scope.parameters]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(sum(t.number), 0)::bigint FROM assets_featurecount t "  # noqa: S608 - our own scope
            f"WHERE t.part = %s AND t.facet = %s AND {scope.text}",
            parameters,
        )
        return int(cursor.fetchone()[0])


@dataclass(frozen=True)
class CollectionExtent:
    """West, south, east and north in degrees, and the first and last time (None: open or unknown)."""

    box: tuple[float, float, float, float] | None
    has_times: bool
    start: str | None
    end: str | None


def extent_of(visible: VisibleCollection) -> CollectionExtent | None:
    """The extent of what the viewer may see of a collection; None when finding out would take too long."""
    collection = visible.definition
    conditions = joined(" AND ", visible.standing_conditions())
    source = collection.from_clause(
        collection.table, {*collection.required_joins, *collection.geometry_joins, *conditions.aliases}
    )
    box = f"ST_Extent({collection.geometry_sql})"
    times = "NULL, NULL, FALSE"
    valid_time = collection.valid_time
    if valid_time is not None:
        end = valid_time.end_sql or valid_time.start_sql
        is_open = f"bool_or({end} IS NULL)" if valid_time.end_sql else "FALSE"
        start_text = _instant_text(f"min({valid_time.start_sql})", valid_time.kind)
        times = f"{start_text}, {_instant_text(f'max({end})', valid_time.kind)}, {is_open}"
    row = _unchanging_row(
        f"SELECT ST_XMin({box}), ST_YMin({box}), ST_XMax({box}), ST_YMax({box}), {times} {source} "
        f"WHERE {conditions.text}",
        conditions.parameters,
    )
    if row is None:
        return None
    west, south, east, north, first, last, is_open_ended = row
    return CollectionExtent(
        box=None if west is None else (west, south, east, north),
        has_times=first is not None,
        start=first,
        end=None if is_open_ended else last,
    )


# --- conditions ---


def _conditions(query: ItemsQuery) -> list[Fragment]:
    return [*query.visible.standing_conditions(), *_chosen(query)]


def _chosen(query: ItemsQuery) -> list[Fragment]:
    """What the request itself asks for, beside what the collection shows at all."""
    return [*_box_condition(query), *_time_condition(query), *query.conditions]


def _box_condition(query: ItemsQuery) -> list[Fragment]:
    if query.box is None:
        return []
    collection = query.visible.definition
    box = sql_of(query.box, query.box_system or query.system, is_box=True)
    within = filled(f"ST_Intersects({collection.geometry_sql}, {{}})", box)
    if collection.is_geometry_null:
        # A feature that has no geometry matches every box (Part 1, /req/core/fc-bbox-response).
        within = filled(f"(({collection.geometry_sql}) IS NULL OR {{}})", within)
    return [Fragment(within.text, within.parameters, frozenset(collection.geometry_joins))]


def _time_condition(query: ItemsQuery) -> list[Fragment]:
    """Features whose time meets the interval; those that have none match too (/req/core/fc-time-response)."""
    valid_time, interval = query.visible.definition.valid_time, query.interval
    if valid_time is None or interval is None:
        return []
    type_name = "date" if valid_time.kind is PropertyType.DATE else "timestamptz"
    conditions = []
    if interval.end is not None:
        latest = _in_kind(interval.end, valid_time, is_end=True)
        conditions.append(Fragment(f"{valid_time.start_sql} <= %s::{type_name}", (latest,)))
    if interval.start is not None:
        earliest = _in_kind(interval.start, valid_time, is_end=False)
        end = valid_time.end_sql or valid_time.start_sql
        open_ended = f"{end} IS NULL OR " if valid_time.end_sql else ""
        conditions.append(Fragment(f"({open_ended}{end} >= %s::{type_name})", (earliest,)))
    within = joined(" AND ", conditions)
    if valid_time.is_start_null:
        return [filled(f"({valid_time.start_sql} IS NULL OR {{}})", within)]
    return [within]


def _in_kind(value: date | datetime, valid_time: ValidTime, *, is_end: bool) -> date | datetime:
    if valid_time.kind is PropertyType.TIMESTAMP:
        return last_moment(value) if is_end else first_moment(value)
    return last_day(value) if isinstance(value, datetime) else value


# --- what is written ---


def _feature_sql(collection: CollectionDefinition, system: ReferenceSystem) -> str:
    """One feature's GeoJSON as an SQL text expression."""
    geometry = f"({collection.geometry_sql})"
    if system.srid != 4326:
        geometry = f"ST_Transform({geometry}, {system.srid})"
    if system.is_northing_first:
        geometry = f"ST_FlipCoordinates({geometry})"
    members = ", ".join(f"'{each.name}', {_json_value(each)}" for each in collection.properties)
    return (
        """'{"type":"Feature","id":"' || t.uid || '","geometry":' || """
        f"coalesce(ST_AsGeoJSON({geometry}, {system.digits}, 0), 'null') || "
        f"""',"properties":' || json_build_object({members})::text || '}}'"""
    )


def _json_value(described: FeatureProperty) -> str:
    if described.kind is PropertyType.TIMESTAMP:
        return _instant_text(described.sql, described.kind)
    # Numbers are written with a decimal place even when they are whole: clients guess a column's type from the first
    # page, and one that looked whole would lose the decimals of the next.
    if described.digits is not None:
        return described.rounded_sql
    if described.kind is PropertyType.NUMBER:
        number = f"({described.sql})"
        whole = f"to_json(round({number}::numeric, 1))"
        return f"CASE WHEN {number} = trunc({number}) THEN {whole} ELSE to_json({number}) END"
    return described.sql


def _instant_text(sql: str, kind: PropertyType) -> str:
    if kind is PropertyType.TIMESTAMP:
        return f"to_char({sql} AT TIME ZONE 'UTC', '{_TIMESTAMP_FORMAT}')"
    return f"({sql})::text"


# --- the database ---


@contextmanager
def _guarded(timeout_ms: int) -> Iterator[Any]:
    """A cursor whose statements end in time, and whose failures over what a client sent are ReportedErrors."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL statement_timeout = {timeout_ms}")
            yield cursor
            cursor.execute("SET LOCAL statement_timeout = DEFAULT")
    except OperationalError as error:
        if isinstance(error.__cause__, QueryCanceled):
            raise TooExpensive from None
        raise
    except (DataError, InternalError) as error:
        reason = str(error).splitlines()[0].strip()
        raise ReportedError(
            f"The filter cannot be computed: {reason}.", code="InvalidParameterValue"
        ) from None


def _unchanging_row(statement: str, parameters: tuple[object, ...]) -> tuple[Any, ...] | None:
    """The one row of a statement, kept as long as the database has not changed; None when it takes too long.

    What a statement sees is named exactly by the database's snapshot (transactions begun, ended and in progress):
    the same snapshot is the same rows. Within a transaction that has written, nothing is kept.
    """
    try:
        with _guarded(ADORNMENT_TIMEOUT_MS) as cursor:
            cursor.execute("SELECT pg_current_snapshot()::text, pg_current_xact_id_if_assigned() IS NULL")
            snapshot, is_reading = cursor.fetchone()
            described = json.dumps([connection.settings_dict["NAME"], statement, parameters], default=str)
            key = "ogc-" + hashlib.sha256(described.encode()).hexdigest()
            known = cache.get(key) if is_reading else None
            if known is not None and known[0] == snapshot:
                return tuple(known[1])
            cursor.execute(statement, parameters)
            row = tuple(cursor.fetchone())
            if is_reading:
                # Under READ COMMITTED the statement may have seen more than the snapshot before it; then the next
                # request's snapshot differs, too, and the row is not taken for it.
                cache.set(key, (snapshot, row), _CACHED_S)
            return row
    except TooExpensive:
        return None
