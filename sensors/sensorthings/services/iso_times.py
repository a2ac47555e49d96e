"""Reading many ISO 8601 instants at once."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

_SECOND_US = 1_000_000
_DIGITS = [0, 1, 2, 3, 5, 6, 8, 9, 11, 12, 14, 15, 17, 18]
_SEPARATORS = {4: "-", 7: "-", 10: "T", 13: ":", 16: ":"}
_DATE_AND_TIME = 19


def microseconds_of(stamps: Sequence[Any]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Microseconds since 1970-01-01 UTC of stamps such as 2026-01-31T10:00:00.5+05:00, and which of them were read.

    Read are texts of date, time of day to the second with at most six decimals, and Z or an offset. What is not read
    may still be an instant in another form.
    """
    times = np.zeros(len(stamps), np.int64)
    is_read = np.zeros(len(stamps), np.bool_)
    lengths = np.fromiter(
        (len(stamp) if type(stamp) is str else 0 for stamp in stamps), np.int64, len(stamps)
    )
    for length in np.unique(lengths).tolist():
        if not _DATE_AND_TIME <= length <= 32:
            continue
        places = np.flatnonzero(lengths == length)
        text = "".join([stamps[place] for place in places.tolist()])
        characters = np.frombuffer(text.encode("ascii", "replace"), np.uint8).reshape(len(places), length)
        # Stamps of one length may still have offsets of different kinds.
        for shape in {_shape(stamps[place]) for place in _samples(characters, places)}:
            if shape is not None:
                values, fits = _of_shape(characters, *shape)
                fits &= ~is_read[places]
                times[places[fits]], is_read[places[fits]] = values[fits], True
    return times, is_read


def _samples(characters: npt.NDArray[np.uint8], places: npt.NDArray[np.int64]) -> list[int]:
    """One stamp of each way in which the last six characters are laid out."""
    is_digit = (characters[:, -6:] - ord("0")) <= 9
    _unique, first = np.unique(is_digit @ (1 << np.arange(is_digit.shape[1])), return_index=True)
    return [int(places[place]) for place in first[:8]]


def _shape(stamp: str) -> tuple[int, int] | None:
    """How many decimals and how many characters of offset a stamp has; None where it is laid out otherwise."""
    rest = stamp[_DATE_AND_TIME:]
    decimals = 0
    if rest.startswith("."):
        decimals = len(rest[1:]) - len(rest[1:].lstrip("0123456789"))
        rest = rest[1 + decimals :]
        if not 1 <= decimals <= 6:
            return None
    return (decimals, len(rest)) if len(rest) in {1, 6} else None


def _of_shape(
    characters: npt.NDArray[np.uint8], decimals: int, offset: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    digits = (characters - ord("0")).astype(np.uint8)
    after = _DATE_AND_TIME + (decimals + 1 if decimals else 0)
    fraction = list(range(_DATE_AND_TIME + 1, after)) if decimals else []
    fits = (digits[:, _DIGITS + fraction] <= 9).all(axis=1)
    for place, separator in _SEPARATORS.items():
        fits &= characters[:, place] == ord(separator)
    if decimals:
        fits &= characters[:, _DATE_AND_TIME] == ord(".")
    number = digits.astype(np.int64)
    year = number[:, 0] * 1000 + number[:, 1] * 100 + number[:, 2] * 10 + number[:, 3]
    month, day, hour, minute, second = (number[:, at] * 10 + number[:, at + 1] for at in (5, 8, 11, 14, 17))
    months = ((year - 1970) * 12 + month - 1).astype("datetime64[M]")
    days = months.astype("datetime64[D]") + (day - 1)
    fits &= (year >= 1) & (month >= 1) & (month <= 12) & (day >= 1) & (days.astype("datetime64[M]") == months)
    fits &= (hour < 24) & (minute < 60) & (second < 60)
    seconds = days.astype(np.int64) * 86_400 + hour * 3600 + minute * 60 + second
    times = seconds * _SECOND_US
    for power, place in enumerate(fraction):
        times = times + number[:, place] * 10 ** (5 - power)
    if offset == 1:
        fits &= characters[:, after] == ord("Z")
    else:
        shift, is_offset = _offset_us(characters, number, after)
        times, fits = times - shift, fits & is_offset
    return times, fits


def _offset_us(
    characters: npt.NDArray[np.uint8], number: npt.NDArray[np.int64], at: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    sign = np.where(characters[:, at] == ord("-"), -1, 1)
    hours, minutes = (number[:, at + 1] * 10 + number[:, at + 2], number[:, at + 4] * 10 + number[:, at + 5])
    is_offset = np.isin(characters[:, at], [ord("+"), ord("-")]) & (characters[:, at + 3] == ord(":"))
    is_offset &= (
        (number[:, [at + 1, at + 2, at + 4, at + 5]] <= 9).all(axis=1) & (hours < 24) & (minutes < 60)
    )
    return sign * (hours * 60 + minutes) * 60 * _SECOND_US, is_offset
