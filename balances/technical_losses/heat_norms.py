"""Norms of heat losses from a table: `circuit,up_to_diameter_mm,w_m`."""

import csv
from math import inf, isfinite
from pathlib import Path

from django.utils.translation import gettext_noop as _

from balances.technical_losses.selectors.loss_settings import HeatNorm
from gis_core.errors import ReportedError
from gis_core.sentences import Sentence

_COLUMNS = ("circuit", "up_to_diameter_mm", "w_m")
_MOST_ROWS = 1000


def read_heat_norms(path: str) -> list[HeatNorm]:
    """The norms of a CSV file; an empty diameter holds for all. Raises ReportedError (`bad_file`, `bad_rows`)."""
    try:
        with Path(path).open(newline="", encoding="utf-8-sig") as file:
            rows = list(csv.DictReader(file))[: _MOST_ROWS + 1]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ReportedError(
            Sentence(_("The table {path} cannot be read: {error}."), path=path, error=str(error)),
            code="bad_file",
        ) from error
    if not rows or not set(_COLUMNS) <= set(rows[0]) or len(rows) > _MOST_ROWS:
        raise ReportedError(
            Sentence(_("A table of norms has the columns {columns}."), columns=", ".join(_COLUMNS)),
            code="bad_rows",
        )
    found, bad = [], []
    for line, row in enumerate(rows, start=2):
        norm = _norm(row)
        if norm is None:
            wanted = Sentence(_("circuit (supply, return), millimetres and W/m are wanted"))
            bad.append({"row": line, "reason": wanted})
        else:
            found.append(norm)
    if bad:
        raise ReportedError(
            Sentence(_("{count} rows of the table of norms cannot be taken."), count=len(bad)),
            code="bad_rows",
            details=bad,
        )
    return found


def _norm(row: dict[str, str | None]) -> HeatNorm | None:
    circuit = (row["circuit"] or "").strip()
    try:
        up_to = (row["up_to_diameter_mm"] or "").strip()
        up_to_m = float(up_to) / 1000 if up_to else inf
        watts = float(row["w_m"] or "")
    except ValueError:
        return None
    is_plausible = up_to_m > 0 and isfinite(watts) and 0 <= watts <= 10_000
    return HeatNorm(circuit, up_to_m, watts) if circuit in ("supply", "return") and is_plausible else None
