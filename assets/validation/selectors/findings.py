"""Reading findings and dirty areas."""

from django.contrib.gis.geos import Polygon
from django.db.models import QuerySet

from assets.models import DirtyArea, Finding, Network
from assets.networks.selectors.network_reads import geojson_of_geometry
from gis_core.access import Capability, Viewer, visible

Box = tuple[float, float, float, float]


def findings_visible_to(viewer: Viewer) -> QuerySet[Finding]:
    """Findings of the viewer's divisions with network, accepting user and `geojson` (WGS 84; may be null)."""
    rows = Finding.objects.select_related("network", "accepted_by").defer("geom")
    return visible(rows.annotate(geojson=geojson_of_geometry()), viewer, Capability.VIEW_NETWORK)


def dirty_areas_visible_to(viewer: Viewer, network: Network | None = None) -> QuerySet[DirtyArea]:
    """Ground that was edited and not validated since, with its edit and `geojson`."""
    rows = DirtyArea.objects.select_related("edit", "edit__acting_user").defer("geom")
    if network is not None:
        rows = rows.filter(network=network)
    return visible(
        rows.annotate(geojson=geojson_of_geometry()),
        viewer,
        Capability.VIEW_NETWORK,
        division="network__division",
    )


def within(findings: QuerySet[Finding], box: Box) -> QuerySet[Finding]:
    """The findings whose geometry meets the box (west, south, east, north; degrees)."""
    return findings.filter(geom__bboverlaps=Polygon.from_bbox(box))
