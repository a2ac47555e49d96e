"""Reading networks: what a viewer may see of networks, nodes, pipes and zones, and what is near."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib.gis.db.models.functions import AsGeoJSON
from django.db import connection
from django.db.models import Count, JSONField, Q, QuerySet
from django.db.models.functions import Cast
from django.utils.translation import gettext_noop as _

from assets.models import Lifecycle, Network, Node, NodeKind, Pipe, Zone
from gis_core.access import Capability, Viewer, access, granted_paths, is_unrestricted, visible
from gis_core.database.sql_files import load_sql
from gis_core.errors import ReportedError
from gis_core.geodesy import LONGEST_LONGITUDE_DEGREE_M, SHORTEST_LATITUDE_DEGREE_M
from gis_core.sentences import Sentence

MAXIMUM_NEAREST = 100
# Seven decimals of a degree are about a centimetre.
GEOJSON_DIGITS = 7
PIPE_KIND = "pipe"
ASSET_KINDS: list[str] = [*NodeKind.values, PIPE_KIND]


def division_patterns(viewer: Viewer) -> list[str]:
    """LIKE patterns of the division paths in which the viewer may see the network, for SQL of our own."""
    if is_unrestricted(viewer):
        return ["%"]
    # Codes hold letters, digits and hyphens only (division_code_form), so nothing needs escaping.
    return [f"{path}%" for path in granted_paths(viewer, Capability.VIEW_NETWORK)]


def networks_visible_to(viewer: Viewer) -> QuerySet[Network]:
    """The networks of the viewer's divisions, each with its division."""
    return visible(Network.objects.select_related("division"), viewer, Capability.VIEW_NETWORK)


def networks_matching(networks: QuerySet[Network], text: str) -> QuerySet[Network]:
    """Those of `networks` in whose code, name or division every word of `text` occurs, without regard to case."""
    for word in text.replace("(", " ").replace(")", " ").split():
        networks = networks.filter(
            Q(code__icontains=word) | Q(name__icontains=word) | Q(division__name__icontains=word)
        )
    return networks


def first_network(networks: QuerySet[Network]) -> Network | None:
    """Where somebody who has chosen none begins: the network with the most zones, for there losses are watched."""
    return networks.annotate(zone_count=Count("zones")).order_by("-zone_count", "code").first()


def network_visible_to(
    viewer: Viewer, code: str, capability: Capability = Capability.VIEW_NETWORK
) -> Network:
    """The network with this code, as far as the viewer has the capability there; NotVisible otherwise."""
    return access(Network.objects.select_related("division"), viewer, capability, code=code)


def zones_visible_to(viewer: Viewer) -> QuerySet[Zone]:
    """Zones with network, parent and `geojson` (geometry made by the database, WGS 84; may be null)."""
    zones = Zone.objects.select_related("network", "parent").defer("geom", "parent__geom")
    return visible(zones.annotate(geojson=geojson_of_geometry()), viewer, Capability.VIEW_NETWORK)


def nodes_visible_to(viewer: Viewer) -> QuerySet[Node]:
    """Nodes with network, zone and `geojson`, as in `zones_visible_to`."""
    nodes = Node.objects.select_related("network", "zone").defer("geom", "zone__geom")
    return visible(nodes.annotate(geojson=geojson_of_geometry()), viewer, Capability.VIEW_NETWORK)


def pipes_visible_to(viewer: Viewer) -> QuerySet[Pipe]:
    """Pipes with network, end nodes, the start node's zone and `geojson`; device connectors are none."""
    pipes = (
        Pipe.objects.filter(is_connector=False)
        .select_related("network", "start_node", "end_node", "start_node__zone")
        .defer(
            "geom", "start_point", "end_point", "start_node__geom", "end_node__geom", "start_node__zone__geom"
        )
    )
    return visible(pipes.annotate(geojson=geojson_of_geometry()), viewer, Capability.VIEW_NETWORK)


def geojson_of_geometry() -> Cast:
    """`geom` as a GeoJSON object made by the database, for an annotation."""
    return Cast(AsGeoJSON("geom", precision=GEOJSON_DIGITS), JSONField())


def kinds_that_occur(viewer: Viewer) -> list[str]:
    """The kinds of assets that are there in the viewer's networks, in the order of `ASSET_KINDS`."""
    nodes = visible(Node.objects.all(), viewer, Capability.VIEW_NETWORK).exclude(lifecycle=Lifecycle.REMOVED)
    kinds = set(nodes.order_by().values_list("kind", flat=True).distinct())
    if visible(Pipe.objects.filter(is_connector=False), viewer, Capability.VIEW_NETWORK).exists():
        kinds.add(PIPE_KIND)
    return [kind for kind in ASSET_KINDS if kind in kinds]


@dataclass(frozen=True)
class NearAsset:
    """A node or pipe (`class_name`) near a position; bearing in degrees from north, None on the spot."""

    class_name: str
    kind: str
    uid: UUID
    code: str
    network: str
    zone: UUID | None
    zone_name: str | None
    diameter_m: float | None
    distance_m: float
    bearing_degrees: float | None
    longitude: float
    latitude: float


def nearest_assets(
    viewer: Viewer, *, longitude: float, latitude: float, kinds: Sequence[str] = (), limit: int = 20
) -> list[NearAsset]:
    """The visible assets nearest to a position (degrees, WGS 84) by geodesic metres, nearest first.

    Raises ReportedError for a position outside the world, an unknown kind, or a limit outside 1 to 100.
    """
    if not (-180 <= longitude <= 180 and -90 <= latitude <= 90):
        raise ReportedError(
            Sentence(_("lon must be from -180 to 180 and lat from -90 to 90.")), code="bad_position"
        )
    if not 1 <= limit <= MAXIMUM_NEAREST:
        raise ReportedError(
            Sentence(_("limit must be from 1 to {maximum_nearest}."), maximum_nearest=MAXIMUM_NEAREST),
            code="bad_limit",
        )
    unknown = sorted(set(kinds) - set(ASSET_KINDS))
    if unknown:
        raise ReportedError(
            Sentence(
                _("Unknown kind {unknown}. Known kinds: {asset_kinds}."),
                unknown=repr(unknown[0]),
                asset_kinds=", ".join(ASSET_KINDS),
            ),
            code="bad_kind",
        )
    rows = sql_rows(
        "nearest_assets",
        {
            "lon": longitude,
            "lat": latitude,
            "kinds": list(kinds) or ASSET_KINDS,
            "row_limit": limit,
            "patterns": division_patterns(viewer),
            "longest_degree_m": LONGEST_LONGITUDE_DEGREE_M,
            "shortest_degree_m": SHORTEST_LATITUDE_DEGREE_M,
        },
    )
    return [NearAsset(class_name=row.pop("class"), **row) for row in rows]


def sql_rows(name: str, parameters: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The rows of a query of `assets/networks/sql` as dictionaries."""
    with connection.cursor() as cursor:
        cursor.execute(load_sql("assets.networks", name), parameters)
        columns = [column.name for column in cursor.description or ()]
        return [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]
