"""A network in a few figures."""

from typing import Any

from django.contrib.gis.db.models import Extent
from django.db.models import Count, Sum

from assets.consumer_providers import consumers_in_network
from assets.models import Network, Node, Pipe, Zone

# Always there, even when they are 0: the elements of a hydraulic model.
MODEL_KINDS = ("junction", "tank", "reservoir", "pipe", "pump", "valve")


def describe_network(network: Network) -> dict[str, Any]:
    """Counts by kind as stored, lengths in metres, extent [west, south, east, north] in degrees or None.

    Connectors are counted apart and have no part in the lengths.
    """
    counts = dict.fromkeys(MODEL_KINDS, 0)
    kinds = Node.objects.filter(network=network).values("kind").annotate(number=Count("id")).order_by("kind")
    counts |= {row["kind"]: row["number"] for row in kinds}
    pipes = Pipe.objects.filter(network=network)
    real = pipes.filter(is_connector=False).aggregate(
        number=Count("id"), geodesic_m=Sum("geodesic_length_m"), stated_m=Sum("stated_length_m")
    )
    counts["pipe"] = real["number"]
    nodes_extent = Node.objects.filter(network=network).aggregate(extent=Extent("geom"))["extent"]
    pipes_extent = pipes.aggregate(extent=Extent("geom"))["extent"]
    return {
        "network": network.code,
        "name": network.name,
        "commodity": network.commodity,
        "division": network.division.code,
        "counts": counts,
        "connectors": pipes.filter(is_connector=True).count(),
        "geodesic_length_m": real["geodesic_m"] or 0.0,
        "stated_length_m": real["stated_m"] or 0.0,
        "extent": _joined(nodes_extent, pipes_extent),
        "zones": Zone.objects.filter(network=network).count(),
        "subscribers": consumers_in_network("subscribers", network.pk),
    }


def _joined(
    one: tuple[float, float, float, float] | None, other: tuple[float, float, float, float] | None
) -> list[float] | None:
    boxes = [box for box in (one, other) if box is not None]
    if not boxes:
        return None
    west, south, east, north = zip(*boxes, strict=True)
    return [min(west), min(south), max(east), max(north)]
