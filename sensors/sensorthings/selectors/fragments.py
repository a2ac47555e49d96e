"""Pieces of SQL that carry their parameters: what a client sent never becomes part of the text."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Fragment:
    """SQL with psycopg's `%s` in it, and the parameters for them in order."""

    text: str
    parameters: tuple[Any, ...] = ()


def sql(template: str, *parts: Fragment) -> Fragment:
    """`template` with each `{}` replaced by the next part."""
    pieces = template.split("{}")
    if len(pieces) != len(parts) + 1:
        raise ValueError(f"{template} does not take {len(parts)} parts")
    text = pieces[0] + "".join(part.text + piece for part, piece in zip(parts, pieces[1:], strict=True))
    return Fragment(text, tuple(value for part in parts for value in part.parameters))


def bound(value: Any) -> Fragment:
    """A parameter."""
    return Fragment("%s", (value,))


def joined(separator: str, parts: Iterable[Fragment], *, empty: str = "true") -> Fragment:
    """The parts with the separator between them; `empty` where there are none."""
    listed = list(parts)
    if not listed:
        return Fragment(empty)
    return Fragment(
        separator.join(part.text for part in listed),
        tuple(value for part in listed for value in part.parameters),
    )
