"""Which column of a file is which, by codes and titles; and which register a file is of when it is another one's."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from django.utils.translation import gettext_noop as _

from billing.exchange.selectors.columns import Column, plain_name
from billing.exchange.selectors.kinds import KINDS, RegisterKind
from gis_core.errors import ReportedError
from gis_core.sentences import Sentence, Word


@dataclass(frozen=True)
class KnownHeader:
    """The columns of a file by their place in it; and the headings that no column has."""

    columns: dict[int, Column]
    unknown: tuple[str, ...]


@cache
def _columns_by_title(kind: RegisterKind) -> dict[str, Column]:
    found: dict[str, Column] = {}
    for column in kind.columns:
        for title in column.titles():
            found.setdefault(title, column)
    # A code is that column's, whatever the title of another.
    return found | {plain_name(column.name): column for column in kind.columns}


def known_header(kind: RegisterKind, header: Sequence[str], file: str) -> KnownHeader:
    """The columns that the header names.

    Raises ReportedError: `other_register` for a file of another one, `missing_columns`, `column_twice`.
    """
    found = _columns_of(kind, header)
    _refuse_other_register(kind, header, file)
    there = {column.name for column in found.values()}
    missing = [column.name for column in kind.required if column.name not in there]
    if missing:
        raise ReportedError(
            Sentence(
                _("{file} lacks the columns {missing}; {register} needs {required}."),
                file=file,
                missing=", ".join(missing),
                register=Word(kind.title),
                required=", ".join(column.name for column in kind.required),
            ),
            code="missing_columns",
        )
    names = [column.name for column in found.values()]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ReportedError(
            Sentence(_("{file} has the column {column} twice."), file=file, column=twice), code="column_twice"
        )
    unknown = tuple(text[:60] for place, text in enumerate(header) if place not in found and text)
    return KnownHeader(found, unknown)


def _columns_of(kind: RegisterKind, header: Sequence[str]) -> dict[int, Column]:
    known = _columns_by_title(kind)
    # A template marks with an asterisk what is required; plain names have no signs.
    named = ((place, known.get(plain_name(text))) for place, text in enumerate(header))
    return {place: column for place, column in named if column is not None}


def _fit(kind: RegisterKind, header: Sequence[str]) -> int:
    """How many columns of the header are of the register; 0 where it lacks one that is required."""
    there = {column.name for column in _columns_of(kind, header).values()}
    return len(there) if all(column.name in there for column in kind.required) else 0


def _refuse_other_register(kind: RegisterKind, header: Sequence[str], file: str) -> None:
    best = max(KINDS.values(), key=lambda other: _fit(other, header))
    if _fit(best, header) > _fit(kind, header):
        raise ReportedError(
            Sentence(
                _("{file} looks like a file of the register {other} ({code}), not of {register}."),
                file=file,
                other=Word(best.title),
                code=best.name,
                register=Word(kind.title),
            ),
            code="other_register",
        )
