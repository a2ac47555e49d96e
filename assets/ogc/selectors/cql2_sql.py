"""CQL2 expressions as SQL conditions over a collection.

Every name is looked up among the collection's properties, every literal becomes a bound parameter, and every operand's
type is checked, so that what reaches the database is ours. The meaning is that of OGC 21-065r2; dates are days in UTC.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from assets.ogc.selectors.cql2_reading import Expression, bad_filter
from assets.ogc.selectors.definitions import CollectionDefinition, PropertyType
from assets.ogc.selectors.instants import OPEN, first_moment, instant_of, last_moment
from assets.ogc.selectors.reference_systems import ReferenceSystem
from assets.ogc.selectors.spatial_literals import box_of_numbers, geometry_of_geojson, sql_of
from gis_core.database.sql_fragments import Fragment, filled, joined

MAXIMUM_DEPTH = 100
MAXIMUM_LISTED = 1000
_COMPARISONS = frozenset({"=", "<>", "<", ">", "<=", ">="})
_ARITHMETIC = {
    "+": "({} + {})",
    "-": "({} - {})",
    "*": "({} * {})",
    # Division by zero gives null, which no comparison holds for.
    "/": "({} / nullif({}, 0))",
    "div": "trunc({} / nullif({}, 0))",
    "%": "mod(({})::numeric, nullif(({})::numeric, 0))::float8",
    "^": "power({}, {})",
}
_SPATIAL = {
    "s_intersects": "ST_Intersects({}, {})",
    "s_disjoint": "NOT ST_Intersects({}, {})",
    "s_equals": "ST_Equals({}, {})",
    "s_touches": "ST_Touches({}, {})",
    "s_crosses": "ST_Crosses({}, {})",
    "s_within": "ST_Within({}, {})",
    "s_contains": "ST_Contains({}, {})",
    "s_overlaps": "ST_Overlaps({}, {})",
}
# By the ends of both operands: a, b of the first and c, d of the second.
_TEMPORAL_OF_ANY = {
    "t_after": "{a} > {d}",
    "t_before": "{b} < {c}",
    "t_disjoint": "({b} < {c} OR {a} > {d})",
    "t_equals": "({a} = {c} AND {b} = {d})",
    "t_intersects": "({a} <= {d} AND {b} >= {c})",
}
_TEMPORAL_OF_INTERVALS = {
    "t_contains": "({a} < {c} AND {b} > {d})",
    "t_during": "({a} > {c} AND {b} < {d})",
    "t_finishedby": "({a} < {c} AND {b} = {d})",
    "t_finishes": "({a} > {c} AND {b} = {d})",
    "t_meets": "{b} = {c}",
    "t_metby": "{a} = {d}",
    "t_overlappedby": "({a} > {c} AND {a} < {d} AND {b} > {d})",
    "t_overlaps": "({a} < {c} AND {b} > {c} AND {b} < {d})",
    "t_startedby": "({a} = {c} AND {b} > {d})",
    "t_starts": "({a} = {c} AND {b} < {d})",
}
_TEMPORAL = {**_TEMPORAL_OF_ANY, **_TEMPORAL_OF_INTERVALS}
_GEOMETRIES = frozenset(
    {"Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon", "GeometryCollection"}
)
_INSTANTS = frozenset({PropertyType.DATE, PropertyType.TIMESTAMP})
_START_OF_DAY = "(({})::timestamp AT TIME ZONE 'UTC')"
_END_OF_DAY = "((({}) + 1)::timestamp AT TIME ZONE 'UTC' - interval '1 microsecond')"
# Full case folding (Unicode) differs from small letters in these, among those that occur in names.
_CASE_FOLDED = "replace(replace(lower({}), 'ß', 'ss'), 'ς', 'σ')"
# Without its combining marks; these letters have none to take away.
_WITHOUT_ACCENTS = (
    "translate(regexp_replace(normalize({}, NFD), '[\u0300-\u036f]', '', 'g'), 'øØłŁđĐħĦıŧŦ', 'oOlLdDhHitT')"
)


@dataclass(frozen=True)
class _Value:
    """An operand as SQL; `text` is a string literal's own value, which may be read as an instant."""

    sql: Fragment
    kind: PropertyType
    text: str | None = None


@dataclass(frozen=True)
class _SqlSpan:
    """A temporal operand by its two ends, both dates or both timestamps."""

    start: Fragment
    end: Fragment
    kind: PropertyType
    is_interval: bool

    def as_moments(self) -> "_SqlSpan":
        """The span with days taken as the time from their first to their last moment in UTC."""
        if self.kind is PropertyType.TIMESTAMP:
            return self
        return _SqlSpan(
            filled(_START_OF_DAY, self.start),
            filled(_END_OF_DAY, self.end),
            PropertyType.TIMESTAMP,
            self.is_interval,
        )


def condition_of(
    expression: Expression, collection: CollectionDefinition, system: ReferenceSystem
) -> Fragment:
    """The condition that `expression`, a CQL2 JSON value, puts on rows of `collection`.

    `system` is the CRS of its geometries. Raises ReportedError with what is wrong and where in the expression.
    """
    return _Translation(collection, system).boolean(expression, "", 0)


@dataclass(frozen=True)
class _Translation:
    collection: CollectionDefinition
    system: ReferenceSystem

    # --- predicates ---

    def boolean(self, node: Expression, where: str, depth: int) -> Fragment:
        """A condition: a predicate, a combination of them, true, false, or a boolean property."""
        if isinstance(node, bool):
            return Fragment("TRUE" if node else "FALSE")
        value = self.value(node, where, depth)
        if value.kind is not PropertyType.BOOLEAN:
            raise bad_filter(f"{_at(where)}a condition must stand here, not a {value.kind}.")
        return value.sql

    def predicate(self, op: str, arguments: list[Expression], where: str, depth: int) -> Fragment | None:
        """The condition of an operation; None when `op` makes no condition."""
        if op in ("and", "or"):
            if len(arguments) < 2:
                raise bad_filter(f"{_at(where)}{op} joins two conditions or more.")
            pieces = [
                self.boolean(each, f"{where}.args[{index}]", depth) for index, each in enumerate(arguments)
            ]
            return filled("({})", joined(f" {op.upper()} ", pieces))
        builders: dict[str, Callable[[str, list[Expression], str, int], Fragment]] = {
            "not": self._not,
            "like": self._like,
            "between": self._between,
            "in": self._in,
            "isNull": self._is_null,
            **dict.fromkeys(_COMPARISONS, self._comparison),
            **dict.fromkeys(_SPATIAL, self._spatial),
            **dict.fromkeys(_TEMPORAL, self._temporal),
        }
        builder = builders.get(op)
        return None if builder is None else builder(op, arguments, where, depth)

    def _not(self, op: str, arguments: list[Expression], where: str, depth: int) -> Fragment:
        (operand,) = _exactly(1, op, arguments, where)
        return filled("(NOT {})", self.boolean(operand, f"{where}.args[0]", depth))

    def _comparison(self, op: str, arguments: list[Expression], where: str, depth: int) -> Fragment:
        _exactly(2, op, arguments, where)
        left, right = self._comparable(arguments, where, depth)
        return filled(f"({{}} {op} {{}})", left.sql, right.sql)

    def _between(self, op: str, arguments: list[Expression], where: str, depth: int) -> Fragment:
        _exactly(3, op, arguments, where)
        values = self._comparable(arguments, where, depth)
        if values[0].kind in (PropertyType.STRING, PropertyType.BOOLEAN):
            raise bad_filter(f"{_at(where)}between takes numbers or instants.")
        return filled("({} BETWEEN {} AND {})", *(value.sql for value in values))

    def _in(self, op: str, arguments: list[Expression], where: str, depth: int) -> Fragment:
        operand, listed = _exactly(2, op, arguments, where)
        if not isinstance(listed, list) or not 1 <= len(listed) <= MAXIMUM_LISTED:
            raise bad_filter(f"{_at(where)}in takes a list of 1 to {MAXIMUM_LISTED:,} values.")
        first, *others = self._comparable([operand, *listed], where, depth)
        return filled("({} IN ({}))", first.sql, joined(", ", [each.sql for each in others]))

    def _like(self, op: str, arguments: list[Expression], where: str, depth: int) -> Fragment:
        operand, pattern = _exactly(2, op, arguments, where)
        value = self.value(operand, f"{where}.args[0]", depth)
        written = self.value(pattern, f"{where}.args[1]", depth)
        if value.kind is not PropertyType.STRING or written.kind is not PropertyType.STRING:
            raise bad_filter(f"{_at(where)}like compares a text with a pattern in quotes.")
        return filled(r"({} LIKE {} ESCAPE '\')", value.sql, written.sql)

    def _is_null(self, op: str, arguments: list[Expression], where: str, depth: int) -> Fragment:
        (operand,) = _exactly(1, op, arguments, where)
        if isinstance(operand, dict) and "interval" in operand:
            span = self._span(operand, f"{where}.args[0]", depth)
            return filled("({} IS NULL AND {} IS NULL)", span.start, span.end)
        return filled("({} IS NULL)", self.value(operand, f"{where}.args[0]", depth).sql)

    def _spatial(self, op: str, arguments: list[Expression], where: str, depth: int) -> Fragment:
        _exactly(2, op, arguments, where)
        values = [self.value(each, f"{where}.args[{index}]", depth) for index, each in enumerate(arguments)]
        for index, value in enumerate(values):
            if value.kind is not PropertyType.GEOMETRY:
                raise bad_filter(
                    f"{_at(f'{where}.args[{index}]')}a geometry must stand here, not a {value.kind}."
                )
            if value.text == _MIXED and op not in ("s_intersects", "s_disjoint"):
                raise bad_filter(
                    f"{_at(where)}{op} is not defined for a collection of points, lines and areas together."
                )
        return filled(f"({_SPATIAL[op]})", *(value.sql for value in values))

    def _temporal(self, op: str, arguments: list[Expression], where: str, depth: int) -> Fragment:
        _exactly(2, op, arguments, where)
        spans = [self._span(each, f"{where}.args[{index}]", depth) for index, each in enumerate(arguments)]
        if op in _TEMPORAL_OF_INTERVALS and not all(span.is_interval for span in spans):
            raise bad_filter(f"{_at(where)}{op} is for two intervals.")
        if spans[0].kind is not spans[1].kind:
            spans = [span.as_moments() for span in spans]
        first, second = spans
        ends = {"a": first.start, "b": first.end, "c": second.start, "d": second.end}
        order, template = _in_order(_TEMPORAL[op])
        condition = filled(f"({template})", *(ends[letter] for letter in order))
        # An interval with an unknown end is unknown, also to a relation that looks at its other end only.
        intervals = [span for span in spans if span.is_interval]
        known = [filled("{} IS NOT NULL", end) for span in intervals for end in (span.start, span.end)]
        if not known:
            return condition
        return filled("(CASE WHEN {} THEN {} END)", joined(" AND ", known), condition)

    # --- operands ---

    def value(self, node: Expression, where: str, depth: int) -> _Value:
        """An operand of any kind but an interval; raises ReportedError."""
        if depth >= MAXIMUM_DEPTH:
            raise bad_filter(f"it is nested more than {MAXIMUM_DEPTH} deep.")
        if isinstance(node, bool):
            return _Value(Fragment("TRUE" if node else "FALSE"), PropertyType.BOOLEAN)
        if isinstance(node, int | float):
            return _Value(Fragment("%s::float8", (_finite(node, where),)), PropertyType.NUMBER)
        if isinstance(node, str):
            return _Value(Fragment("%s::text", (_without_nul(node, where),)), PropertyType.STRING, text=node)
        if isinstance(node, dict):
            return self._value_of_object(node, where, depth + 1)
        raise bad_filter(f"{_at(where)}{_excerpt(node)} is not a value.")

    def _value_of_object(self, node: dict[str, Any], where: str, depth: int) -> _Value:
        if "op" in node:
            return self._operation(node, where, depth)
        if "property" in node:
            return self._property(node["property"], where)
        if "date" in node or "timestamp" in node:
            return _instant(node, where)
        if "bbox" in node:
            numbers = node["bbox"]
            if not isinstance(numbers, list) or not all(_is_number(number) for number in numbers):
                raise bad_filter(f"{_at(where)}bbox is a list of numbers.")
            checked = [_finite(number, where) for number in numbers]
            box = box_of_numbers(checked, self.system, "filter, bbox")
            return _Value(sql_of(box, self.system, is_box=True), PropertyType.GEOMETRY)
        if isinstance(node.get("type"), str) and node["type"] in _GEOMETRIES:
            geometry = geometry_of_geojson(node, self.system, f"at {where.lstrip('.') or 'the top'}")
            mixed = _MIXED if geometry.geom_type == "GeometryCollection" else None
            return _Value(sql_of(geometry, self.system), PropertyType.GEOMETRY, text=mixed)
        if "interval" in node:
            raise bad_filter(f"{_at(where)}an interval stands in temporal functions only.")
        raise bad_filter(f"{_at(where)}{_excerpt(node)} is not an expression of CQL2.")

    def _property(self, name: Any, where: str) -> _Value:
        found = self.collection.property_named(name) if isinstance(name, str) else None
        if found is None:
            raise bad_filter(
                f"{_at(where)}{str(name)[:60]!r} is not a queryable of {self.collection.id}; see its queryables."
            )
        kind = PropertyType.NUMBER if found.kind is PropertyType.INTEGER else found.kind
        return _Value(Fragment(found.value_sql, aliases=frozenset(found.joins)), kind)

    def _operation(self, node: dict[str, Any], where: str, depth: int) -> _Value:
        op, arguments = node["op"], node.get("args")
        if not isinstance(op, str) or not isinstance(arguments, list):
            raise bad_filter(f"{_at(where)}an operation has op, a text, and args, a list.")
        if op in _ARITHMETIC:
            return self._arithmetic(op, arguments, where, depth)
        if op in ("casei", "accenti"):
            (operand,) = _exactly(1, op, arguments, where)
            value = self.value(operand, f"{where}.args[0]", depth)
            if value.kind is not PropertyType.STRING:
                raise bad_filter(f"{_at(where)}{op} takes a text, not a {value.kind}.")
            template = _CASE_FOLDED if op == "casei" else _WITHOUT_ACCENTS
            return _Value(filled(template, value.sql), PropertyType.STRING)
        condition = self.predicate(op, arguments, where, depth)
        if condition is None:
            raise bad_filter(f"{_at(where)}there is no operator or function {op[:60]!r}.")
        return _Value(condition, PropertyType.BOOLEAN)

    def _arithmetic(self, op: str, arguments: list[Expression], where: str, depth: int) -> _Value:
        _exactly(2, op, arguments, where)
        operands = []
        for index, each in enumerate(arguments):
            value = self.value(each, f"{where}.args[{index}]", depth)
            if value.kind is not PropertyType.NUMBER:
                raise bad_filter(f"{_at(f'{where}.args[{index}]')}{op} takes numbers, not a {value.kind}.")
            operands.append(value.sql)
        return _Value(filled(_ARITHMETIC[op], *operands), PropertyType.NUMBER)

    def _comparable(self, nodes: list[Expression], where: str, depth: int) -> list[_Value]:
        """The operands of a comparison, brought to one kind; raises ReportedError when they have none in common."""
        values = [self.value(each, f"{where}.args[{index}]", depth) for index, each in enumerate(nodes)]
        if any(value.kind in _INSTANTS for value in values):
            values = [_read_as_instant(value, where) for value in values]
            if {value.kind for value in values} == _INSTANTS:
                values = [
                    value
                    if value.kind is PropertyType.TIMESTAMP
                    else _Value(filled(_START_OF_DAY, value.sql), PropertyType.TIMESTAMP)
                    for value in values
                ]
        kinds = {value.kind for value in values}
        if len(kinds) > 1 or PropertyType.GEOMETRY in kinds:
            named = " and ".join(f"a {kind}" for kind in sorted(kinds))
            raise bad_filter(f"{_at(where)}{named} cannot be compared.")
        return values

    def _span(self, node: Expression, where: str, depth: int) -> _SqlSpan:
        """A temporal operand, an instant or an interval."""
        if not (isinstance(node, dict) and "interval" in node):
            value = _read_as_instant(self.value(node, where, depth), where)
            if value.kind not in _INSTANTS:
                raise bad_filter(f"{_at(where)}an instant or interval must stand here, not a {value.kind}.")
            return _SqlSpan(value.sql, value.sql, value.kind, is_interval=False)
        ends = node["interval"]
        if not isinstance(ends, list) or len(ends) != 2:
            raise bad_filter(f"{_at(where)}an interval is a list of two ends.")
        values = [
            None if end == OPEN else _read_as_instant(self.value(end, where, depth), where) for end in ends
        ]
        kinds = {value.kind for value in values if value is not None}
        if not kinds <= _INSTANTS:
            raise bad_filter(f"{_at(where)}the ends of an interval are instants, properties or '..'.")
        _require_order([value.text if value is not None else None for value in values], where)
        kind = PropertyType.DATE if kinds == {PropertyType.DATE} else PropertyType.TIMESTAMP
        return _SqlSpan(
            _end_of_interval(values[0], kind, "-infinity", _START_OF_DAY),
            _end_of_interval(values[1], kind, "infinity", _END_OF_DAY),
            kind,
            is_interval=True,
        )


_MIXED = "mixed"
"""The mark of a geometry literal of several dimensions."""


def _end_of_interval(value: _Value | None, kind: PropertyType, when_open: str, of_day: str) -> Fragment:
    type_name = "date" if kind is PropertyType.DATE else "timestamptz"
    if value is None:
        return Fragment(f"'{when_open}'::{type_name}")
    return value.sql if value.kind is kind else filled(of_day, value.sql)


def _instant(node: dict[str, Any], where: str) -> _Value:
    name = "date" if "date" in node else "timestamp"
    text = node[name]
    try:
        instant = instant_of(text) if isinstance(text, str) else None
    except ValueError:
        instant = None
    if instant is None or isinstance(instant, datetime) is (name == "date"):
        raise bad_filter(f"{_at(where)}{_excerpt(text)} is no {name} of RFC 3339.")
    return _instant_literal(instant)


def _instant_literal(instant: date | datetime) -> _Value:
    if isinstance(instant, datetime):
        return _Value(
            Fragment("%s::timestamptz", (instant.isoformat(),)),
            PropertyType.TIMESTAMP,
            text=instant.isoformat(),
        )
    return _Value(Fragment("%s::date", (instant.isoformat(),)), PropertyType.DATE, text=instant.isoformat())


def _read_as_instant(value: _Value, where: str) -> _Value:
    """A text literal next to an instant is read as one."""
    if value.kind is not PropertyType.STRING or value.text is None:
        return value
    try:
        return _instant_literal(instant_of(value.text))
    except ValueError:
        raise bad_filter(f"{_at(where)}{value.text[:60]!r} is not a date or date-time of RFC 3339.") from None


def _require_order(texts: list[str | None], where: str) -> None:
    start, end = (None if text is None else instant_of(text) for text in texts)
    if start is not None and end is not None and first_moment(start) > last_moment(end):
        raise bad_filter(f"{_at(where)}the interval ends before it starts.")


def _exactly(count: int, op: str, arguments: list[Expression], where: str) -> list[Expression]:
    if len(arguments) != count:
        raise bad_filter(
            f"{_at(where)}{op} takes {count} operand{'s' if count > 1 else ''}, not {len(arguments)}."
        )
    return arguments


def _in_order(template: str) -> tuple[list[str], str]:
    """The letters of a template in the order they stand, and the template with unnamed places."""
    letters = [template[index + 1] for index, char in enumerate(template) if char == "{"]
    for letter in "abcd":
        template = template.replace(f"{{{letter}}}", "{}")
    return letters, template


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _finite(number: float, where: str) -> float:
    try:
        value = float(number)
    except OverflowError:
        value = math.inf
    if not math.isfinite(value):
        raise bad_filter(f"{_at(where)}the number is too large.")
    return value


def _without_nul(text: str, where: str) -> str:
    if "\x00" in text:
        raise bad_filter(f"{_at(where)}a text cannot hold a NUL character.")
    return text


def _at(where: str) -> str:
    return f"at {where.lstrip('.')}: " if where else ""


def _excerpt(value: object) -> str:
    text = repr(value) if not isinstance(value, dict | list) else "an object or list"
    return text if len(text) <= 60 else text[:60] + "…"
