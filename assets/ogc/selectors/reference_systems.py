"""The coordinate reference systems features are given in, by their OGC names, with the axis order each one says."""

import functools
import math
from dataclasses import dataclass

from pyproj import CRS, Transformer
from pyproj.enums import TransformDirection

from gis_core.errors import ReportedError

CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
STORED_SRID = 4326
# WGS 84; web and world Mercator; the UTM zones of the region; Pulkovo 1942 and its Gauss-Krueger zones, in which
# the country's older plans are drawn.
_EPSG_CODES = (
    4326,
    3857,
    3395,
    *range(32640, 32645),
    4284,
    *range(28410, 28415),
)


@dataclass(frozen=True)
class ReferenceSystem:
    """A CRS by its URI. `is_northing_first`: its first axis is latitude or northing, unlike PostGIS's x, y."""

    uri: str
    srid: int
    is_northing_first: bool
    is_geographic: bool

    @property
    def digits(self) -> int:
        """Decimals that a coordinate is written with: as stored in degrees, 0.1 mm in metres."""
        return 15 if self.is_geographic else 4


@functools.cache
def reference_systems() -> dict[str, ReferenceSystem]:
    """All of them by URI; the first is the default and the one features are stored in."""
    found = {CRS84: ReferenceSystem(CRS84, STORED_SRID, is_northing_first=False, is_geographic=True)}
    for code in _EPSG_CODES:
        uri = f"http://www.opengis.net/def/crs/EPSG/0/{code}"
        crs = CRS.from_epsg(code)
        found[uri] = ReferenceSystem(
            uri,
            code,
            is_northing_first=crs.axis_info[0].direction == "north",
            is_geographic=crs.is_geographic,
        )
    return found


def reference_system(uri: str, parameter: str) -> ReferenceSystem:
    """The CRS of a URI; ReportedError naming the parameter it came in when it is none of ours."""
    found = reference_systems().get(uri)
    if found is None:
        raise ReportedError(
            f"{parameter}: {uri[:200]!r} is not among the coordinate reference systems of this collection; "
            "they are listed as crs in its description.",
            code="InvalidParameterValue",
        )
    return found


def require_in_extent(system: ReferenceSystem, x: float, y: float, parameter: str) -> None:
    """Raise ReportedError unless x (easting or longitude), y lies where the CRS is defined."""
    longitude, latitude = x, y
    if not system.is_geographic:
        to_degrees = _to_degrees(system.srid)
        longitude, latitude = to_degrees.transform(x, y)
        # What lies outside a projection is wrapped or squeezed into degrees and does not come back as it was.
        back = to_degrees.transform(longitude, latitude, direction=TransformDirection.INVERSE)
        if not all(abs(a - b) <= 1.0 for a, b in zip(back, (x, y), strict=True)):
            longitude = math.nan
    if not (-180 <= longitude <= 180 and -90 <= latitude <= 90):
        raise ReportedError(
            f"{parameter}: the position {x:g}, {y:g} (easting or longitude first) is outside the extent of "
            f"{system.uri}.",
            code="InvalidParameterValue",
        )


@functools.cache
def _to_degrees(srid: int) -> Transformer:
    return Transformer.from_crs(srid, STORED_SRID, always_xy=True)
