"""Positions as people write them: degrees in any order, minutes and seconds, and metres of a plane."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from pyproj import Transformer

# UTM zones 40 to 43 north cover Uzbekistan from 54 to 78 degrees east.
_PLANES = {32640: "UTM 40N", 32641: "UTM 41N", 32642: "UTM 42N", 32643: "UTM 43N"}
_LEAST_METRES = 1_000.0
_NUMBER = r"[-+]?\d+(?:[.,]\d+)?"
_DEGREES = rf"({_NUMBER})\s*°?\s*([NSEW]?)"
_DEGREES_ONLY = re.compile(rf"^\s*{_DEGREES}(?:\s*[;/]\s*|\s*,\s+|\s+){_DEGREES}\s*$", re.I)
# 41.31,69.24: the comma is between the numbers where both have a point.
_POINTS_AND_COMMA = re.compile(r"^\s*([-+]?\d+\.\d+)\s*,\s*([-+]?\d+\.\d+)\s*$")
# 69 14 24.5 E, 69°14'24,5"E, E 69° 14.4'
_PART = re.compile(
    r"""([NSEW])?\s*(-?\d{1,3})\s*(?:°|d|º|\s)\s*
        (\d{1,2}(?:[.,]\d+)?)\s*(?:['′’‘ʹm]|\s|$)\s*
        (?:(\d{1,2}(?:[.,]\d+)?)\s*(?:["″”“s]|''|′′)?\s*)?([NSEW])?""",
    re.I | re.X,
)
_CYRILLIC_POINTS = str.maketrans(
    {"С": "N", "с": "N", "Ю": "S", "ю": "S", "В": "E", "в": "E", "З": "W", "з": "W"}
)


@dataclass(frozen=True)
class Position:
    """A possible meaning of what was typed: degrees (WGS 84), and the plane it was read in, "" for degrees."""

    longitude: float
    latitude: float
    plane: str = ""


def positions_of(text: str) -> list[Position]:
    """All positions that the text can mean, longitude first or latitude first; empty when it is no pair of coordinates.

    Letters (N, E, and the Russian С, В) decide the order; without them both orders that are on earth are given. Numbers
    beyond degrees are metres on a UTM zone of Uzbekistan, easting and northing in any order.
    """
    pair = _pair_of(text.translate(_CYRILLIC_POINTS) if re.search(r"\d", text) else text)
    if pair is None:
        return []
    (first, first_letter), (second, second_letter) = pair
    if max(abs(first), abs(second)) > 180:
        return list(dict.fromkeys(_on_planes(first, second)))
    orders = []
    if first_letter not in ("E", "W") and second_letter not in ("N", "S"):
        orders.append(Position(second, first))
    if first_letter not in ("N", "S") and second_letter not in ("E", "W"):
        orders.append(Position(first, second))
    return list(dict.fromkeys(place for place in orders if abs(place.latitude) <= 90))


def _pair_of(text: str) -> tuple[tuple[float, str], tuple[float, str]] | None:
    plain = _POINTS_AND_COMMA.match(text)
    if plain:
        return (float(plain[1]), ""), (float(plain[2]), "")
    degrees = _DEGREES_ONLY.match(text)
    if degrees:
        return (
            (_signed(_number(degrees[1]), degrees[2]), degrees[2].upper()),
            (_signed(_number(degrees[3]), degrees[4]), degrees[4].upper()),
        )
    return _sexagesimal_pair(text)


def _sexagesimal_pair(text: str) -> tuple[tuple[float, str], tuple[float, str]] | None:
    parts = list(_PART.finditer(text))
    left = _PART.sub("", text)
    if len(parts) != 2 or re.search(r"[^\s,;/]", left):
        return None
    first, second = (_sexagesimal(part) for part in parts)
    return (first, second) if first and second else None


def _sexagesimal(part: re.Match[str]) -> tuple[float, str] | None:
    degrees, minutes, seconds = _number(part[2]), _number(part[3]), _number(part[4] or "0")
    if minutes >= 60 or seconds >= 60:
        return None
    letter = (part[1] or part[5] or "").upper()
    size = abs(degrees) + minutes / 60 + seconds / 3600
    return _signed(-size if part[2].startswith("-") else size, letter), letter


def _number(text: str) -> float:
    return float(text.replace(",", "."))


def _signed(value: float, letter: str) -> float:
    return -abs(value) if letter.upper() in ("S", "W") else value


@cache
def _from_plane(srid: int) -> Transformer:
    return Transformer.from_crs(srid, 4326, always_xy=True)


def _on_planes(first: float, second: float) -> Iterator[Position]:
    if min(abs(first), abs(second)) < _LEAST_METRES:
        return
    for srid, name in _PLANES.items():
        middle = -183 + 6 * (srid - 32600)
        for easting, northing in ((first, second), (second, first)):
            if not (100_000 <= easting <= 900_000 and 0 <= northing <= 9_350_000):
                continue
            longitude, latitude = _from_plane(srid).transform(easting, northing)
            # A zone is six degrees wide, and drawings run over its edge a little.
            if abs(longitude - middle) <= 3.5:
                yield Position(longitude, latitude, name)
