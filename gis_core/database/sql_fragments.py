"""Pieces of SQL that carry their parameters: what a client sent never becomes part of the text."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Fragment:
    """SQL with psycopg's `%s` in it, the parameters for them in order, and the aliases of the joins that it needs."""

    text: str
    parameters: tuple[Any, ...] = ()
    aliases: frozenset[str] = frozenset()


def bound(value: Any) -> Fragment:
    """A parameter."""
    return Fragment("%s", (value,))


def joined(separator: str, parts: Iterable[Fragment], *, empty: str = "") -> Fragment:
    """The parts with the separator between them; `empty` where there are none."""
    listed = list(parts)
    if not listed:
        return Fragment(empty)
    return Fragment(
        separator.join(part.text for part in listed),
        tuple(value for part in listed for value in part.parameters),
        frozenset().union(*(part.aliases for part in listed)),
    )


def filled(template: str, *parts: Fragment) -> Fragment:
    """`template` with each `{}` replaced by the next part; other braces stay as they are."""
    pieces = template.split("{}")
    if len(pieces) != len(parts) + 1:
        raise ValueError(f"{template} does not take {len(parts)} parts")
    text = pieces[0] + "".join(part.text + piece for part, piece in zip(parts, pieces[1:], strict=True))
    together = joined("", parts)
    return Fragment(text, together.parameters, together.aliases)
