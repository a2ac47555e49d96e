"""Which elements are meant: conditions on attributes, a box, uids, codes and an order, as pieces of SQL.

What a client sends is bound, never part of the text. A condition is `attribute:operator:value`.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from math import isfinite
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_noop as _

from assets.workbench.selectors.attributes import PIPE_CLASS, ElementAttribute, attributes_of
from gis_core.database.sql_fragments import Fragment, bound, filled, joined
from gis_core.errors import ReportedError
from gis_core.sentences import Figure, Sentence

MAXIMUM_CONDITIONS = 20
MAXIMUM_SORTS = 5
# Of a request's body; in an address there is room for some hundreds.
MAXIMUM_NAMED = 20_000
_COMPARISONS = {"eq": "=", "ne": "<>", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}
_WITHOUT_VALUE = {"null": "({}) IS NULL", "notnull": "({}) IS NOT NULL"}
OPERATORS = (*_COMPARISONS, "in", "like", *_WITHOUT_VALUE)
# Texts are empty where nothing is known, so nothing is known where they are empty.
_WITHOUT_TEXT = {"null": "coalesce({}, '') = ''", "notnull": "coalesce({}, '') <> ''"}
_TYPES = {"number": "float8", "integer": "float8", "truth": "boolean", "date": "date"}
_LARGEST = 1e15
_COMMA = re.compile(r"(?<!\\),")


@dataclass(frozen=True)
class ElementFilter:
    """What is asked for of one class of a network's elements; `bbox` is west, south, east, north in degrees."""

    element_class: str
    where: Sequence[str] = ()
    bbox: tuple[float, float, float, float] | None = None
    uids: Sequence[UUID] | None = None
    codes: Sequence[str] | None = None
    sort: Sequence[str] = field(default=("code",))


def condition_of(asked: ElementFilter, commodity: str) -> Fragment:
    """The condition that the elements meet, beside that of their network and class; raises ReportedError.

    Removed elements are found only where their state, uids or codes are asked for.
    """
    attributes = {attribute.name: attribute for attribute in attributes_of(asked.element_class, commodity)}
    if len(asked.where) > MAXIMUM_CONDITIONS:
        raise ReportedError(
            Sentence(
                _("At most {maximum_conditions} conditions are taken."), maximum_conditions=MAXIMUM_CONDITIONS
            ),
            code="bad_filter",
        )
    table = table_of(asked.element_class)
    parts = [_condition(text, attributes) for text in asked.where]
    asks_state = any(text.startswith("lifecycle:") for text in asked.where)
    for name, values in (("uid", asked.uids), ("code", asked.codes)):
        if values is not None:
            if len(values) > MAXIMUM_NAMED:
                raise ReportedError(
                    Sentence(
                        _("At most {maximum_named} {name}s are taken."),
                        maximum_named=Figure(MAXIMUM_NAMED, ","),
                        name=name,
                    ),
                    code="bad_filter",
                )
            kind = "uuid[]" if name == "uid" else "text[]"
            parts.append(filled(f"{table}.{name} = ANY ({{}}::{kind})", bound(list(values))))
            asks_state = True
    if not asks_state:
        parts.append(Fragment(f"{table}.lifecycle <> 'removed'"))
    if asked.bbox is not None:
        box = joined(", ", (bound(value) for value in _checked(asked.bbox)))
        envelope = filled("ST_MakeEnvelope({}, 4326)", box)
        parts.append(
            filled(f"{table}.geom && {{}} AND ST_Intersects({table}.geom, {{}})", envelope, envelope)
        )
    return joined(" AND ", parts, empty="true")


def order_of(asked: ElementFilter, commodity: str) -> Fragment:
    """The order of the elements, always a full one; raises ReportedError."""
    attributes = {attribute.name: attribute for attribute in attributes_of(asked.element_class, commodity)}
    if len(asked.sort) > MAXIMUM_SORTS:
        raise ReportedError(
            Sentence(_("At most {maximum_sorts} attributes are sorted by."), maximum_sorts=MAXIMUM_SORTS),
            code="bad_filter",
        )
    table = table_of(asked.element_class)
    parts = []
    for text in asked.sort:
        is_descending = text.startswith("-")
        attribute = _attribute(text.removeprefix("-"), attributes)
        parts.append(filled("{} DESC NULLS LAST" if is_descending else "{} ASC NULLS LAST", attribute.sql))
    return joined(", ", [*parts, Fragment(f"{table}.id")])


def table_of(element_class: str) -> str:
    """The alias of the class's own table in our queries."""
    return "pipe" if element_class == PIPE_CLASS else "node"


def _checked(bbox: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
    west, south, east, north = bbox
    if not (-180 <= west < east <= 180 and -90 <= south < north <= 90):
        raise ReportedError(Sentence(_("bbox is west,south,east,north in degrees.")), code="bad_filter")
    return bbox


def _condition(text: str, attributes: Mapping[str, ElementAttribute]) -> Fragment:
    name, colon, rest = text.partition(":")
    operator, has_value, value = rest.partition(":")
    if not colon or operator not in OPERATORS or bool(has_value) == (operator in _WITHOUT_VALUE):
        raise ReportedError(
            Sentence(
                _(
                    "{text} is no condition: write attribute:operator:value, the operator one of "
                    "{operators}; null and notnull take no value."
                ),
                text=repr(text[:80]),
                operators=", ".join(OPERATORS),
            ),
            code="bad_filter",
        )
    attribute = _attribute(name, attributes)
    is_text = attribute.type in ("text", "choice")
    if operator in _WITHOUT_VALUE:
        return filled((_WITHOUT_TEXT if is_text else _WITHOUT_VALUE)[operator], attribute.sql)
    if operator == "like":
        if not is_text:
            raise _refused(attribute, Sentence(_("like is for texts")))
        escaped = value.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        return filled("{} ILIKE {}", attribute.sql, bound(f"%{escaped}%"))
    cast = _TYPES.get(attribute.type, "text")
    if operator == "in":
        values = [_value(attribute, part.replace("\\,", ",")) for part in _COMMA.split(value)]
        return filled(f"{{}} = ANY ({{}}::{cast}[])", attribute.sql, bound(values))
    if attribute.type == "truth" and operator not in ("eq", "ne"):
        raise _refused(attribute, Sentence(_("it is true or false, which only eq and ne compare")))
    comparison = filled(
        f"{{}} {_COMPARISONS[operator]} {{}}::{cast}", attribute.sql, bound(_value(attribute, value))
    )
    # What is not known differs from every value.
    return filled("({} OR {} IS NULL)", comparison, attribute.sql) if operator == "ne" else comparison


def _attribute(name: str, attributes: Mapping[str, ElementAttribute]) -> ElementAttribute:
    if name not in attributes:
        raise ReportedError(
            Sentence(
                _("{name} is no attribute of this class; known: {attributes}."),
                name=repr(name[:80]),
                attributes=", ".join(attributes),
            ),
            code="bad_filter",
        )
    return attributes[name]


def _value(attribute: ElementAttribute, text: str) -> Any:
    if attribute.type in ("number", "integer"):
        try:
            number = float(text)
        except ValueError:
            raise _refused(attribute, Sentence(_("{text} is no number"), text=repr(text[:40]))) from None
        if not isfinite(number) or abs(number) > _LARGEST:
            raise _refused(
                attribute, Sentence(_("{text} is no number that can be compared"), text=repr(text[:40]))
            )
        return number
    if attribute.type == "truth":
        if text not in ("true", "false"):
            raise _refused(attribute, Sentence(_("{text} is neither true nor false"), text=repr(text[:40])))
        return text == "true"
    if attribute.type == "date":
        try:
            return date.fromisoformat(text)
        except ValueError:
            raise _refused(
                attribute, Sentence(_("{text} is no day; write 2026-01-31"), text=repr(text[:40]))
            ) from None
    return text


def _refused(attribute: ElementAttribute, reason: str) -> ReportedError:
    return ReportedError(
        Sentence(_("{attribute}: {reason}."), attribute=attribute.name, reason=reason),
        code="bad_filter",
        details=[{"element": attribute.name, "reason": reason}],
    )
