"""$filter and $orderby as SQL.

Times compare as half-open intervals, as the test suites of the standard have it: an interval that ends at an instant is
before it. A value inside JSON compares as what stands against it: with a number only where it is a number, with text by
its text. Text is ordered by code points.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from shapely import from_wkt
from shapely.errors import ShapelyError

from gis_core.database.sql_fragments import Fragment, bound, filled, joined
from sensors.sensorthings.selectors.errors import StaError
from sensors.sensorthings.selectors.grammar import (
    Binary,
    Call,
    Geography,
    HeldIn,
    Literal,
    Membership,
    Negation,
    Node,
    Path,
    TimeInterval,
)
from sensors.sensorthings.selectors.joins import MOST_JOINS, Joins
from sensors.sensorthings.selectors.schema import TYPES, EntityProperty, EntityType, ValueKind
from sensors.sensorthings.selectors.scope import Scope


@dataclass(frozen=True)
class Operand:
    """SQL with its kind: null, boolean, number, text, instant, interval, date, time, duration, geometry, json, result.

    `end` is the end of an interval; `geometry` that of a place in JSON; `number` a result's number.
    """

    kind: str
    value: Fragment
    end: Fragment | None = None
    geometry: Fragment | None = None
    number: Fragment | None = None


# `#>> ARRAY[]` is the text of a JSON value itself.
_NUMBER_IN_JSON = "CASE WHEN jsonb_typeof({}) = 'number' THEN ({} #>> ARRAY[]::text[])::float8 END"
_TEMPORAL = {"instant", "interval", "date"}
_COMPARISONS = {"eq": "=", "ne": "<>", "gt": ">", "ge": ">=", "lt": "<", "le": "<="}
_FLIPPED = {"gt": "lt", "ge": "le"}


class Compiler:
    """Expressions over the rows of one entity type."""

    def __init__(self, scope: Scope, entity: EntityType, alias: str, joins: Joins) -> None:
        self._scope = scope
        self._entity = entity
        self._alias = alias
        self._joins = joins
        self.crosses_many = False

    def condition(self, node: Node) -> Fragment:
        """A boolean expression."""
        if isinstance(node, Binary) and node.operator in {"and", "or"}:
            return filled(
                f"({{}} {node.operator.upper()} {{}})", self.condition(node.left), self.condition(node.right)
            )
        if isinstance(node, Negation):
            return filled("(NOT {})", self.condition(node.operand))
        operand = self.operand(node)
        if operand.kind == "null":
            return Fragment("false")
        return as_boolean(operand).value

    def operand(self, node: Node) -> Operand:  # noqa: PLR0911
        """Any expression."""
        match node:
            case Literal():
                return literal(node.value)
            case Path():
                return self._path(node)
            case Binary() if node.operator in _COMPARISONS:
                return compare(node.operator, self.operand(node.left), self.operand(node.right))
            case Binary() if node.operator in {"and", "or"}:
                return Operand("boolean", self.condition(node))
            case Binary():
                return arithmetic(node.operator, self.operand(node.left), self.operand(node.right))
            case Negation():
                return Operand("boolean", self.condition(node))
            case Call():
                return self._call(node)
            case Membership():
                subject = self.operand(node.operand)
                choices = [compare("eq", subject, self.operand(choice)).value for choice in node.choices]
                return Operand("boolean", filled("({})", joined(" OR ", choices, empty="true")))
            case HeldIn():
                return self._held_in(node)
        raise StaError("Not understood.")

    def _path(self, path: Path) -> Operand:
        entity, alias = self._entity, self._alias
        for place, step in enumerate(path.steps):
            if isinstance(step, str) and step in entity.navigation:
                way = entity.navigation[step]
                self.crosses_many = self.crosses_many or way.is_many
                if len(self._joins.aliases) >= MOST_JOINS:
                    raise StaError(f"A query may go {MOST_JOINS} ways to other entities.")
                alias = self._joins.way(entity, alias, way)
                entity = TYPES[way.target]
                continue
            return self._property(entity, alias, path.steps[place:])
        raise StaError(f"{'/'.join(map(str, path.steps))} is an entity, not a property.")

    def _property(self, entity: EntityType, alias: str, steps: tuple[str | int, ...]) -> Operand:
        name = "id" if steps[0] == "@iot.id" else str(steps[0])
        if name == "selfLink" or name not in entity.properties:
            raise StaError(f"{entity.plural} have no {name}.")
        one = entity.properties[name]
        below = [str(step) for step in steps[1:]]
        if below and one.kind not in {ValueKind.JSON, ValueKind.RESULT, ValueKind.GEOMETRY}:
            raise StaError(f"{name} has nothing below it.")
        value = self._joins.column(entity, alias, one.sql, one)
        if one.kind is ValueKind.RESULT:
            return _result(alias, below)
        if below:
            return Operand("json", filled("({} #> {})", value, Fragment("%s::text[]", (below,))))
        return self._whole(entity, alias, one, value)

    def _whole(self, entity: EntityType, alias: str, one: EntityProperty, value: Fragment) -> Operand:
        if one.kind is ValueKind.INTERVAL:
            return Operand("interval", value, end=self._joins.column(entity, alias, one.end_sql, one))
        if one.kind is ValueKind.GEOMETRY:
            return Operand("json", value, geometry=Fragment(one.geometry_sql.replace("{a}", alias)))
        if one.kind is ValueKind.ID:
            return Operand("text" if entity.name == "Observation" else "number", value)
        return Operand({ValueKind.JSON: "json", ValueKind.INSTANT: "instant"}.get(one.kind, "text"), value)

    def _held_in(self, node: HeldIn) -> Operand:
        array, member = self._path(node.array), self.operand(node.operand)
        if array.kind not in {"json", "result"} or member.kind not in {"number", "text", "boolean"}:
            raise StaError("`in` looks for a number, a text or a boolean in an array.")
        return Operand("boolean", filled("({} @> to_jsonb({}))", as_json(array), _typed(member)))

    def _call(self, call: Call) -> Operand:
        made = _FUNCTIONS.get(call.name)
        if made is None:
            raise StaError(f"There is no function {call.name}.")
        counts, function = made
        if len(call.arguments) not in counts:
            raise StaError(f"{call.name} takes {' or '.join(map(str, counts))} arguments.")
        return function(*(self.operand(argument) for argument in call.arguments))


def literal(value: Any) -> Operand:
    """A constant of the language."""
    if value is None:
        return Operand("null", Fragment("NULL"))
    if isinstance(value, bool):
        return Operand("boolean", Fragment("true" if value else "false"))
    if isinstance(value, int | float):
        return Operand("number", bound(value))
    if isinstance(value, TimeInterval):
        return Operand(
            "interval",
            Fragment("%s::timestamptz", (value.start,)),
            end=Fragment("%s::timestamptz", (value.end,)),
        )
    if isinstance(value, Geography):
        return Operand("geometry", _geometry(value.text), geometry=_geometry(value.text))
    for kind, python, cast in (
        ("text", str, "text"),
        ("instant", datetime, "timestamptz"),
        ("date", date, "date"),
        ("time", time, "time"),
        ("duration", timedelta, "interval"),
    ):
        if isinstance(value, python):
            return Operand(kind, Fragment(f"%s::{cast}", (value,)))
    raise StaError("Not understood.")


def _geometry(text: str) -> Fragment:
    """Well-known text as a geometry. It is read here, so that the database is never given what is none.

    OData writes the reference system before it, which here is always WGS 84.
    """
    try:
        shape = from_wkt(re.sub(r"^\s*SRID=4326\s*;", "", text, flags=re.IGNORECASE))
    except (ShapelyError, ValueError):
        raise StaError(f"{text[:100]} is not a well-known text of a geometry.") from None
    return Fragment("ST_GeomFromWKB(%s, 4326)", (shape.wkb,))


def _result(alias: str, below: list[str]) -> Operand:
    """A result: a number of a series or any JSON."""
    if below:
        return Operand("json", Fragment(f"({alias}.result #> %s::text[])", (below,)))
    json = Fragment(f"coalesce(to_jsonb({alias}.value), {alias}.result)")
    in_json = filled(_NUMBER_IN_JSON, Fragment(f"{alias}.result"), Fragment(f"{alias}.result"))
    return Operand("result", json, number=filled(f"coalesce({alias}.value, {{}})", in_json))


def as_json(operand: Operand) -> Fragment:
    return operand.value if operand.kind in {"json", "result"} else filled("to_jsonb({})", operand.value)


def as_number(operand: Operand) -> Fragment:
    if operand.kind == "number":
        return operand.value
    if operand.number is not None:
        return operand.number
    if operand.kind == "json":
        return filled(_NUMBER_IN_JSON, operand.value, operand.value)
    raise StaError("Expected a number there.")


def as_text(operand: Operand) -> Fragment:
    if operand.kind == "text":
        return operand.value
    if operand.kind in {"json", "result"}:
        return filled("({} #>> ARRAY[]::text[])", operand.value)
    if operand.kind in {"number", "boolean", "date", "time"}:
        return filled("({})::text", operand.value)
    raise StaError("Expected a text there.")


def as_boolean(operand: Operand) -> Operand:
    if operand.kind == "boolean":
        return operand
    if operand.kind in {"json", "result"}:
        return Operand(
            "boolean",
            filled(
                "(CASE WHEN jsonb_typeof({}) = 'boolean' THEN ({} #>> ARRAY[]::text[])::boolean END)",
                operand.value,
                operand.value,
            ),
        )
    raise StaError("Expected a condition there.")


def as_geometry(operand: Operand) -> Fragment:
    if operand.geometry is None:
        raise StaError("Expected a geometry there.")
    return operand.geometry


def _typed(operand: Operand) -> Fragment:
    return filled("({})::float8", operand.value) if operand.kind == "number" else operand.value


def _ends(operand: Operand) -> tuple[Fragment, Fragment]:
    """Start and end of anything temporal; an instant is both."""
    if operand.kind == "interval" and operand.end is not None:
        return operand.value, operand.end
    if operand.kind == "date":
        instant = filled("(({})::timestamp AT TIME ZONE 'UTC')", operand.value)
        return instant, instant
    if operand.kind == "instant":
        return operand.value, operand.value
    if operand.kind in {"json", "result"}:
        text = as_text(operand)
        instant = filled(
            r"(CASE WHEN {} ~ '^\d\d\d\d-\d\d-\d\dT\d\d:\d\d' THEN {}::timestamptz END)", text, text
        )
        return instant, instant
    raise StaError("Expected a time there.")


def compare(operator: str, left: Operand, right: Operand) -> Operand:
    """A comparison. With null only eq and ne can hold."""
    if "null" in {left.kind, right.kind}:
        return Operand("boolean", _compare_null(operator, left, right))
    if left.kind in _TEMPORAL or right.kind in _TEMPORAL:
        if left.kind == right.kind == "date":
            return Operand(
                "boolean", filled(f"({{}} {_COMPARISONS[operator]} {{}})", left.value, right.value)
            )
        return Operand("boolean", _compare_times(operator, left, right))
    return Operand("boolean", _compare_values(operator, left, right))


def _compare_null(operator: str, left: Operand, right: Operand) -> Fragment:
    tested = right if left.kind == "null" else left
    if operator not in {"eq", "ne"}:
        return Fragment("false")
    if tested.kind == "null":
        return Fragment("true" if operator == "eq" else "false")
    is_null = filled("({} IS NULL)", tested.value)
    if tested.kind in {"json", "result"}:
        is_null = filled("({} IS NULL OR {} = 'null'::jsonb)", tested.value, tested.value)
    return is_null if operator == "eq" else filled("(NOT {})", is_null)


def _compare_values(operator: str, left: Operand, right: Operand) -> Fragment:  # noqa: PLR0911
    sign = _COMPARISONS[operator]
    kinds = {left.kind, right.kind}
    if kinds <= {"json", "result"}:
        if operator in {"eq", "ne"}:
            return filled(f"({{}} {sign} {{}})", as_text(left), as_text(right))
        return filled(
            f"coalesce({{}} {sign} {{}}, {{}} {sign} {{}})",
            as_number(left),
            as_number(right),
            filled('{} COLLATE "C"', as_text(left)),
            as_text(right),
        )
    if "geometry" in kinds:
        if operator not in {"eq", "ne"}:
            raise StaError("Geometries are equal or not; they have no order.")
        equal = filled("ST_Equals({}, {})", as_geometry(left), as_geometry(right))
        return equal if operator == "eq" else filled("(NOT {})", equal)
    if "text" in kinds:
        return filled(f'({{}} COLLATE "C" {sign} {{}})', as_text(left), as_text(right))
    if "boolean" in kinds:
        return filled(f"({{}} {sign} {{}})", as_boolean(left).value, as_boolean(right).value)
    if "number" in kinds:
        return filled(f"({{}} {sign} {{}})", as_number(left), as_number(right))
    if kinds in ({"duration"}, {"time"}):
        return filled(f"({{}} {sign} {{}})", left.value, right.value)
    raise StaError(f"A {left.kind} cannot be compared with a {right.kind}.")


def _compare_times(operator: str, left: Operand, right: Operand) -> Fragment:
    if operator in _FLIPPED:
        operator, left, right = _FLIPPED[operator], right, left
    (left_start, left_end), (right_start, right_end) = _ends(left), _ends(right)
    if operator in {"eq", "ne"}:
        equal = filled("({} = {} AND {} = {})", left_start, right_start, left_end, right_end)
        return equal if operator == "eq" else filled("(NOT {})", equal)
    if operator == "lt":
        return filled("({} < {} AND {} <= {})", left_start, right_start, left_end, right_start)
    return filled("({} <= {} AND {} <= {})", left_start, right_start, left_end, right_end)


def arithmetic(operator: str, left: Operand, right: Operand) -> Operand:
    """add, sub, mul, div, mod of numbers; times and durations added and subtracted. By zero is null."""
    if "null" in {left.kind, right.kind}:
        return Operand("null", Fragment("NULL"))
    if "duration" in {left.kind, right.kind} or (left.kind in _TEMPORAL and right.kind in _TEMPORAL):
        return _time_arithmetic(operator, left, right)
    numbers = as_number(left), as_number(right)
    if operator == "mod":
        return Operand("number", filled("mod(({})::numeric, nullif(({})::numeric, 0))::float8", *numbers))
    if operator == "div":
        return Operand("number", filled("(({})::float8 / nullif(({})::float8, 0))", *numbers))
    sign = {"add": "+", "sub": "-", "mul": "*"}[operator]
    return Operand("number", filled(f"(({{}})::float8 {sign} ({{}})::float8)", *numbers))


def _time_arithmetic(operator: str, left: Operand, right: Operand) -> Operand:
    if operator in {"mul", "div"} and left.kind == "duration" and right.kind == "number":
        by = right.value if operator == "mul" else filled("(1 / nullif(({})::float8, 0))", right.value)
        return Operand("duration", filled("({} * ({})::float8)", left.value, by))
    sign = {"add": "+", "sub": "-"}.get(operator)
    if sign is None:
        raise StaError(f"Times have no {operator}.")
    if left.kind == right.kind == "duration":
        return Operand("duration", filled(f"({{}} {sign} {{}})", left.value, right.value))
    if operator == "sub" and left.kind in _TEMPORAL and right.kind in _TEMPORAL:
        return Operand("duration", filled("({} - {})", _ends(left)[0], _ends(right)[0]))
    if left.kind == "duration" and operator == "add":
        left, right = right, left
    if right.kind != "duration" or left.kind not in _TEMPORAL:
        raise StaError(f"A {left.kind} and a {right.kind} have no {operator}.")
    start, end = _ends(left)
    moved = filled(f"({{}} {sign} {{}})", start, right.value)
    if left.kind == "interval":
        return Operand("interval", moved, end=filled(f"({{}} {sign} {{}})", end, right.value))
    return Operand("instant", moved)


def filter_condition(
    scope: Scope, entity: EntityType, alias: str, tree: Node, compiler: Compiler, joins: Joins
) -> Fragment:
    """$filter as a condition. One that goes a way to many asks whether there is any combination that fulfils it."""
    inner_joins = Joins(scope, alias, prefix=f"{alias}_f")
    inner = Compiler(scope, entity, alias, inner_joins)
    condition = inner.condition(tree)
    if inner.crosses_many:
        return filled("EXISTS (SELECT 1 FROM (SELECT 1) once {} WHERE {})", inner_joins.clause(), condition)
    return compiler.condition(tree)


def order_term(compiler: Compiler, tree: Any, is_descending: bool) -> Fragment:
    """A term of ORDER BY. Nothing comes last when ascending, as PostgreSQL has it."""
    operand = compiler.operand(tree)
    if compiler.crosses_many:
        raise StaError("$orderby goes to one entity, not to many.")
    direction = " DESC" if is_descending else ""
    if operand.kind == "interval" and operand.end is not None:
        return filled(f"{{}}{direction}, {{}}{direction}", operand.value, operand.end)
    if operand.kind == "text":
        return filled(f'{{}} COLLATE "C"{direction}', operand.value)
    if operand.kind == "result" and operand.number is not None:
        return filled(f"{{}}{direction}, {{}}{direction}", operand.number, operand.value)
    if operand.kind == "null" or (operand.geometry is not None and operand.kind == "geometry"):
        raise StaError("$orderby needs a property.")
    return filled(f"{{}}{direction}", operand.value)


# --- functions: how many arguments, and what they make ----------------------------------------------------------------


def _text_function(template: str, kind: str, *, takes: int = 1) -> tuple[set[int], Callable[..., Operand]]:
    return {takes}, lambda *given: Operand(kind, filled(template, *map(as_text, given)))


def _substring(text: Operand, start: Operand, length: Operand | None = None) -> Operand:
    begin = filled("greatest(0, least(({})::float8, 1e6))::int + 1", as_number(start))
    if length is None:
        return Operand("text", filled("substr({}, {})", as_text(text), begin))
    count = filled("greatest(0, least(({})::float8, 1e6))::int", as_number(length))
    return Operand("text", filled("substr({}, {}, {})", as_text(text), begin, count))


def _part_of_time(part: str, kind: str = "number") -> tuple[set[int], Callable[..., Operand]]:
    def made(moment: Operand) -> Operand:
        if moment.kind == "time":
            return Operand(kind, filled(f"extract({part} FROM {{}})", moment.value))
        return Operand(kind, filled(f"extract({part} FROM ({{}} AT TIME ZONE 'UTC'))", _ends(moment)[0]))

    return {1}, made


def _seconds(template: str) -> tuple[set[int], Callable[..., Operand]]:
    def made(moment: Operand) -> Operand:
        source = moment.value if moment.kind == "time" else _ends(moment)[0]
        return Operand("number", filled(template, filled("extract(second FROM {})", source)))

    return {1}, made


def _rounded(name: str) -> tuple[set[int], Callable[..., Operand]]:
    # OData rounds half away from zero, as numeric does and float8 does not.
    return {1}, lambda given: Operand("number", filled(f"{name}(({{}})::numeric)::float8", as_number(given)))


def _spatial(name: str) -> tuple[set[int], Callable[..., Operand]]:
    return {2}, lambda one, other: Operand(
        "boolean", filled(f"{name}({{}}, {{}})", as_geometry(one), as_geometry(other))
    )


def _relate(one: Operand, other: Operand, pattern: Operand) -> Operand:
    if pattern.kind != "text" or not re.fullmatch(
        "[012TF*]{9}", str(pattern.value.parameters[:1] or [""])[2:-3]
    ):
        raise StaError("st_relate takes a pattern of nine of 0, 1, 2, T, F and *.")
    return Operand(
        "boolean", filled("ST_Relate({}, {}, {})", as_geometry(one), as_geometry(other), as_text(pattern))
    )


def _times(template: str, *order: int) -> tuple[set[int], Callable[..., Operand]]:
    """`order` picks from left start, left end, right start, right end."""

    def made(left: Operand, right: Operand) -> Operand:
        ends = (*_ends(left), *_ends(right))
        return Operand("boolean", filled(template, *(ends[place] for place in order)))

    return {2}, made


def _during(left: Operand, right: Operand) -> Operand:
    if right.kind != "interval":
        raise StaError("`during` takes an interval as its second argument.")
    (start, end), (since, until) = _ends(left), _ends(right)
    return Operand(
        "boolean", filled("({} >= {} AND {} <= {} AND {} < {})", start, since, end, until, start, until)
    )


def _overlaps(left: Operand, right: Operand) -> Operand:
    (start, end), (since, until) = _ends(left), _ends(right)
    return Operand(
        "boolean", filled("({} < {} AND {} < {} OR {} = {})", start, until, since, end, start, since)
    )


def _compared(operator: str) -> tuple[set[int], Callable[..., Operand]]:
    return {2}, lambda left, right: Operand("boolean", _compare_times(operator, left, right))


def _ends_with(text: Operand, end: Operand) -> Operand:
    return Operand(
        "boolean", filled("(right({}, length({})) = {})", as_text(text), as_text(end), as_text(end))
    )


def _constant(text: str, kind: str = "instant") -> tuple[set[int], Callable[..., Operand]]:
    return {0}, lambda: Operand(kind, Fragment(text))


_FUNCTIONS: dict[str, tuple[set[int], Callable[..., Operand]]] = {
    "substringof": (
        {2},
        lambda part, text: Operand("boolean", filled("(strpos({}, {}) > 0)", as_text(text), as_text(part))),
    ),
    "contains": _text_function("(strpos({}, {}) > 0)", "boolean", takes=2),
    "startswith": _text_function("starts_with({}, {})", "boolean", takes=2),
    "endswith": ({2}, _ends_with),
    "length": _text_function("length({})", "number"),
    "indexof": _text_function("(strpos({}, {}) - 1)", "number", takes=2),
    "substring": ({2, 3}, _substring),
    "tolower": _text_function("lower({})", "text"),
    "toupper": _text_function("upper({})", "text"),
    "trim": _text_function(r"btrim({}, E' \t\n\r')", "text"),
    "concat": _text_function("({} || {})", "text", takes=2),
    "year": _part_of_time("year"),
    "month": _part_of_time("month"),
    "day": _part_of_time("day"),
    "hour": _part_of_time("hour"),
    "minute": _part_of_time("minute"),
    "second": _seconds("floor({})"),
    "fractionalseconds": _seconds("mod({}, 1)"),
    "date": ({1}, lambda moment: Operand("date", filled("({} AT TIME ZONE 'UTC')::date", _ends(moment)[0]))),
    "time": ({1}, lambda moment: Operand("time", filled("({} AT TIME ZONE 'UTC')::time", _ends(moment)[0]))),
    # Instants are kept in UTC.
    "totaloffsetminutes": (
        {1},
        lambda moment: Operand("number", filled("(0 * extract(hour FROM {}))", _ends(moment)[0])),
    ),
    "now": _constant("statement_timestamp()"),
    "mindatetime": _constant("'-infinity'::timestamptz"),
    "maxdatetime": _constant("'infinity'::timestamptz"),
    "round": _rounded("round"),
    "floor": _rounded("floor"),
    "ceiling": _rounded("ceil"),
    "geo.distance": (
        {2},
        lambda a, b: Operand("number", filled("ST_Distance({}, {})", as_geometry(a), as_geometry(b))),
    ),
    "geo.length": ({1}, lambda line: Operand("number", filled("ST_Length({})", as_geometry(line)))),
    "geo.intersects": _spatial("ST_Intersects"),
    **{
        f"st_{name}": _spatial(f"ST_{name.capitalize()}")
        for name in (
            "equals",
            "disjoint",
            "touches",
            "within",
            "overlaps",
            "crosses",
            "intersects",
            "contains",
        )
    },
    "st_relate": ({3}, _relate),
    "before": _compared("lt"),
    "after": _compared("gt"),
    "meets": _times("({} = {} OR {} = {})", 1, 2, 0, 3),
    "during": ({2}, _during),
    "overlaps": ({2}, _overlaps),
    "starts": _times("({} = {})", 0, 2),
    "finishes": _times("({} = {})", 1, 3),
}
