"""Figures that a reader states in a form of a page: what they are, and what was written into them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from gis_core.written_numbers import TwoReadings, decimal_of_text

_LONGEST = 30


@dataclass(frozen=True)
class FigureField:
    """A field of a form: its name, label with unit, and the bounds of what it may be."""

    name: str
    label: str
    least: float
    most: float
    default: float | None = None


@dataclass(frozen=True)
class StatedFigure:
    """A field with the text that was written; `value` is None where nothing was, or nothing that can be."""

    field: FigureField
    text: str
    value: float | None

    @property
    def is_refused(self) -> bool:
        return bool(self.text) and self.value is None


def stated_figures(query: Mapping[str, str], fields: Sequence[FigureField]) -> dict[str, StatedFigure]:
    """Every field by name; what was not asked for has its default, what was emptied has none."""
    found = {}
    for field in fields:
        default = "" if field.default is None else f"{field.default:g}"
        text = query.get(field.name, default).replace("\x00", "").strip()[:_LONGEST]
        found[field.name] = StatedFigure(field, text, _value(text, field))
    return found


def _value(text: str, field: FigureField) -> float | None:
    try:
        number: Decimal | None = decimal_of_text(text)
    except TwoReadings:
        number = decimal_of_text(text, ".")
    return float(number) if number is not None and field.least <= number <= field.most else None
