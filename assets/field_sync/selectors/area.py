"""An area to take along where there is no network: its elements, work and forms, as lines of JSON.

Each line is an object with its `section`: `head` (counts, forms, tiles), then rows in lots of `LOT` under `nodes`,
`pipes`, `orders` and the sections that other apps add, then `end` with the counts again. Who reads no `end` has not
read all.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import orjson
from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext_noop as _

from assets.field_sync.selectors.forms import forms_of_all_kinds
from assets.networks.selectors.network_reads import division_patterns
from assets.tiles.selectors.tiles import TILE_LAYERS
from gis_core.access import Viewer
from gis_core.database.sql_files import load_sql
from gis_core.errors import ReportedError
from gis_core.sentences import Sentence

Box = tuple[float, float, float, float]
# The columns and rows of a section.
FurtherRows = tuple[tuple[str, ...], list[list[Any]]]
MOST_ELEMENTS = 40_000
LOT = 500
NODE_COLUMNS = (
    "uid", "kind", "code", "network", "lon", "lat", "lifecycle", "zone", "elevation_m", "installed_on", "version",
    "details",
)  # fmt: skip
PIPE_COLUMNS = (
    "uid", "code", "network", "line", "is_connector", "diameter_m", "material", "year_installed", "status", "lifecycle",
    "length_m", "version", "start_node", "end_node",
)  # fmt: skip
TILE_ZOOMS = range(12, 18)
# What a row takes, measured on the demonstration; only for telling people before they start.
_NODE_BYTES, _PIPE_BYTES = 330, 360


@dataclass(frozen=True)
class AreaCounts:
    """How many elements an area has, and about how many bytes they take uncompressed."""

    nodes: int
    pipes: int

    @property
    def estimated_bytes(self) -> int:
        return self.nodes * _NODE_BYTES + self.pipes * _PIPE_BYTES


def area_counts(viewer: Viewer, box: Box) -> AreaCounts:
    """Count what is in a box; raises ReportedError (area_too_large) beyond `MOST_ELEMENTS` nodes or pipes."""
    with connection.cursor() as cursor:
        cursor.execute(
            load_sql("assets.field_sync", "area_counts"), {**_parameters(viewer, box), "most": MOST_ELEMENTS}
        )
        nodes, pipes = cursor.fetchone()
    if max(nodes, pipes) > MOST_ELEMENTS:
        raise ReportedError(
            Sentence(
                _("The area has more than {most_elements} elements; take a smaller one."),
                most_elements=f"{MOST_ELEMENTS:,}",
            ),
            code="area_too_large",
        )
    return AreaCounts(nodes, pipes)


def area_tiles(box: Box) -> dict[str, Any]:
    """The vector tiles of a box: layers, and for each zoom the first and last column and row."""
    zooms: list[dict[str, Any]] = []
    for zoom in TILE_ZOOMS:
        left, top = _tile(box[0], box[3], zoom)
        right, bottom = _tile(box[2], box[1], zoom)
        zooms.append({"z": zoom, "x": [left, right], "y": [top, bottom]})
    count = sum((z["x"][1] - z["x"][0] + 1) * (z["y"][1] - z["y"][0] + 1) for z in zooms)
    return {
        "template": "/tiles/{layer}/{z}/{x}/{y}.pbf",
        "layers": list(TILE_LAYERS),
        "zooms": zooms,
        "count": count * len(TILE_LAYERS),
    }


def _tile(longitude: float, latitude: float, zoom: int) -> tuple[int, int]:
    """The web Mercator tile that a position lies in."""
    size = 2**zoom
    latitude = min(max(latitude, -85.05), 85.05)
    x = int((longitude + 180) / 360 * size)
    y = int((1 - math.asinh(math.tan(math.radians(latitude))) / math.pi) / 2 * size)
    return min(max(x, 0), size - 1), min(max(y, 0), size - 1)


def area_lines(
    viewer: Viewer, box: Box, counts: AreaCounts, further: dict[str, FurtherRows]
) -> Iterator[bytes]:
    """The lines of an area; `further` are the columns and rows of other sections by name."""
    yield _line(_head(box, counts, further))
    read = {}
    for name in ("nodes", "pipes"):
        read[name] = 0
        for lot in _lots(viewer, box, name):
            read[name] += len(lot)
            # The database has written the rows already; they are only put side by side.
            yield b'{"section":"' + name.encode() + b'","rows":[' + b",".join(lot) + b"]}\n"
    for name, (_columns, rows) in further.items():
        read[name] = len(rows)
        for start in range(0, len(rows), LOT):
            yield _line({"section": name, "rows": rows[start : start + LOT]})
    yield _line({"section": "end", "counts": read})


def _head(box: Box, counts: AreaCounts, further: dict[str, FurtherRows]) -> dict[str, Any]:
    numbers = {"nodes": counts.nodes, "pipes": counts.pipes}
    columns = {"nodes": NODE_COLUMNS, "pipes": PIPE_COLUMNS}
    return {
        "section": "head",
        "made_at": timezone.now().isoformat(),
        "bbox": list(box),
        "counts": numbers | {name: len(rows) for name, (_columns, rows) in further.items()},
        "columns": columns | {name: names for name, (names, _rows) in further.items()},
        "estimated_bytes": counts.estimated_bytes,
        "forms": forms_of_all_kinds(),
        "tiles": area_tiles(box),
    }


def _lots(viewer: Viewer, box: Box, name: str) -> Iterator[list[bytes]]:
    with connection.chunked_cursor() as cursor:
        cursor.execute(load_sql("assets.field_sync", f"area_{name}"), _parameters(viewer, box))
        while rows := cursor.fetchmany(LOT):
            yield [row[0].encode() for row in rows]


def _parameters(viewer: Viewer, box: Box) -> dict[str, Any]:
    west, south, east, north = box
    return {"west": west, "south": south, "east": east, "north": north, "patterns": division_patterns(viewer)}


def _line(document: dict[str, Any]) -> bytes:
    return orjson.dumps(document) + b"\n"
