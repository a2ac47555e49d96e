"""Query options: $filter, $orderby, $top, $skip, $count, $select, $expand and $resultFormat, also inside an $expand."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote, unquote_plus

from sensors.sensorthings.selectors.errors import StaError
from sensors.sensorthings.selectors.grammar import Node, parse_expression
from sensors.sensorthings.selectors.schema import TYPES, EntityType

DEFAULT_TOP = 100
LARGEST_TOP = 10_000
DEEPEST_EXPAND = 8
MOST_EXPANDS = 60
LARGEST_SKIP = 2**62
RESULT_FORMATS = {"dataArray"}
_PASSED_OVER = {"", "_", "$format"}


@dataclass(frozen=True)
class Order:
    """One term of $orderby."""

    tree: Node
    text: str
    is_descending: bool


@dataclass(frozen=True)
class QueryOptions:
    """What a client asked for. `raw` is what was written, for links to the next page."""

    filter: Node | None = None
    orderby: tuple[Order, ...] = ()
    top: int | None = None
    skip: int = 0
    count: bool = False
    select: tuple[str, ...] = ()
    expand: dict[str, "QueryOptions"] = field(default_factory=dict)
    result_format: str = ""
    raw: dict[str, str] = field(default_factory=dict)

    @property
    def page_size(self) -> int:
        """How many entities a page has at most."""
        return DEFAULT_TOP if self.top is None else min(self.top, LARGEST_TOP)

    def next_page(self) -> str:
        """The query string of the page after this one."""
        options = {**self.raw, "$skip": str(self.skip + self.page_size)}
        return "&".join(f"{name}={quote(value, safe='/():,;=$@*!~')}" for name, value in options.items())


def parse_query(query: str, entity: EntityType) -> QueryOptions:
    """The options of a URL's query string for a set of `entity`, or one of them. Raises StaError."""
    given: dict[str, str] = {}
    for piece in query.split("&"):
        name, _, value = piece.partition("=")
        name = unquote_plus(name)
        # What clients add against caches says nothing; whatever else is written was meant to be understood.
        if name in _PASSED_OVER and (name or not piece):
            continue
        if not name.startswith("$"):
            raise StaError(f"{name[:60]} is not a query option; they begin with $, such as $filter.")
        if name in given:
            raise StaError(f"{name} is given twice.")
        given[name] = unquote_plus(value)
    if any("\x00" in value for value in given.values()):
        raise StaError("A query option has no NUL character.")
    return _options(given, entity, depth=0, budget=[MOST_EXPANDS])


def _options(given: dict[str, str], entity: EntityType, *, depth: int, budget: list[int]) -> QueryOptions:
    options = QueryOptions(raw=given)
    for name, value in given.items():
        options = replace(options, **_option(name, value.strip(), entity, depth, budget))
    return options


def _option(name: str, value: str, entity: EntityType, depth: int, budget: list[int]) -> dict[str, Any]:  # noqa: PLR0911
    match name:
        case "$filter":
            return {"filter": parse_expression(value)}
        case "$orderby":
            return {"orderby": tuple(_orders(value))}
        case "$top":
            return {"top": _whole_number(name, value)}
        case "$skip":
            return {"skip": _whole_number(name, value)}
        case "$count":
            if value not in {"true", "false"}:
                raise StaError("$count: expected true or false.")
            return {"count": value == "true"}
        case "$select":
            return {"select": tuple(_selected(value, entity))}
        case "$expand":
            return {"expand": _expands(value, entity, depth, budget)}
        case "$resultFormat" if value in RESULT_FORMATS:
            if entity.name != "Observation":
                raise StaError("A data array is a form of Observations.")
            return {"result_format": value}
    raise StaError(f"{name}={value[:60]} is not understood.")


def _whole_number(name: str, value: str) -> int:
    if not (value.isascii() and value.isdigit()) or len(value) > 18:
        raise StaError(f"{name} is a whole number from 0 on.")
    return int(value)


def _selected(value: str, entity: EntityType) -> Iterable[str]:
    for part in value.split(","):
        name = part.strip()
        name = {"@iot.id": "id", "@iot.selfLink": "selfLink"}.get(name, name)
        # Of a property in JSON the whole property is given.
        top = name.partition("/")[0]
        if top != "selfLink" and top not in entity.properties and top not in entity.navigation:
            raise StaError(f"{entity.plural} have no {name[:60]}.")
        yield top


def _orders(value: str) -> Iterable[Order]:
    for part in split_outside(value, ","):
        text = part.strip()
        words = text.rsplit(None, 1)
        direction = words[1] if len(words) == 2 and words[1] in {"asc", "desc"} else ""
        expression = words[0] if direction else text
        yield Order(parse_expression(expression), expression.strip(), direction == "desc")


def _expands(value: str, entity: EntityType, depth: int, budget: list[int]) -> dict[str, QueryOptions]:
    if depth >= DEEPEST_EXPAND:
        raise StaError(f"$expand goes {DEEPEST_EXPAND} levels deep at most.")
    expands: dict[str, QueryOptions] = {}
    for part in split_outside(value, ","):
        text = part.strip()
        path, parenthesis, rest = text.partition("(")
        if parenthesis and not rest.endswith(")"):
            raise StaError(f"$expand is not understood at {text[:60]}.")
        _expand_path([step.strip() for step in path.split("/")], rest[:-1], entity, expands, depth, budget)
    return expands


def _expand_path(
    steps: list[str],
    inside: str,
    entity: EntityType,
    expands: dict[str, QueryOptions],
    depth: int,
    budget: list[int],
) -> None:
    """Add `A/B(options)` to the expansions of `entity`; `A` may have been given options of its own."""
    way = entity.navigation.get(steps[0])
    if way is None:
        raise StaError(f"{entity.plural} have no {steps[0][:60]} to expand.")
    if depth + len(steps) > DEEPEST_EXPAND:
        raise StaError(f"$expand goes {DEEPEST_EXPAND} levels deep at most.")
    budget[0] -= 1
    if budget[0] < 0:
        raise StaError(f"$expand names {MOST_EXPANDS} ways at most.")
    target = TYPES[way.target]
    before = expands.get(way.name, QueryOptions())
    if len(steps) > 1:
        below = dict(before.expand)
        _expand_path(steps[1:], inside, target, below, depth + 1, budget)
        raw = {
            **before.raw,
            "$expand": ",".join(filter(None, [before.raw.get("$expand"), _written(steps[1:], inside)])),
        }
        expands[way.name] = replace(before, expand=below, raw=raw)
        return
    options = _options(_inside(inside), target, depth=depth + 1, budget=budget)
    expands[way.name] = replace(options, expand={**before.expand, **options.expand})


def _written(steps: list[str], inside: str) -> str:
    return "/".join(steps) + (f"({inside})" if inside else "")


def _inside(text: str) -> dict[str, str]:
    given: dict[str, str] = {}
    for part in split_outside(text, ";"):
        name, equals, value = part.strip().partition("=")
        if not name:
            continue
        if not equals or not name.startswith("$") or name in given or name == "$resultFormat":
            raise StaError(f"$expand is not understood at {part[:60]}.")
        given[name] = value
    return given


def split_outside(text: str, separator: str) -> list[str]:
    """Split at separators that are in no quotes and no parentheses; nothing for an empty text."""
    parts, depth, start, is_quoted = [], 0, 0, False
    for place, character in enumerate(text):
        if character == "'":
            is_quoted = not is_quoted
        elif is_quoted:
            continue
        elif character == "(":
            depth += 1
        elif character == ")":
            depth -= 1
        elif character == separator and depth == 0:
            parts.append(text[start:place])
            start = place + 1
    if depth != 0 or is_quoted:
        raise StaError(f"A quote or a parenthesis is not closed: {text[:100]}")
    return [*parts, text[start:]] if text.strip() else []
