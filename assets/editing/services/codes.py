"""Free codes in a series: P7/1, P7/2 … or J12-1, J12-2 …, each found without asking for all before it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from django.db import connection

_NUMBERED = re.compile(r"(.*)([/-])([1-9]\d{0,8})\Z", re.DOTALL)
_BLOCK = 8
_MAXIMUM_BLOCK = 2000


@dataclass(frozen=True)
class CodeSeries:
    """stem + separator + 1, 2 … among a table's rows of one class (`column` = `among`) in the network."""

    table: str
    column: str
    among: str | bool
    stem: str
    separator: str

    def code(self, number: int) -> str:
        return f"{self.stem}{self.separator}{number}"


@dataclass
class FreeCodes:
    """The free codes of one network, for one edit: nobody else makes any meanwhile.

    Remembers below which number all are taken, so that each search begins where the last one ended.
    """

    network_id: int
    _first: dict[CodeSeries, int] = field(default_factory=dict)

    def remembered(self) -> dict[CodeSeries, int]:
        """What is known so far, to be given to `forget_since` when the rows made since are taken back."""
        return dict(self._first)

    def forget_since(self, remembered: dict[CodeSeries, int]) -> None:
        self._first = remembered

    def first(self, series: CodeSeries) -> str:
        """The first code of a series that is not taken; it stays the first until a row has it."""
        return next(self.following(series))

    def following(self, series: CodeSeries, block: int = _BLOCK) -> Iterator[str]:
        """The free codes of a series from the first on; whoever takes one uses it."""
        number = self.remembered_number(series)
        while True:
            numbers = range(number, number + block)
            taken = self._taken(series, [series.code(candidate) for candidate in numbers])
            for candidate in numbers:
                code = series.code(candidate)
                if code not in taken:
                    self._first[series] = candidate
                    yield code
            number, block = number + block, min(block * 4, _MAXIMUM_BLOCK)

    def remembered_number(self, series: CodeSeries) -> int:
        """Below it all numbers of the series are taken."""
        return self._first.get(series, 1)

    def free(self, code: str) -> None:
        """A row has gone or has another code now: a series that has passed the number finds it again."""
        match = _NUMBERED.match(code)
        if match is None:
            return
        for series, first in self._first.items():
            if (series.stem, series.separator) == (match[1], match[2]):
                self._first[series] = min(first, int(match[3]))

    def _taken(self, series: CodeSeries, codes: list[str]) -> set[str]:
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT code FROM {series.table} WHERE network_id = %s "  # noqa: S608 -- names of our own
                f"AND {series.column} = %s AND code = ANY (%s)",
                [self.network_id, series.among, codes],
            )
            return {code for (code,) in cursor.fetchall()}
