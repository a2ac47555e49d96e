"""CQL2 as text or JSON, read into one form: the JSON encoding's objects. What they mean is `cql2_sql`'s business."""

import functools
import json
from pathlib import Path
from typing import Any, NoReturn

from lark import Lark, Token, Transformer, UnexpectedCharacters, UnexpectedEOF, UnexpectedInput, v_args

from gis_core.errors import ReportedError

# An address has no room for more, and a filter of this size is already a page of text.
MAXIMUM_LENGTH = 60_000
TEXT, JSON = "cql2-text", "cql2-json"
# The name of the text encoding in the standard's drafts, which GDAL still sends; what GDAL writes is CQL2, too.
DRAFT_TEXT = "cql-text"
LANGUAGES = (TEXT, JSON, DRAFT_TEXT)

Expression = Any
"""A CQL2 JSON value: an object with `op` and `args`, a property, a literal."""

_WORDS = {
    "$END": "the end",
    "COMPARISON": "a comparison",
    "NAME": "a name",
    "QUOTED_NAME": "a quoted name",
    "STRING": "a text in single quotes",
    "NUMBER": "a number",
    "LPAR": "(",
    "RPAR": ")",
    "COMMA": ",",
    "PLUS": "+",
    "MINUS": "-",
    "STAR": "*",
    "SLASH": "/",
    "PERCENT": "%",
    "CIRCUMFLEX": "^",
}

# What a value can begin with.
_BEGINNINGS = set(
    "LPAR PLUS MINUS NAME QUOTED_NAME STRING NUMBER _TRUE _FALSE _DATE _TIMESTAMP _INTERVAL _BBOX _POINT _LINESTRING "
    "_POLYGON _MULTIPOINT _MULTILINESTRING _MULTIPOLYGON _GEOMETRYCOLLECTION".split()
)


def bad_filter(reason: str) -> ReportedError:
    """The error for a filter that is not understood or not supported."""
    return ReportedError(f"filter: {reason}", code="InvalidParameterValue")


def read_filter(text: str, language: str) -> Expression:
    """The filter as a CQL2 JSON expression; raises ReportedError saying what is wrong and where."""
    if language not in LANGUAGES:
        raise ReportedError(
            f"filter-lang: {language[:40]!r} is not supported; send {TEXT} or {JSON}.",
            code="InvalidParameterValue",
        )
    if len(text) > MAXIMUM_LENGTH:
        raise bad_filter(f"it has {len(text):,} characters; at most {MAXIMUM_LENGTH:,} are taken.")
    return _read_json(text) if language == JSON else _read_text(text)


def _read_json(text: str) -> Expression:
    def refuse(word: str) -> NoReturn:
        raise ValueError(f"{word} is not a JSON number")

    try:
        parsed = json.loads(text, parse_constant=refuse)
        json.dumps(parsed, ensure_ascii=False).encode()
    except RecursionError:
        raise bad_filter("it is nested too deeply.") from None
    except UnicodeEncodeError:
        raise bad_filter("half a surrogate pair is not a character.") from None
    except ValueError as error:
        raise bad_filter(f"this is not JSON: {error}.") from None
    return parsed


def _read_text(text: str) -> Expression:
    try:
        return _parser().parse(text)
    except UnexpectedEOF as error:
        raise bad_filter(f"it ends too early; expected {_expected(error.expected)}.") from None
    except UnexpectedCharacters as error:
        raise bad_filter(
            f"line {error.line}, column {error.column}: {error.char!r} cannot stand here; "
            f"expected {_expected(error.allowed or ())}."
        ) from None
    except UnexpectedInput as error:
        found = getattr(error, "token", None)
        if isinstance(found, Token) and found.type == "$END":
            raise bad_filter(f"it ends too early; expected {_expected(error.accepts or ())}.") from None  # type: ignore[attr-defined]
        raise bad_filter(
            f"line {error.line}, column {error.column}: {str(found)[:40]!r} cannot stand here; "
            f"expected {_expected(getattr(error, 'accepts', None) or ())}."
        ) from None


def _expected(names: Any) -> str:
    left = set(names)
    if {"NAME", "NUMBER"} <= left:
        left = left - _BEGINNINGS | {"a value"}
    words = sorted({_WORDS.get(name, name.strip("_")) for name in left})
    return ", ".join(words) if words else "something else"


@functools.cache
def _parser() -> Lark:
    grammar = Path(__file__).with_name("cql2.lark").read_text(encoding="utf-8")
    return Lark(grammar, parser="lalr", transformer=_ToJson(), maybe_placeholders=False)


def _operation(name: str) -> Any:
    return lambda self, *operands: {"op": name, "args": list(operands)}


def _negated(name: str) -> Any:
    return lambda self, *operands: {"op": "not", "args": [{"op": name, "args": list(operands)}]}


def _chain(name: str) -> Any:
    """AND and OR of many become one operation, so that a long list is not a deep one."""

    def link(self: Any, left: Expression, right: Expression) -> Expression:
        if isinstance(left, _Chain) and left["op"] == name:
            left["args"].append(right)
            return left
        return _Chain(op=name, args=[left, right])

    return link


class _Chain(dict[str, Any]):
    """An AND or OR still being read."""


def _number(text: str) -> float | int:
    value = float(text)
    return int(text) if text.isdigit() and len(text) < 16 else value


def _string(token: str) -> str:
    return token[1:-1].replace("''", "'").replace("\\'", "'")


def _geometry(kind: str) -> Any:
    return lambda self, *parts: {"type": kind, "coordinates": list(parts)}


@v_args(inline=True)
class _ToJson(Transformer[Token, Expression]):
    """Each rule's JSON, made while the text is read."""

    and_, or_ = _chain("and"), _chain("or")
    not_, like, between = _operation("not"), _operation("like"), _operation("between")
    not_like, not_between = _negated("like"), _negated("between")
    is_null, is_not_null = _operation("isNull"), _negated("isNull")
    add, subtract, multiply, divide = (_operation(sign) for sign in "+-*/")
    modulo, whole_division, power = _operation("%"), _operation("div"), _operation("^")
    multi_point, multi_polygon = _geometry("MultiPoint"), _geometry("MultiPolygon")

    def start(self, expression: Expression) -> Expression:
        return expression

    def comparison(self, left: Expression, sign: Token, right: Expression) -> Expression:
        return {"op": str(sign), "args": [left, right]}

    def in_(self, value: Expression, *listed: Expression) -> Expression:
        return {"op": "in", "args": [value, list(listed)]}

    def not_in(self, value: Expression, *listed: Expression) -> Expression:
        return {"op": "not", "args": [self.in_(value, *listed)]}

    def negative(self, value: Expression) -> Expression:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return -value
        return {"op": "*", "args": [-1, value]}

    def positive(self, value: Expression) -> Expression:
        return value

    def number(self, token: Token) -> Expression:
        return _number(token)

    def negative_number(self, token: Token) -> Expression:
        return -_number(token)

    def string(self, token: Token) -> Expression:
        return _string(token)

    end_text = string

    def true(self) -> Expression:
        return True

    def false(self) -> Expression:
        return False

    def property(self, token: Token) -> Expression:
        return {"property": token[1:-1] if token.type == "QUOTED_NAME" else str(token)}

    def function(self, name: Token, *arguments: Expression) -> Expression:
        return {"op": name.lower(), "args": list(arguments)}

    def date(self, token: Token) -> Expression:
        return {"date": _string(token)}

    def timestamp(self, token: Token) -> Expression:
        return {"timestamp": _string(token)}

    def interval(self, start: Expression, end: Expression) -> Expression:
        return {"interval": [start, end]}

    def bbox(self, *numbers: float) -> Expression:
        return {"bbox": list(numbers)}

    def point(self, position: list[float]) -> Expression:
        return {"type": "Point", "coordinates": position}

    def line_string(self, positions: list[Any]) -> Expression:
        return {"type": "LineString", "coordinates": positions}

    def polygon(self, rings: list[Any]) -> Expression:
        return {"type": "Polygon", "coordinates": rings}

    def multi_line_string(self, lines: list[Any]) -> Expression:
        return {"type": "MultiLineString", "coordinates": lines}

    def collection(self, *members: Expression) -> Expression:
        return {"type": "GeometryCollection", "geometries": list(members)}

    def rings(self, *lines: list[Any]) -> list[Any]:
        return list(lines)

    def positions(self, *positions: list[float]) -> list[Any]:
        return list(positions)

    def position(self, *coordinates: float) -> list[float]:
        return list(coordinates)
