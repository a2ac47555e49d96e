"""Where a pump or valve stands: a link in EPANET, here a node on its link's drawing between two connectors.

file      A ~~~~~~~~~~~ pump P ~~~~~~~~~~~ B
stored    A ~~ connector P/1 ~~ (P) ~~ connector P/2 ~~ B        (P) in the middle of the drawing
"""

from collections.abc import Sequence
from dataclasses import dataclass

from assets.exchange.services.epanet_import.inp_entries import Position
from gis_core.geodesy import GEOD

CONNECTOR_LENGTH_M = 0.1
# Ends closer than this are one place in the drawing.
COINCIDENT_M = 0.1
# Several devices at one place spread out: each turns by the golden angle, so that no two share a direction.
_FIRST_AZIMUTH_DEGREES = 90.0
_TURN_DEGREES = 137.50776405003785


@dataclass(frozen=True, slots=True)
class DevicePlace:
    """Where a device stands and the lines of its two connectors, in the direction of its link."""

    position: Position
    before: list[Position]
    after: list[Position]
    is_beside: bool


def place_device(start: Position, vertices: Sequence[Position], end: Position, rank: int) -> DevicePlace:
    """Place a device in the middle of its link's line; beside it, 0.1 m away, where the ends coincide.

    `rank` counts the devices whose link starts at the same place.
    """
    line = [start, *vertices, end]
    longitudes, latitudes = zip(*line, strict=True)
    _, _, lengths = GEOD.inv(longitudes[:-1], latitudes[:-1], longitudes[1:], latitudes[1:])
    total_m = sum(lengths)
    if total_m < COINCIDENT_M:
        azimuth = (_FIRST_AZIMUTH_DEGREES + rank * _TURN_DEGREES) % 360
        longitude, latitude, _ = GEOD.fwd(*start, azimuth, CONNECTOR_LENGTH_M)
        position = (float(longitude), float(latitude))
        return DevicePlace(position, [start, *vertices, position], [position, end], is_beside=True)
    remaining_m = total_m / 2
    index = 0
    while remaining_m > lengths[index]:
        remaining_m -= lengths[index]
        index += 1
    share = remaining_m / lengths[index] if lengths[index] > 0 else 0.0
    (x_from, y_from), (x_to, y_to) = line[index], line[index + 1]
    position = (x_from + (x_to - x_from) * share, y_from + (y_to - y_from) * share)
    return DevicePlace(
        position, [*line[: index + 1], position], [position, *line[index + 1 :]], is_beside=False
    )
