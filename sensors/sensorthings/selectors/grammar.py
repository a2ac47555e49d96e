"""The language of $filter and $orderby (18-088 clause 9.3.3, OData 4.0 part 2), from text to a tree.

The tree is made of the classes below. Its depth and the text's length are bounded, so that no request can exhaust the
stack of what walks over it.
"""

import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import Any

from lark import Lark, Token, Transformer, v_args
from lark.exceptions import LarkError, VisitError

from sensors.sensorthings.selectors.errors import StaError

LONGEST_TEXT = 20_000
DEEPEST_TREE = 200

_GRAMMAR = r"""
?start: disjunction
?disjunction: conjunction | disjunction OR conjunction -> binary
?conjunction: negation | conjunction AND negation -> binary
?negation: comparison | NOT negation -> negation
?comparison: sum
    | sum COMPARE sum -> binary
    | sum IN "(" disjunction ("," disjunction)* ")" -> membership
    | sum IN path -> held_in
?sum: product | sum ADD product -> binary
?product: atom | product MULTIPLY atom -> binary
?atom: literal | path | call | "(" disjunction ")"
call: NAME "(" [disjunction ("," disjunction)*] ")"
path: segment ("/" segment)*
segment: NAME ("[" INDEX "]")*
literal: STRING | INTERVAL | DATETIME | DATE | TIME | NUMBER | DURATION | GEOGRAPHY | CONSTANT

OR.2: /or(?![\w.])/
AND.2: /and(?![\w.])/
NOT.2: /not(?![\w.])/
IN.2: /in(?![\w.])/
COMPARE.2: /(?:eq|ne|gt|ge|lt|le)(?![\w.])/
ADD.2: /(?:add|sub)(?![\w.])/
MULTIPLY.2: /(?:mul|div|mod)(?![\w.])/
CONSTANT.3: /(?:null|true|false)(?![\w.])/
DURATION.4: /duration'[^']*'/
GEOGRAPHY.4: /geo(?:graphy|metry)'[^']*'/
STRING: /'(?:[^']|'')*'/
INTERVAL.7: DATETIME "/" (DATETIME | SPAN)
SPAN: /P[\dDTHMS.]+/
DATETIME.6: /\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+\- ]\d\d:?\d\d)?/
DATE.5: /\d{4}-\d\d-\d\d(?!\d)/
TIME.5: /\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?/
NUMBER: /-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/
INDEX: /\d{1,6}/
NAME: /[@A-Za-z_\u0080-\uffff][\w.@:$\-\u0080-\uffff]*/
%ignore /\s+/
"""


@dataclass(frozen=True)
class Literal:
    """A constant: None, bool, int, float, str, datetime, Interval, date, time, timedelta or Geography."""

    value: Any
    depth: int = 1


@dataclass(frozen=True)
class TimeInterval:
    start: datetime
    end: datetime


@dataclass(frozen=True)
class Geography:
    """Well-known text, WGS 84."""

    text: str


@dataclass(frozen=True)
class Path:
    """Names and array indexes from the entity to a property: ('properties', 'list', 0)."""

    steps: tuple[str | int, ...]
    depth: int = 1


@dataclass(frozen=True)
class Call:
    name: str
    arguments: tuple[Any, ...]
    depth: int


@dataclass(frozen=True)
class Binary:
    """`operator` is a word of the language: or, and, eq, ..., add, ..., mul, ..."""

    operator: str
    left: Any
    right: Any
    depth: int


@dataclass(frozen=True)
class Negation:
    operand: Any
    depth: int


@dataclass(frozen=True)
class Membership:
    operand: Any
    choices: tuple[Any, ...]
    depth: int


@dataclass(frozen=True)
class HeldIn:
    """Whether a JSON array at a path holds a value."""

    operand: Any
    array: Path
    depth: int = field(default=2)


Node = Literal | Path | Call | Binary | Negation | Membership | HeldIn


def _deeper(*nodes: Any) -> int:
    depth = 1 + max((node.depth for node in nodes), default=0)
    if depth > DEEPEST_TREE:
        raise StaError(f"An expression may be {DEEPEST_TREE} operations deep.")
    return depth


@v_args(inline=True)
class _TreeMaker(Transformer[Token, Any]):
    def binary(self, left: Any, operator: Token, right: Any) -> Binary:
        return Binary(str(operator), left, right, _deeper(left, right))

    def negation(self, _not: Token, operand: Any) -> Negation:
        return Negation(operand, _deeper(operand))

    def membership(self, operand: Any, _in: Token, *choices: Any) -> Membership:
        return Membership(operand, choices, _deeper(operand, *choices))

    def held_in(self, operand: Any, _in: Token, array: Path) -> HeldIn:
        return HeldIn(operand, array, _deeper(operand))

    def call(self, name: Token, *arguments: Any) -> Call:
        given = tuple(argument for argument in arguments if argument is not None)
        return Call(str(name).lower(), given, _deeper(*given))

    def path(self, *segments: tuple[str | int, ...]) -> Path:
        return Path(tuple(step for segment in segments for step in segment))

    def segment(self, name: Token, *indexes: Token) -> tuple[str | int, ...]:
        return (str(name), *(int(index) for index in indexes))

    def literal(self, token: Token) -> Literal:
        return Literal(_READERS[token.type](str(token)))


def instant(text: str) -> datetime:
    """An ISO 8601 instant with its offset from UTC. A blank before the offset is a `+` that a URL lost.

    Without an offset it is an instant of one knows not which zone; that of a server far away would be a guess.
    """
    written = text.replace(" ", "+")
    try:
        # Python reads up to six digits of a second.
        stamp = datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", written))
        instant_utc = stamp.astimezone(UTC) if stamp.tzinfo else None
    except (ValueError, OverflowError):
        raise StaError(f"{text} is not an instant.") from None
    if instant_utc is None:
        raise StaError(f"{text} has no offset from UTC; write Z or +05:00 behind it.")
    return instant_utc


def interval(text: str) -> TimeInterval:
    """An ISO 8601 interval: `start/end`, `start/duration` or `duration/end`."""
    start, _, end = text.partition("/")
    try:
        if start.startswith("P"):
            both = TimeInterval(instant(end) - duration(start), instant(end))
        elif end.startswith("P"):
            both = TimeInterval(instant(start), instant(start) + duration(end))
        else:
            both = TimeInterval(instant(start), instant(end))
    except OverflowError:
        raise StaError(f"The interval {text[:60]} is too long.") from None
    if both.end < both.start:
        raise StaError(f"The interval {text} ends before it starts.")
    return both


_DURATION = re.compile(
    r"(?P<sign>-)?P(?:(?P<days>\d{1,7})D)?"
    r"(?:T(?:(?P<hours>\d{1,7})H)?(?:(?P<minutes>\d{1,9})M)?(?:(?P<seconds>\d{1,9}(?:\.\d{1,6})?)S)?)?"
)


def duration(text: str) -> timedelta:
    """An ISO 8601 duration of days and less: P1DT2H30M5.5S."""
    found = _DURATION.fullmatch(text)
    if found is None or text.endswith(("P", "T")):
        raise StaError(f"{text} is not a duration such as P1DT2H.")
    parts = {unit: float(found[unit] or 0) for unit in ("days", "hours", "minutes", "seconds")}
    return timedelta(**parts) * (-1 if found["sign"] else 1)


def _calendar_date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise StaError(f"{text} is not a date.") from None


def _clock_time(text: str) -> time:
    try:
        return time.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", text))
    except ValueError:
        raise StaError(f"{text} is not a time of day.") from None


def _number(text: str) -> int | float:
    if text.lstrip("-").isdigit() and len(text) < 19:
        return int(text)
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise StaError(f"{text[:40]} is too large a number.")
    return value


_READERS: dict[str, Any] = {
    "STRING": lambda text: text[1:-1].replace("''", "'"),
    "INTERVAL": interval,
    "DATETIME": instant,
    "DATE": _calendar_date,
    "TIME": _clock_time,
    "NUMBER": _number,
    "DURATION": lambda text: duration(text[len("duration'") : -1]),
    "GEOGRAPHY": lambda text: Geography(text[text.index("'") + 1 : -1]),
    "CONSTANT": {"null": None, "true": True, "false": False}.__getitem__,
}


@cache
def _parser() -> Lark:
    return Lark(_GRAMMAR, parser="lalr", transformer=_TreeMaker(), maybe_placeholders=False)


def parse_expression(text: str) -> Node:
    """The tree of an expression. Raises StaError where it is none."""
    if len(text) > LONGEST_TEXT:
        raise StaError(f"An expression may be {LONGEST_TEXT} characters long.")
    if "\x00" in text:
        raise StaError("An expression has no NUL character.")
    try:
        tree: Node = _parser().parse(text)  # type: ignore[assignment]
    except VisitError as error:
        if isinstance(error.orig_exc, StaError):
            raise error.orig_exc from None
        raise StaError(f"Not understood: {text[:200]}") from None
    except LarkError as error:
        column = getattr(error, "column", 0)
        where = f" at character {column}" if isinstance(column, int) and column > 0 else ""
        raise StaError(f"Not understood{where}: {text[:200]}") from None
    return tree


def conjuncts(tree: Node) -> list[Node]:
    """The expressions that all must hold."""
    if isinstance(tree, Binary) and tree.operator == "and":
        return [*conjuncts(tree.left), *conjuncts(tree.right)]
    return [tree]
