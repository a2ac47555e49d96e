"""Tiles made once: the cache in front of `assets.tiles.selectors.tiles`, and its upkeep.

A cached tile is named by the hash of all it depends on (layer, address, date, viewer's scope, revisions of the networks
in scope, rules), so a stale or foreign one is never found, and nothing has to be thrown away in time. What is no longer
asked for is pushed out by its age.
"""

import gzip
import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import connection, transaction

from assets.tiles.selectors.tiles import (
    NO_CREDENTIAL,
    TILE_LAYERS,
    Credential,
    FoundTile,
    TileQuery,
    build,
    extent_of,
    look_up,
    tile_query,
)
from gis_core.access import Viewer
from gis_core.database.locks import AdvisoryLock, try_to_hold

# The content of all cached tiles, bytes; TARMOQ_TILE_CACHE_BYTES in the settings overrides it.
MAXIMUM_BYTES = 512 * 1024 * 1024
# The size is looked at once in so many tiles that are put in.
_LOOKS_ONCE_IN = 256
_NOTES_TO_MERGE = 100
# Vector tiles halve at the fastest setting already; more would be felt by whoever waits for the first one.
_GZIP_LEVEL = 1


def gzipped_tile(query: TileQuery, found: FoundTile) -> bytes:
    """The content of a tile that was looked up, compressed: from the cache, or made and put there."""
    if found.content is not None:
        return found.content
    content = gzip.compress(build(query, found), _GZIP_LEVEL, mtime=0)
    _keep(found, content)
    return content


def look_up_tile(
    viewer_id: int | None,
    query: TileQuery,
    *,
    known: Sequence[str] = (),
    credential: Credential = NO_CREDENTIAL,
) -> FoundTile:
    """`look_up` for whoever serves tiles; puts notes of change together when they have become many."""
    found = look_up(viewer_id, query, known=known, credential=credential)
    if found.notes > _NOTES_TO_MERGE:
        merge_notes(query.layer.name)
    return found


@dataclass(frozen=True)
class DescribedLayer:
    """A layer for one viewer: `version` changes with its tiles; `bounds` in degrees, None when nothing is there."""

    query: TileQuery
    version: str
    bounds: tuple[float, float, float, float] | None


def describe_layer(
    viewer: Viewer, layer: str, *, network_code: str | None = None, as_of: datetime | None = None
) -> DescribedLayer:
    """What TileJSON says of a layer. Bounds are those of the visible networks' nodes and zones at present.

    Raises NotVisible and ReportedError as `tile_query` and `look_up` do.
    """
    query = tile_query(layer, 0, 0, 0, network_code=network_code, as_of=as_of)
    found = look_up(viewer.pk, query)
    # Bounds are of the networks, whatever the layer.
    extent_query = TileQuery(TILE_LAYERS["zones"], -1, -1, -1, network_code)
    known_extent = look_up(viewer.pk, extent_query)
    if known_extent.content is not None:
        bounds: Any = json.loads(known_extent.content)
    else:
        bounds = extent_of(viewer, network_code=network_code)
        _keep(known_extent, json.dumps(bounds).encode())
    return DescribedLayer(query, found.version, tuple(bounds) if bounds else None)


def _keep(found: FoundTile, content: bytes) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO assets_tilecache (key, content) VALUES (%s, %s) ON CONFLICT DO NOTHING",
            [found.key, content],
        )
    if random.randrange(_LOOKS_ONCE_IN) == 0:  # noqa: S311 - a die, no secret
        prune_cache()


def prune_cache() -> int:
    """When the cache is over its size, drop the oldest tiles down to half of it; how many went."""
    limit = getattr(settings, "TARMOQ_TILE_CACHE_BYTES", MAXIMUM_BYTES)
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(sum(octet_length(content) + 100), 0) FROM assets_tilecache")
        if cursor.fetchone()[0] <= limit:
            return 0
        cursor.execute(
            "DELETE FROM assets_tilecache WHERE key IN (SELECT key FROM ("
            "SELECT key, sum(octet_length(content) + 100) OVER (ORDER BY made_at DESC, key) AS upto "
            "FROM assets_tilecache) aged WHERE upto > %s)",
            [limit / 2],
        )
        return cursor.rowcount


def merge_notes(layer: str) -> None:
    """Put a layer's notes of change together, one for each owner; versions stay what they are."""
    with transaction.atomic(), connection.cursor() as cursor:
        # One at a time; whoever comes second leaves it.
        if not try_to_hold(AdvisoryLock.TILE_NOTES):
            return
        cursor.execute(
            "WITH merged AS (DELETE FROM assets_tilenote WHERE layer = %s RETURNING layer, owner_id, nonce) "
            "INSERT INTO assets_tilenote (layer, owner_id, nonce) "
            "SELECT layer, owner_id, sum(nonce) FROM merged GROUP BY layer, owner_id",
            [layer],
        )
