"""Base maps on a server of their own: pictures, WMS, WMTS, and PMTiles files written here."""

import json
import math
import struct
import zlib
from collections.abc import Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qs, urlsplit

from django.db import connection

EARTH_M = 20037508.342789244
MVT, PNG = 1, 2


def picture(red: int, green: int, blue: int) -> bytes:
    """A PNG of 256 × 256 pixels of one colour."""
    row = b"\0" + bytes([red, green, blue]) * 256

    def chunk(kind: bytes, content: bytes) -> bytes:
        return (
            struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        )

    head = struct.pack(">IIBBBBB", 256, 256, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(row * 256))
        + chunk(b"IEND", b"")
    )


def tile_of(longitude: float, latitude: float, zoom: int) -> tuple[int, int]:
    """Column and row of the tile that a position lies in."""
    size = 2**zoom
    north = math.asinh(math.tan(math.radians(latitude)))
    return int((longitude + 180) / 360 * size), int((1 - north / math.pi) / 2 * size)


def water_tile(zoom: int, column: int, row: int) -> bytes:
    """A vector tile that is all water, with a road across it, encoded by PostGIS."""
    statement = """
        WITH tile AS (SELECT ST_TileEnvelope(%(z)s, %(x)s, %(y)s) AS box)
        SELECT (
            SELECT ST_AsMVT(made, 'water')
            FROM (SELECT ST_AsMVTGeom(box, box) AS geom, 'lake' AS kind FROM tile) made
        ) || (
            SELECT ST_AsMVT(made, 'roads')
            FROM (SELECT ST_AsMVTGeom(ST_BoundingDiagonal(box), box) AS geom, 'highway' AS kind FROM tile) made
        )
    """
    with connection.cursor() as cursor:
        cursor.execute(statement, {"z": zoom, "x": column, "y": row})
        return bytes(cursor.fetchone()[0])


def pmtiles(tiles: dict[tuple[int, int, int], bytes], kind: int, layers: Iterable[str] = ()) -> bytes:
    """A PMTiles archive, version 3, of tiles by zoom, column and row: one directory, nothing compressed."""
    ordered = sorted((_tile_id(*place), content) for place, content in tiles.items())
    numbers = [len(ordered)]
    numbers += [
        one - before
        for before, one in zip([0, *(i for i, _c in ordered)], (i for i, _c in ordered), strict=False)
    ]
    numbers += [1] * len(ordered)
    numbers += [len(content) for _id, content in ordered]
    # 0 says: where the one before ends; the first is at 0, written as one more.
    numbers += [1] + [0] * (len(ordered) - 1)
    directory = b"".join(_varint(number) for number in numbers)
    metadata = json.dumps({"vector_layers": [{"id": name, "fields": {}} for name in layers]}).encode()
    data = b"".join(content for _id, content in ordered)
    zooms = [zoom for zoom, _column, _row in tiles]
    places = (127, len(directory), 127 + len(directory), len(metadata))
    at = 127 + len(directory) + len(metadata)
    head = b"PMTiles" + bytes([3]) + struct.pack("<11Q", *places, at, 0, at, len(data), *[len(ordered)] * 3)
    head += bytes([1, 1, 1, kind, min(zooms), max(zooms)])
    world = struct.pack("<4i", -180 * 10**7, -85 * 10**7, 180 * 10**7, 85 * 10**7)
    return head + world + struct.pack("<Bii", min(zooms), 0, 0) + directory + metadata + data


def _varint(number: int) -> bytes:
    written = bytearray()
    while number >= 0x80:
        written.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*written, number])


def _tile_id(zoom: int, column: int, row: int) -> int:
    """The place on the Hilbert curve of all tiles, from zoom 0 on."""
    place = sum(4**lower for lower in range(zoom))
    side = 2 ** (zoom - 1) if zoom else 0
    while side > 0:
        right, lower = int(column & side > 0), int(row & side > 0)
        place += side * side * ((3 * right) ^ lower)
        if lower == 0:
            if right == 1:
                column, row = side - 1 - column, side - 1 - row
            column, row = row, column
        side //= 2
    return place


class BaseMapServer:
    """Answers as such servers do, refuses what they would refuse, and remembers what it was asked."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self.asked: list[str] = []
        self.refused: list[str] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.asked.append(self.path)
                path, query = urlsplit(self.path).path, parse_qs(urlsplit(self.path).query)
                if path in files:
                    self.send_part(files[path])
                    return
                reason = _fault(path, {name.lower(): values[0] for name, values in query.items()})
                if reason:
                    outer.refused.append(f"{reason}: {self.path}")
                    self.send_error(400)
                else:
                    self.send_all(picture(220, 20, 20), "image/png")

            def send_part(self, content: bytes) -> None:
                first, _, last = self.headers.get("Range", "bytes=0-").removeprefix("bytes=").partition("-")
                part = content[int(first) : int(last) + 1 if last else None]
                self.send_response(206)
                self.send_header(
                    "Content-Range", f"bytes {first}-{int(first) + len(part) - 1}/{len(content)}"
                )
                self.finish_with(part, "application/octet-stream")

            def send_all(self, content: bytes, kind: str) -> None:
                self.send_response(200)
                self.finish_with(content, kind)

            def finish_with(self, content: bytes, kind: str) -> None:
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(content)))
                self.send_header("Access-Control-Allow-Origin", "*")
                self.send_header("Access-Control-Allow-Headers", "Range")
                self.end_headers()
                self.wfile.write(content)

            def do_OPTIONS(self) -> None:
                self.send_all(b"", "text/plain")

            def log_message(self, format: str, *args: object) -> None:
                """Nothing: the test looks at what was asked."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


def _fault(path: str, query: dict[str, str]) -> str:
    """What a server of pictures would refuse a request for; "" when it is in order."""
    if path == "/wms":
        wanted = {
            "service": "WMS",
            "request": "GetMap",
            "version": "1.3.0",
            "crs": "EPSG:3857",
            "layers": "ground",
        }
        corners = [float(part) for part in query.get("bbox", "").split(",") if part]
        if len(corners) != 4 or not (corners[0] < corners[2] and corners[1] < corners[3]):
            return "no bounding box"
        if any(abs(corner) > EARTH_M + 1 for corner in corners):
            return "outside of the world"
        wanted |= {"width": "256", "height": "256"}
    elif path == "/wmts":
        wanted = {"service": "WMTS", "request": "GetTile", "version": "1.0.0", "layer": "ground"}
        places = [query.get(name, "") for name in ("tilematrix", "tilerow", "tilecol")]
        if not all(place.isdigit() for place in places):
            return "no tile"
        wanted |= {"tilematrixset": "GoogleMapsCompatible"}
    else:
        parts = path.removeprefix("/xyz/").removesuffix(".png").split("/")
        return (
            ""
            if path.startswith("/xyz/") and len(parts) == 3 and all(part.isdigit() for part in parts)
            else "no tile"
        )
    return next((f"{name} is not {value}" for name, value in wanted.items() if query.get(name) != value), "")
