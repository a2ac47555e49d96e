"""Coordinates for EPANET: the drawing the model came in, so that labels and background still fit."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from pyproj import CRS, Transformer

Position = tuple[float, float]


@dataclass(frozen=True)
class DrawingPlane:
    """Turns longitude and latitude into coordinates of the drawing; `name` says what these are."""

    name: str
    crs: str
    transformer: Transformer
    factor: float = 1.0
    centre: Position = (0.0, 0.0)

    def coordinates(self, positions: Iterable[Position]) -> list[Position]:
        flat = np.array(list(positions), dtype=np.float64).reshape(-1, 2)
        if not len(flat):
            return []
        x, y = self.transformer.transform(flat[:, 0], flat[:, 1])
        x, y = np.asarray(x) / self.factor + self.centre[0], np.asarray(y) / self.factor + self.centre[1]
        return list(zip(x.tolist(), y.tolist(), strict=True))


def drawing_of(placement: dict[str, Any], positions: list[Position]) -> DrawingPlane:
    """The inverse of the network's placement; the UTM zone of its middle for one that was never placed."""
    if placement.get("mode") == "srid":
        return DrawingPlane(
            f"EPSG:{placement['srid']}", f"EPSG:{placement['srid']}", _from_wgs84(f"EPSG:{placement['srid']}")
        )
    if placement.get("mode") == "place":
        longitude, latitude = placement["centre"]
        plane = f"+proj=aeqd +lat_0={latitude!r} +lon_0={longitude!r} +datum=WGS84 +units=m +type=crs"
        return DrawingPlane(
            f"the model's own, {placement['scale_factor']:g} m per unit about {longitude}, {latitude}",
            plane,
            _from_wgs84(plane),
            placement["scale_factor"],
            tuple(placement["drawing_centre"]),
        )
    srid = utm_srid(positions)
    return DrawingPlane(f"EPSG:{srid}", f"EPSG:{srid}", _from_wgs84(f"EPSG:{srid}"))


def utm_srid(positions: list[Position]) -> int:
    """EPSG number of the UTM zone (WGS 84) of the middle of some positions."""
    if not positions:
        return 32642
    longitude, latitude = np.array(positions).mean(axis=0).tolist()
    zone = min(int((longitude + 180) // 6) + 1, 60)
    return (32600 if latitude >= 0 else 32700) + zone


def _from_wgs84(crs: str) -> Transformer:
    return Transformer.from_crs(CRS.from_epsg(4326), CRS.from_user_input(crs), always_xy=True)
