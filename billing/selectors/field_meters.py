"""Meters that somebody with a phone reads: where they hang, and what was read last. No names, no telephone numbers."""

from typing import Any

from django.db import connection

from gis_core.access import Capability, Viewer, granted_paths, is_unrestricted
from gis_core.database.sql_files import load_sql

METER_COLUMNS = (
    "installation", "serial", "service_point", "address", "lon", "lat", "digits", "last_index_m3", "last_read_on",
    "node",
)  # fmt: skip
Box = tuple[float, float, float, float]


def field_meters(box: Box, viewer: Viewer) -> list[list[Any]]:
    """The meters installed today in a box (west, south, east, north, degrees) where the viewer enters readings.

    Rows of `METER_COLUMNS`.
    """
    west, south, east, north = box
    with connection.cursor() as cursor:
        cursor.execute(
            load_sql("billing", "field_meters"),
            {"west": west, "south": south, "east": east, "north": north, "patterns": _patterns(viewer)},
        )
        return [
            [
                str(value) if name in _AS_TEXT and value is not None else value
                for name, value in zip(METER_COLUMNS, row, strict=True)
            ]
            for row in cursor.fetchall()
        ]


_AS_TEXT = {"installation", "last_index_m3", "last_read_on", "node"}


def _patterns(viewer: Viewer) -> list[str]:
    """LIKE patterns of the division paths in which the viewer enters readings."""
    if is_unrestricted(viewer):
        return ["%"]
    return [f"{path}%" for path in granted_paths(viewer, Capability.ENTER_READINGS)]
