"""The base map under the network, from one setting: tiles by any template, a WMS, a WMTS or a PMTiles file."""

from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

_WMS = {
    "service": "WMS",
    "version": "1.3.0",
    "request": "GetMap",
    "styles": "",
    "crs": "EPSG:3857",
    "format": "image/png",
    "transparent": "true",
    "width": "256",
    "height": "256",
}
_WMTS = {
    "service": "WMTS",
    "version": "1.0.0",
    "request": "GetTile",
    "style": "default",
    "format": "image/png",
    "tilematrixset": "GoogleMapsCompatible",
}


def base_map_of(address: str, attribution: str = "") -> dict[str, Any]:
    """What the map needs to draw the base map that `address` names; kind "" where there is none.

    `https://…/{z}/{x}/{y}.png` is taken as it is. Of a WMS or WMTS (`service=` in the query, with `layers=` or
    `layer=`) the parameters of a tile's request are filled in where they are missing. A path that ends in `.pmtiles`
    is such a file.
    """
    kind = _kind_of(address)
    if kind == "wms":
        address = _completed(address, _WMS, "bbox", "{bbox-epsg-3857}")
    elif kind == "wmts":
        address = _completed(address, _WMTS, "tilematrix", "{z}")
        address = _completed(_completed(address, {}, "tilerow", "{y}"), {}, "tilecol", "{x}")
    return {"kind": kind, "address": address, "attribution": attribution}


def tile_template_of(address: str) -> str:
    """The address of a tile by `{z}`, `{x}` and `{y}`, for small maps that know nothing else, or ""."""
    base_map = base_map_of(address)
    return str(base_map["address"]) if base_map["kind"] in ("xyz", "wmts") else ""


def _kind_of(address: str) -> str:
    if not address:
        return ""
    parts = urlsplit(address)
    service = {name.lower(): value.lower() for name, value in parse_qsl(parts.query)}.get("service", "")
    if parts.path.endswith(".pmtiles"):
        return "pmtiles"
    return service if service in ("wms", "wmts") else "xyz"


def _completed(address: str, parameters: dict[str, str], place_name: str, place: str) -> str:
    """The address with these parameters where it lacks them, and with the tile's place."""
    parts = urlsplit(address)
    given = parse_qsl(parts.query, keep_blank_values=True)
    known = {name.lower() for name, _value in given}
    added = [(name, value) for name, value in {**parameters, place_name: place}.items() if name not in known]
    return urlunsplit(parts._replace(query=urlencode([*given, *added], safe="{}:/,")))
