"""Identifiers that EPANET 2.2 can read: unique, at most 31 bytes, without blanks, quotes and semicolons."""

import re
from collections.abc import Iterable
from typing import Any

MAXIMUM_BYTES = 31
_UNREADABLE = re.compile(r'[\s;"]')


class Names:
    """Hands out identifiers of one kind (nodes, links, patterns, curves) and remembers which were changed."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._taken: set[str] = set()
        self.by_code: dict[str, str] = {}
        self.renamed: list[dict[str, Any]] = []

    def reserve(self, codes: Iterable[str]) -> None:
        """Codes that are readable as they are keep themselves, whoever comes first."""
        self._taken |= {code for code in codes if _is_readable(code)}

    def give(self, code: str, *, keeps: bool, label: str = "") -> str:
        """The identifier for a code; `keeps` when it was reserved for just this element."""
        name = code if keeps and _is_readable(code) else self._free(code)
        self._taken.add(name)
        self.by_code.setdefault(code, name)
        if name != code:
            self.renamed.append({"element": label or f"{self._what} {code}", "code": code, "epanet_id": name})
        return name

    def _free(self, code: str) -> str:
        base = _UNREADABLE.sub("_", code).lstrip("[") or "_"
        name, number = _shortened(base, ""), 1
        while name in self._taken:
            number += 1
            name = _shortened(base, f"~{number}")
        return name


def _is_readable(code: str) -> bool:
    return (
        0 < len(code.encode()) <= MAXIMUM_BYTES
        and not _UNREADABLE.search(code)
        and not code.startswith("[")
        and code.isprintable()
    )


def _shortened(base: str, ending: str) -> str:
    room = MAXIMUM_BYTES - len(ending.encode())
    return base.encode()[:room].decode(errors="ignore") + ending
