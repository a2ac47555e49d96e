"""Vector tiles of the network and of what concerns it, built wholly by PostGIS (sql/tile_*.sql) for a viewer's scope.

What a tile shows depends on its zoom by rules that `TileLayer.rules` states and TileJSON repeats; nothing is left out
to keep a tile small. `look_up` names a tile by everything that it depends on, so that who has it need not ask again.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from hashlib import sha256
from math import atan, degrees, pi, sinh
from typing import Any

from django.contrib.gis.db.models import Extent
from django.db import connection
from django.utils.translation import gettext_noop as _

from assets.models import Node, Zone
from assets.networks.selectors.as_of import reading_as_of
from gis_core.access import ROLE_CAPABILITIES, Capability, NotVisible, Viewer, visible
from gis_core.database.scope import whatever_scope
from gis_core.database.sql_files import load_sql
from gis_core.errors import ReportedError
from gis_core.sentences import Sentence

# A tile of zoom 22 is 7 m wide: nothing of a network is finer.
MAXIMUM_ZOOM = 22
# Pipes are drawn each by itself from here; under it, lines between cells stand for them.
FIRST_ZOOM_OF_PIPES = 12
# The lowest zooms' lines are kept ready (sql/tiles.sql).
LAST_ZOOM_KEPT = 10
# A margin of 64 of 4096 units is drawn around each tile, so that lines go on across its edge.
_MARGIN = 64 / 4096


@dataclass(frozen=True)
class TileLayer:
    """A layer as TileJSON describes it. Clients enlarge tiles of `maximum_zoom` beyond it.

    `has_history`: whether it can be read as of a date. `of_divisions`: its rows belong to divisions, not to networks.
    """

    name: str
    minimum_zoom: int
    maximum_zoom: int
    rules: str
    fields: dict[str, str] = field(default_factory=dict)
    has_history: bool = False
    of_divisions: bool = False

    def sql_name(self, z: int, *, is_past: bool) -> str:
        """The SQL file that draws a zoom."""
        if self.name == "pipes" and z < FIRST_ZOOM_OF_PIPES:
            return "tile_pipes_computed" if is_past or z > LAST_ZOOM_KEPT else "tile_pipes_afar"
        if self.name == "nodes" and z < 14:
            return "tile_nodes_of_streets" if z >= 12 else "tile_nodes_afar"
        return f"tile_{self.name}"


_TEXT, _NUMBER, _YES_NO = "String", "Number", "Boolean"

TILE_LAYERS = {
    layer.name: layer
    for layer in (
        TileLayer(
            "zones",
            0,
            16,
            "Every zone that covers anything at the zoom.",
            {"uid": _TEXT, "code": _TEXT, "name": _TEXT},
            has_history=True,
        ),
        TileLayer(
            "pipes",
            5,
            18,
            "Every pipe that is not removed from zoom 12, with uid, code, material (the code of its life, else as "
            "it is written) and year from 13. Under 12 lines between the "
            "centres of cells of 1/128 of a tile stand for all pipes that leave their cell: one between any two "
            "cells, for the largest diameter in service, its class in diameter_mm (0, 100, 200, 300, 500, 800, "
            "1200); one feature for each network, class and state.",
            {
                "uid": _TEXT,
                "code": _TEXT,
                "diameter_mm": _NUMBER,
                "status": _TEXT,
                "lifecycle": _TEXT,
                "material": _TEXT,
                "year": _NUMBER,
                "is_connector": _YES_NO,
                "is_generalised": _YES_NO,
                "network": _TEXT,
            },
            has_history=True,
        ),
        TileLayer(
            "nodes",
            5,
            18,
            "Every node that is not removed from zoom 14, all but junctions from 12; under it sources, tanks, "
            "reservoirs, treatment and stations. From 13 valves and switches say their state: the first that holds of "
            "broken, inaccessible, closed and open.",
            {"uid": _TEXT, "code": _TEXT, "kind": _TEXT, "lifecycle": _TEXT, "state": _TEXT},
            has_history=True,
        ),
        TileLayer(
            "segments",
            13,
            18,
            "Every pipe that is not removed, with the valve-bounded segment it is in as last computed; is_current "
            "says whether that is how the network is now.",
            {
                "uid": _TEXT,
                "code": _TEXT,
                "segment_id": _NUMBER,
                "member_count": _NUMBER,
                "is_current": _YES_NO,
                "is_connector": _YES_NO,
            },
        ),
        TileLayer(
            "findings",
            8,
            18,
            "What validation found: errors, with warnings from zoom 11 and notes from 13. Points, lines and areas.",
            {
                "uid": _TEXT,
                "check_code": _TEXT,
                "severity": _TEXT,
                "is_accepted": _YES_NO,
                "elements": _TEXT,
            },
        ),
        TileLayer(
            "dirty",
            5,
            18,
            "Ground changed and not validated since; a point where it is smaller than can be drawn.",
            {"network": _TEXT, "operation": _TEXT, "made_at": _TEXT},
        ),
        TileLayer(
            "leaks",
            5,
            18,
            "Every leak that is neither repaired nor rejected.",
            {
                "uid": _TEXT,
                "number": _TEXT,
                "kind": _TEXT,
                "state": _TEXT,
                "source": _TEXT,
                "estimated_loss_m3h": _NUMBER,
            },
        ),
        TileLayer(
            "outages",
            8,
            18,
            "The pipes of every outage that is planned, in conflict or in progress.",
            {
                "uid": _TEXT,
                "number": _TEXT,
                "state": _TEXT,
                "reason": _TEXT,
                "starts_at": _TEXT,
                "ends_at": _TEXT,
                "subscribers": _NUMBER,
            },
        ),
        TileLayer(
            "parcels",
            14,
            18,
            "Every parcel.",
            {
                "uid": _TEXT,
                "cadastral_number": _TEXT,
                "land_use": _TEXT,
                "house": _TEXT,
                "area_m2": _NUMBER,
            },
            of_divisions=True,
        ),
        TileLayer(
            "buildings",
            14,
            18,
            "Every building.",
            {
                "uid": _TEXT,
                "cadastral_number": _TEXT,
                "purpose": _TEXT,
                "storeys": _NUMBER,
                "house": _TEXT,
            },
            of_divisions=True,
        ),
        TileLayer(
            "streets",
            14,
            18,
            "The name of every street that a parcel or building belongs to, amid those in the tile.",
            {"name": _TEXT, "places": _NUMBER},
            of_divisions=True,
        ),
        TileLayer(
            "divisions",
            3,
            14,
            "Every division with a boundary: regions, from 6 districts, from 11 mahallas.",
            {"code": _TEXT, "name": _TEXT, "level": _NUMBER},
            of_divisions=True,
        ),
        TileLayer(
            "survey_points",
            13,
            18,
            "Every survey point.",
            {
                "uid": _TEXT,
                "code": _TEXT,
                "accuracy_class": _TEXT,
                "method": _TEXT,
                "elevation_m": _NUMBER,
                "surveyed_on": _TEXT,
            },
            of_divisions=True,
        ),
    )
}


@dataclass(frozen=True)
class TileQuery:
    """A tile of one viewer: `network_code` None for all visible networks, `as_of` None for the present."""

    layer: TileLayer
    z: int
    x: int
    y: int
    network_code: str | None = None
    as_of: datetime | None = None


@dataclass(frozen=True)
class Credential:
    """What a request says who asks by: the key of a session or the digest of a token."""

    session_key: str | None = None
    token_digest: str | None = None


NO_CREDENTIAL = Credential()


@dataclass(frozen=True)
class FoundTile:
    """A tile's scope (ids), version, `key` (a UUID as text, different whenever its content may be) and content.

    `content` is what the cache holds: None when it holds nothing, or when the asker named the key.
    `notes` counts the notes of change that were read for the version. `password` (hashed) and `session_data` are the
    viewer's and the session's at this moment, for whoever has yet to hold the one to be the other's; `holds_token`
    says that the token is valid and the viewer's.
    """

    networks: Sequence[int]
    divisions: Sequence[int]
    notes: int
    version: str
    key: str
    content: bytes | None
    password: str
    session_data: str | None
    holds_token: bool


def tile_query(
    layer: str, z: int, x: int, y: int, *, network_code: str | None = None, as_of: datetime | None = None
) -> TileQuery:
    """The query of a tile address.

    Raises NotVisible for an unknown layer and an address outside the tile pyramid, ReportedError (code "no_history")
    for a date with a layer that keeps none.
    """
    if layer not in TILE_LAYERS or z > MAXIMUM_ZOOM or not (0 <= x < 2**z and 0 <= y < 2**z):
        raise NotVisible("no such tile")
    described = TILE_LAYERS[layer]
    if as_of is not None and not described.has_history:
        known = ", ".join(other.name for other in TILE_LAYERS.values() if other.has_history)
        raise ReportedError(
            Sentence(
                _("Layer {layer} is shown as it is now only; as of a date there are {known}."),
                layer=layer,
                known=known,
            ),
            code="no_history",
        )
    return TileQuery(described, z, x, y, network_code, as_of)


def look_up(
    viewer_id: int | None,
    query: TileQuery,
    *,
    known: Sequence[str] = (),
    credential: Credential = NO_CREDENTIAL,
) -> FoundTile:
    """The name and version of a tile in the scope of a user (None: a stranger), in one query that reads no network.

    `known`: keys the asker has. Raises NotVisible for a network that the viewer cannot see, and for who sees none.
    """
    # The function sees to the scope itself, and is asked for each of a thousand tiles.
    with whatever_scope(), connection.cursor() as cursor:
        cursor.execute(
            load_sql("assets.tiles", "tile_lookup"),
            {
                "viewer": viewer_id,
                "session": credential.session_key,
                "token": credential.token_digest,
                "roles": _viewing_roles(),
                "network": query.network_code,
                "layer": query.layer.name,
                "of_divisions": query.layer.of_divisions,
                "address": f"|{query.z}|{query.x}|{query.y}|{query.as_of}|{_rules_digest()}",
                "known": list(known),
            },
        )
        row = cursor.fetchone()
    if row is None or not row[0]:
        raise NotVisible("no network at all")
    _may_view, password, session_data, holds_token, networks, divisions, notes, version, key, content = row
    if query.network_code is not None and not networks:
        raise NotVisible("no such network")
    content = None if content is None else bytes(content)
    return FoundTile(networks, divisions, notes, version, key, content, password, session_data, holds_token)


@cache
def _viewing_roles() -> list[str]:
    return [role for role, held in ROLE_CAPABILITIES.items() if Capability.VIEW_NETWORK in held]


def build(query: TileQuery, found: FoundTile) -> bytes:
    """The tile as Mapbox Vector Tile bytes, empty where nothing is shown, for the scope that `look_up` found."""
    if query.z < query.layer.minimum_zoom or not (
        found.divisions if query.layer.of_divisions else found.networks
    ):
        return b""
    west, south, east, north = bounds_of_tile(query.z, query.x, query.y)
    sql = load_sql("assets.tiles", query.layer.sql_name(query.z, is_past=query.as_of is not None))
    parameters: dict[str, Any] = {
        "z": query.z,
        "x": query.x,
        "y": query.y,
        "west": west,
        "south": south,
        "east": east,
        "north": north,
        "networks": list(found.networks),
        "divisions": list(found.divisions),
    }
    with reading_as_of(query.as_of), connection.cursor() as cursor:
        if query.as_of is None and query.z >= FIRST_ZOOM_OF_PIPES:
            # Two statements, one transaction: a helper process takes longer to start than such a tile to make.
            cursor.execute(f"SET LOCAL max_parallel_workers_per_gather = 0; {sql}", parameters)
            cursor.nextset()
        else:
            cursor.execute(sql, parameters)
        return bytes(cursor.fetchone()[0] or b"")


def tile(
    viewer: Viewer,
    layer: str,
    z: int,
    x: int,
    y: int,
    *,
    network_code: str | None = None,
    as_of: datetime | None = None,
) -> bytes:
    """The tile made from the rows, past any cache; raises like `tile_query` and `look_up`."""
    query = tile_query(layer, z, x, y, network_code=network_code, as_of=as_of)
    return build(query, look_up(viewer.pk, query))


def bounds_of_tile(z: int, x: int, y: int) -> tuple[float, float, float, float]:
    """West, south, east and north of a tile with its margin, degrees; at most the world."""
    across = 2**z

    def latitude(row: float) -> float:
        return degrees(atan(sinh(pi * (1 - 2 * min(max(row / across, 0.0), 1.0)))))

    west = max((x - _MARGIN) / across * 360 - 180, -180.0)
    east = min((x + 1 + _MARGIN) / across * 360 - 180, 180.0)
    return west, latitude(y + 1 + _MARGIN), east, latitude(y - _MARGIN)


@cache
def _rules_digest() -> str:
    """Names the rules by which tiles are drawn: a new release with other rules has other tiles."""
    names = sorted(
        {
            layer.sql_name(z, is_past=past)
            for layer in TILE_LAYERS.values()
            for z in range(23)
            for past in (False, True)
        }
    )
    described = repr(sorted(TILE_LAYERS.items()))
    return sha256(
        (described + "".join(load_sql("assets.tiles", name) for name in names)).encode()
    ).hexdigest()[:16]


def extent_of(viewer: Viewer, *, network_code: str | None = None) -> tuple[float, float, float, float] | None:
    """West, south, east and north of the visible nodes and zones in degrees; None when there is nothing."""
    extents = []
    chosen = {} if network_code is None else {"network__code": network_code}
    for rows in (Node.objects.filter(**chosen), Zone.objects.filter(**chosen)):
        shown = visible(rows, viewer, Capability.VIEW_NETWORK)
        extents.append(shown.order_by().aggregate(extent=Extent("geom"))["extent"])
    known = [extent for extent in extents if extent is not None]
    if not known:
        return None
    return (
        min(extent[0] for extent in known),
        min(extent[1] for extent in known),
        max(extent[2] for extent in known),
        max(extent[3] for extent in known),
    )
