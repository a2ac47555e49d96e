"""Lengths on the WGS 84 ellipsoid (EPSG:4326, longitude and latitude in degrees)."""

import math

from pyproj import Geod

# Geodesic lengths, azimuths and areas: Karney, Algorithms for geodesics, Journal of Geodesy 87 (2013).
GEOD = Geod(ellps="WGS84")

# A degree of latitude is shortest at the equator and grows by 1 % towards the poles; boxes that must hold everything
# within some metres are made with the shortest. A degree of longitude is longest there.
SHORTEST_LATITUDE_DEGREE_M = 110_574.0
LONGEST_LONGITUDE_DEGREE_M = 111_320.0
# Nearer to a pole than this a box of degrees is no use any more; it stops growing.
_LEAST_COSINE = 0.01


def cosine_of_latitude(latitude: float) -> float:
    """How much shorter a degree of longitude is than at the equator; at least 0.01."""
    return max(math.cos(math.radians(latitude)), _LEAST_COSINE)


def latitude_degrees(metres: float) -> float:
    """Degrees of latitude that hold so many metres anywhere."""
    return metres / SHORTEST_LATITUDE_DEGREE_M


def longitude_degrees(metres: float, latitude: float) -> float:
    """Degrees of longitude that hold so many metres at a latitude."""
    return metres / (SHORTEST_LATITUDE_DEGREE_M * cosine_of_latitude(latitude))
