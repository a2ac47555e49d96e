"""Reading observations: pages by time out of series of any length, without reading what is not shown.

The order by phenomenonTime is the usual one. A page of it is found by looking at ever longer spans of time, from
the end where the page begins; the first span is as long as it takes to hold as many values as are wanted. Any other
order reads the whole span that the filter leaves.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

import orjson
from django.db import connection

from gis_core.database.sql_fragments import Fragment, bound, filled, joined
from sensors.sensorthings.selectors.documents import (
    column_values,
    observation_id,
    plain_number,
    written_instant,
)
from sensors.sensorthings.selectors.expressions import Compiler, filter_condition, order_term
from sensors.sensorthings.selectors.grammar import Binary, Call, Literal, Node, Path, TimeInterval, conjuncts
from sensors.sensorthings.selectors.joins import Joins
from sensors.sensorthings.selectors.observation_rows import observation_rows
from sensors.sensorthings.selectors.options import QueryOptions
from sensors.sensorthings.selectors.schema import OBSERVATION, EntityType, Navigation
from sensors.sensorthings.selectors.scope import Scope

Row = dict[str, Any]
_MICROSECOND = timedelta(microseconds=1)
_FIRST = datetime(1, 1, 2, tzinfo=UTC)
_LAST = datetime(9999, 12, 30, tzinfo=UTC)
# How many times longer the next span is.
_GROWTH = 8
_VALUES_IN_A_BLOCK = 256
_MOST_ASKED = 20
_SHORTEST = timedelta(minutes=1)
_LONGEST = _LAST - _FIRST


@dataclass
class ObservationPage:
    """Rows of a set, whether there are more after them, and how many there are in all if that was asked for."""

    rows: list[Row] = field(default_factory=list)
    has_more: bool = False
    count: int | None = None


@dataclass
class _ReadSpan:
    """What is still to be looked at for one parent: [since, until), beginning with `width` of it."""

    since: datetime
    until: datetime
    width: timedelta
    wanted: int
    skip: int
    # Rows that the database passes over in the next reading.
    offset: int = 0
    rows: list[Row] = field(default_factory=list)

    @property
    def is_done(self) -> bool:
        return self.since >= self.until or len(self.rows) >= self.wanted


def page(
    scope: Scope, options: QueryOptions, parent: tuple[EntityType, Any, Navigation] | None
) -> ObservationPage:
    """A page of the observations of a datastream, a multi-datastream, a feature, or of all that the viewer may see."""
    entity, entity_id, _way = parent or (None, 0, None)
    pages = _Reading(scope, entity, options).pages([entity_id], options.page_size)
    # One page holds no more than its size.
    assert pages is not None
    return pages[entity_id]


def of_parents(
    scope: Scope, entity: EntityType, ids: Sequence[int], options: QueryOptions, *, most: int
) -> dict[Any, ObservationPage] | None:
    """Such a page for each parent; None when they hold more than `most` observations, of which not many more are read.

    How many queries that takes does not depend on how many parents there are, unless they could hold more than `most`.
    """
    return _Reading(scope, entity, options).pages(list(ids), most)


def one(scope: Scope, entity_id: str) -> Row | None:
    """An observation by its id; None where there is none for this viewer."""
    return _Reading(scope, None, QueryOptions()).one(entity_id)


class _Reading:
    def __init__(self, scope: Scope, entity: EntityType | None, options: QueryOptions) -> None:
        self._scope = scope
        self._entity = entity
        self._options = options
        self._since, self._until = time_bounds(options.filter)
        self._joins = Joins(scope, "e")
        self._compiler = Compiler(scope, OBSERVATION, "e", self._joins)
        self._condition = self._filter()
        self._order = self._order_terms()
        self._direction = _time_direction(options)

    # --- what to read ---

    def pages(self, ids: list[int], most: int) -> dict[Any, ObservationPage] | None:
        wanted = self._options.page_size
        spans = self._spans(ids, wanted + 1)
        whole = {key: (span.since, span.until) for key, span in spans.items()}
        if self._options.skip and self._direction and len(spans) == 1:
            self._skip_ahead(*next(iter(spans.items())))
        # As many parents at once as cannot bring more than may be kept, and one of each says whether there is more.
        at_once = max(1, most // (wanted + 1 + self._options.skip))
        while waiting := {key: span for key, span in spans.items() if not span.is_done}:
            self._read_once(dict(islice(waiting.items(), at_once)))
            if sum(min(len(span.rows) - span.skip, wanted) for span in spans.values()) > most:
                return None
        counts = self._counts(whole) if self._options.count else {}
        made = {}
        for key, span in spans.items():
            rows = span.rows[span.skip :]
            count = counts.get(key, 0) if self._options.count else None
            made[key] = ObservationPage(rows[:wanted], len(rows) > wanted, count)
        return made

    def one(self, entity_id: str) -> Row | None:
        rich = self._rich_of(entity_id)
        if rich is not None:
            return rich
        place = series_place(entity_id)
        if place is None:
            return None
        stream, time = place
        streams, _multis = self._visible_streams([stream])
        if not streams:
            return None
        rows = self._rows(
            {0: (time, time + _MICROSECOND)},
            limit=10,
            offset=0,
            streams=streams,
            multi_streams=[],
            plain=True,
        )
        return next((row for _key, row in rows if row["rich_id"] is None), None)

    def _rich_of(self, entity_id: str) -> Row | None:
        if entity_id[:1] == "r" and entity_id[1:].isdigit() and entity_id.isascii() and len(entity_id) < 19:
            condition, value = "id = %s AND sta_id IS NULL", entity_id[1:]
        else:
            condition, value = "sta_id = %s", entity_id
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT phenomenon_start, datastream_id, multi_datastream_id, id FROM sensors_richobservation "  # noqa: S608
                f"WHERE deleted_at IS NULL AND {condition}",
                [value],
            )
            found = cursor.fetchone()
        if found is None:
            return None
        start, stream, multi, rich_id = found
        streams, multis = self._visible_streams([stream] if stream else [], [multi] if multi else [])
        if not streams and not multis:
            return None
        rows = self._rows(
            {0: (start, start + _MICROSECOND)},
            limit=10_000,
            offset=0,
            streams=streams,
            multi_streams=multis,
            plain=True,
            rich_id=rich_id,
        )
        return next((row for _key, row in rows), None)

    # --- spans ---

    def _spans(self, ids: list[int], wanted: int) -> dict[int, _ReadSpan]:
        spans = {}
        for key, (first, last) in self._extents(ids).items():
            if first is None or last is None:
                spans[key] = _ReadSpan(_FIRST, _FIRST, _SHORTEST, 0, 0)
                continue
            since, until = max(first, self._since), min(last + _MICROSECOND, self._until)
            spans[key] = _ReadSpan(since, until, _LONGEST, wanted + self._options.skip, self._options.skip)
        if self._direction:
            self._set_widths({key: span for key, span in spans.items() if span.since < span.until})
        return spans

    def _set_widths(self, spans: dict[int, _ReadSpan]) -> None:
        """Let each parent's first span hold as many numbers as are wanted, by looking for the last of them.

        Where there are too few, the first span is all of it. Of a set of many series, those that reach furthest to
        the page's end are asked: as many as are wanted of one are as many as are wanted of all.
        """
        if not spans:
            return
        order, edge = ("DESC", "greatest") if self._direction == "desc" else ("ASC", "least")
        far = "min" if self._direction == "desc" else "max"
        wanted = max(span.wanted for span in spans.values())
        statement = filled(
            "SELECT parent.id, (SELECT "  # noqa: S608
            f"{'max' if self._direction == 'desc' else 'min'}({edge}(plain.time, packed.first_time)) FROM {{}} "
            "CROSS JOIN LATERAL (SELECT (SELECT observation.time FROM sensors_observation observation "
            "WHERE observation.datastream_id = series.id AND observation.time >= parent.since "
            f"AND observation.time < parent.until ORDER BY observation.time {order} OFFSET {{}} LIMIT 1) AS time) "
            f"plain "
            "CROSS JOIN LATERAL (SELECT (SELECT "
            f"{'block.first_time' if far == 'min' else 'block.last_time'} FROM sensors_packedobservation block "
            "WHERE block.datastream_id = series.id AND block.first_time < parent.until "
            "AND block.last_time >= parent.since AND block.first_time >= parent.since - interval '32 days' "
            f"ORDER BY block.first_time {order} OFFSET {{}} LIMIT 1) AS first_time) packed) "
            "FROM unnest({}::bigint[], {}::timestamptz[], {}::timestamptz[]) parent (id, since, until)",
            self._asked_series(),
            bound(wanted),
            bound(wanted // _VALUES_IN_A_BLOCK + 2),
            bound(list(spans)),
            bound([span.since for span in spans.values()]),
            bound([span.until for span in spans.values()]),
        )
        for key, edge_time in self._queried(statement.text, list(statement.parameters)):
            span = spans[key]
            if edge_time is not None:
                reach = span.until - edge_time if self._direction == "desc" else edge_time - span.since
                span.width = max(_SHORTEST, reach + _MICROSECOND)

    def _asked_series(self) -> Fragment:
        """The series whose values say how long the first span is, as a FROM item `series (id)`."""
        if self._entity is not None and self._entity.name == "Datastream":
            return Fragment("(SELECT parent.id) series (id)")
        order = "time DESC" if self._direction == "desc" else "first_time"
        if self._entity is None:
            return Fragment(
                "(SELECT latest.datastream_id FROM sensors_latestobservation latest "  # noqa: S608
                f"WHERE latest.datastream_id = ANY (%s) ORDER BY latest.{order} LIMIT {_MOST_ASKED}) series (id)",
                (self._streams,),
            )
        condition = "stream.feature_id = parent.id" if self._entity.name == "FeatureOfInterest" else "false"
        return Fragment(
            "(SELECT stream.id FROM sensors_datastream stream JOIN sensors_latestobservation latest "  # noqa: S608
            f"ON latest.datastream_id = stream.id WHERE {condition} ORDER BY latest.{order} "
            f"LIMIT {_MOST_ASKED}) series (id)"
        )

    def _extents(self, ids: list[int]) -> dict[int, tuple[Any, Any]]:
        """First and last instant of each parent's observations; nulls where it has none."""
        if self._entity is None:
            self._streams, self._multis = self._visible_streams()
            extents = self._queried(
                "SELECT 0, min(first_time), max(time) FROM (SELECT latest.first_time, latest.time "
                "FROM sensors_latestobservation latest WHERE latest.datastream_id = ANY (%s) "
                "UNION ALL SELECT min(phenomenon_start), max(phenomenon_start) FROM sensors_richobservation "
                "WHERE deleted_at IS NULL AND (datastream_id = ANY (%s) OR multi_datastream_id = ANY (%s))) both_kinds",
                [self._streams, self._streams, self._multis],
            )
        else:
            column = {
                "Datastream": "rich.datastream_id",
                "MultiDatastream": "rich.multi_datastream_id",
                "FeatureOfInterest": "coalesce(rich.feature_id, of.feature_id)",
            }[self._entity.name]
            series = {"Datastream": "stream.id", "FeatureOfInterest": "stream.feature_id"}.get(
                self._entity.name, "NULL::bigint"
            )
            extents = self._queried(
                "SELECT id, min(first_time), max(last_time) FROM ("  # noqa: S608
                f"SELECT {series} AS id, latest.first_time, latest.time AS last_time "
                "FROM sensors_latestobservation latest JOIN sensors_datastream stream "
                f"ON stream.id = latest.datastream_id WHERE {series} = ANY (%s) AND stream.deleted_at IS NULL UNION "
                f"ALL "
                f"SELECT {column}, min(rich.phenomenon_start), max(rich.phenomenon_start) "
                "FROM sensors_richobservation rich LEFT JOIN sensors_datastream of ON of.id = rich.datastream_id "
                f"WHERE rich.deleted_at IS NULL AND {column} = ANY (%s) GROUP BY 1) both_kinds GROUP BY 1",
                [ids, ids],
            )
        found = {key: (first, last) for key, first, last in extents}
        return {key: found.get(key, (None, None)) for key in ids}

    def _visible_streams(
        self, only: list[int] | None = None, only_multi: list[int] | None = None
    ) -> tuple[list[int], list[int]]:
        """Ids of the datastreams and multi-datastreams that the viewer may see, or those among the ones given."""
        found = []
        for table, given in (("sensors_datastream", only), ("sensors_multidatastream", only_multi)):
            conditions = [Fragment("e.deleted_at IS NULL"), self._scope.of_division("e")]
            if only is not None or only_multi is not None:
                conditions.append(Fragment("e.id = ANY (%s)", (given or [],)))
            elif table == "sensors_datastream":
                conditions += self._stream_conditions()
            statement = filled(f"SELECT e.id FROM {table} e WHERE {{}}", joined(" AND ", conditions))  # noqa: S608
            found.append([row[0] for row in self._queried(statement.text, list(statement.parameters))])
        return found[0], found[1]

    def _stream_conditions(self) -> list[Fragment]:
        """What the filter says of the datastream's id alone: then the others need not be looked at."""
        made = []
        for node in conjuncts(self._options.filter) if self._options.filter else []:
            if (
                isinstance(node, Binary)
                and node.operator == "eq"
                and isinstance(node.left, Path)
                and isinstance(node.right, Literal)
            ):
                if node.left.steps in {("Datastream", "id"), ("Datastream", "@iot.id")} and isinstance(
                    node.right.value, int
                ):
                    made.append(Fragment("e.id = %s", (node.right.value,)))
                place = series_place(node.right.value) if node.left.steps in {("id",), ("@iot.id",)} else None
                if place is not None:
                    made.append(Fragment("e.id = %s", (place[0],)))
        return made

    def _skip_ahead(self, key: int, span: _ReadSpan) -> None:
        """Leave out spans that lie wholly in what is to be skipped, by counting them."""
        while span.skip > 0 and span.since < span.until:
            since, until = self._next_span(span)
            count = self._counts({key: (since, until)})[key]
            if count > span.skip:
                span.offset, span.wanted, span.skip = span.skip, span.wanted - span.skip, 0
                return
            span.skip -= count
            span.wanted -= count
            self._advance(span, since, until)

    def _next_span(self, span: _ReadSpan) -> tuple[datetime, datetime]:
        if self._direction == "desc":
            return max(span.since, span.until - min(span.width, span.until - _FIRST)), span.until
        return span.since, min(span.until, span.since + min(span.width, _LAST - span.since))

    def _advance(self, span: _ReadSpan, since: datetime, until: datetime) -> None:
        if self._direction == "desc":
            span.until = since
        else:
            span.since = until
        span.width = min(span.width * _GROWTH, _LONGEST)

    def _read_once(self, waiting: dict[int, _ReadSpan]) -> None:
        parts = {
            key: self._next_span(span) if self._direction else (span.since, span.until)
            for key, span in waiting.items()
        }
        limit = max(span.wanted - len(span.rows) for span in waiting.values())
        offset = max(span.offset for span in waiting.values())
        for key, row in self._rows(parts, limit=limit, offset=offset):
            waiting[key].rows.append(row)
        for key, span in waiting.items():
            self._advance(span, *parts[key])
            span.offset = 0
            if not self._direction:
                span.since = span.until

    # --- SQL ---

    def _filter(self) -> Fragment:
        if self._options.filter is None:
            return Fragment("true")
        return filter_condition(
            self._scope, OBSERVATION, "e", self._options.filter, self._compiler, self._joins
        )

    def _order_terms(self) -> Fragment:
        terms = [order_term(self._compiler, term.tree, term.is_descending) for term in self._options.orderby]
        if not terms:
            terms = [Fragment("e.phenomenon_start")]
        # Series come before rich ones of the same instant; each is there once.
        last = Fragment("e.datastream_id, e.multi_datastream_id, e.phenomenon_start, e.rich_id NULLS FIRST")
        return joined(", ", [*terms, last])

    def _source(
        self,
        parts: dict[int, tuple[datetime, datetime]],
        streams: list[int] | None = None,
        multi_streams: list[int] | None = None,
    ) -> tuple[Fragment, Fragment]:
        """The parents with their spans, and the observations of each."""
        parents = filled(
            "unnest({}::bigint[], {}::timestamptz[], {}::timestamptz[]) parent (id, since, until)",
            bound(list(parts)),
            bound([since for since, _until in parts.values()]),
            bound([until for _since, until in parts.values()]),
        )
        if streams is None and self._entity is None:
            streams, multi_streams = self._streams, self._multis
        rows = observation_rows(
            self._scope,
            self._entity.name if self._entity else "",
            "parent",
            since=Fragment("parent.since"),
            until=Fragment("parent.until"),
            streams=Fragment("%s::bigint[]", (streams or [],)),
            multi_streams=Fragment("%s::bigint[]", (multi_streams or [],)),
        )
        return parents, rows

    def _rows(
        self,
        parts: dict[int, tuple[datetime, datetime]],
        *,
        limit: int,
        offset: int,
        streams: list[int] | None = None,
        multi_streams: list[int] | None = None,
        plain: bool = False,
        rich_id: int | None = None,
    ) -> list[tuple[int, Row]]:
        """Rows of each part in order, at most `limit` of each; `plain` without filter."""
        parents, rows = self._source(parts, streams, multi_streams)
        condition = Fragment("true") if plain else self._condition
        if rich_id is not None:
            condition = Fragment("e.rich_id = %s", (rich_id,))
        statement = filled(
            "SELECT parent.id, e.* FROM {} CROSS JOIN LATERAL ("
            "SELECT e.datastream_id, e.multi_datastream_id, e.feature_id, e.rich_id, e.sta_id, e.value, "
            "e.phenomenon_start, e.phenomenon_end, e.result_time, e.result, e.result_quality, e.valid_start, "
            "e.valid_end, e.parameters FROM ({}) e {} WHERE {} ORDER BY {} LIMIT {} OFFSET {}) e",
            parents,
            rows,
            self._joins.clause(),
            condition,
            self._order,
            bound(limit),
            bound(offset),
        )
        return [(row[0], _values(row)) for row in self._queried(statement.text, list(statement.parameters))]

    def _counts(self, parts: dict[int, tuple[datetime, datetime]]) -> dict[int, int]:
        parents, rows = self._source(parts)
        statement = filled(
            "SELECT parent.id, counted.count FROM {} CROSS JOIN LATERAL ("
            "SELECT count(*) AS count FROM ({}) e {} WHERE {}) counted",
            parents,
            rows,
            self._joins.clause(),
            self._condition,
        )
        return dict(self._queried(statement.text, list(statement.parameters)))

    def _queried(self, text: str, parameters: list[Any]) -> list[Any]:
        with connection.cursor() as cursor:
            cursor.execute(text, parameters)
            return cursor.fetchall()


def series_place(entity_id: Any) -> tuple[int, datetime] | None:
    """Datastream and instant of the id of a number of a series; None where it has not that form."""
    if not isinstance(entity_id, str) or not entity_id.isascii():
        return None
    stream, underscore, microseconds = entity_id.partition("_")
    digits = microseconds.removeprefix("-")
    if not (underscore and stream.isdigit() and digits.isdigit() and len(stream) < 19 and len(digits) < 18):
        return None
    try:
        time = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=int(microseconds))
    except OverflowError:
        return None
    # An id is written in one way only.
    return (int(stream), time) if observation_id(int(stream), time) == entity_id else None


def _time_direction(options: QueryOptions) -> str:
    """'asc' or 'desc' where the rows are wanted by their phenomenon's start, '' for another order."""
    if not options.orderby:
        return "asc"
    first = options.orderby[0]
    if isinstance(first.tree, Path) and first.tree.steps == ("phenomenonTime",):
        return "desc" if first.is_descending else "asc"
    return ""


def time_bounds(tree: Node | None) -> tuple[datetime, datetime]:
    """The span outside of which no observation that starts there can fulfil the filter: [since, until)."""
    since, until = _FIRST, _LAST
    for node in conjuncts(tree) if tree is not None else []:
        if isinstance(node, Binary) and node.operator in {"gt", "ge", "lt", "le", "eq"}:
            low, high = _compared_bounds(node)
        elif isinstance(node, Call) and node.name == "during" and len(node.arguments) == 2:
            low, high = _during_bounds(node)
        else:
            continue
        since, until = max(since, low), min(until, high)
    return since, until


def _compared_bounds(node: Binary) -> tuple[datetime, datetime]:
    """The span in which observations that fulfil a comparison with a constant must start.

    An interval that starts before an instant may end at it, so `lt` and `le` bound the start from above; `gt`
    and `ge` bound it from below, since whatever starts earlier does not lie after.
    """
    mirrored = {"gt": "lt", "lt": "gt", "ge": "le", "le": "ge", "eq": "eq"}
    for path, constant, operator in (
        (node.left, node.right, node.operator),
        (node.right, node.left, mirrored[node.operator]),
    ):
        if isinstance(path, Path) and path.steps == ("phenomenonTime",) and isinstance(constant, Literal):
            if isinstance(constant.value, TimeInterval):
                start, end = constant.value.start, constant.value.end
            elif isinstance(constant.value, datetime):
                start = end = constant.value
            else:
                break
            low = {"gt": end, "ge": start, "eq": start}.get(operator, _FIRST)
            high = {"lt": start, "le": start, "eq": start}.get(operator)
            return low, (high + _MICROSECOND if high is not None and high < _LAST else _LAST)
    return _FIRST, _LAST


def _during_bounds(node: Call) -> tuple[datetime, datetime]:
    left, right = node.arguments
    if (
        isinstance(left, Path)
        and left.steps == ("phenomenonTime",)
        and isinstance(right, Literal)
        and isinstance(right.value, TimeInterval)
    ):
        return right.value.start, min(right.value.end + _MICROSECOND, _LAST)
    return _FIRST, _LAST


def _values(row: Sequence[Any]) -> Row:
    """The values of an observation's properties, with its keys."""
    stream, multi, feature, rich_id, sta_id, value, start, end, result_time, result, *rest = row[1:]
    quality, valid_start, valid_end, parameters = rest
    entity_id = observation_id(stream, start) if rich_id is None else sta_id or f"r{rich_id}"
    values = column_values(
        OBSERVATION,
        [entity_id, start, end, result_time, None, quality, valid_start, valid_end, parameters],
    )
    if end is None:
        values["phenomenonTime"] = written_instant(start)
    values["result"] = plain_number(value) if rich_id is None else _passed(result)
    values |= {
        "datastream_id": stream,
        "multi_datastream_id": multi,
        "feature_id": feature,
        "rich_id": rich_id,
        "start": start,
    }
    return values


def _passed(json_text: str | None) -> Any:
    return None if json_text is None else orjson.Fragment(json_text)
