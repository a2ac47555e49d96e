"""Networks in figures, kept as of a revision: a million elements take longer to count than a page to show."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection

from assets.models import Network, NetworkSummary
from gis_core.database.sql_files import load_sql

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class NetworkFigures:
    """One network in figures. Lengths are the stated ones where stated, else geodesic, in kilometres."""

    network: Network
    nodes: int
    devices: int
    pipes: int
    length_km: float
    zones: int


def network_figures(networks: Sequence[Network]) -> list[NetworkFigures]:
    """Networks, which must come from a scoped selector, with their counts; what changed is counted anew."""
    summaries = _summaries(networks)
    return [
        NetworkFigures(
            network=network,
            nodes=summary.nodes,
            devices=summary.devices,
            pipes=summary.pipes,
            length_km=summary.length_m / 1000,
            zones=summary.zones,
        )
        for network in networks
        for summary in [summaries[network.pk]]
    ]


def extent_of_network(network: Network) -> Box | None:
    """West, south, east and north of a network's nodes and zones in degrees; None when it has none."""
    extent = _summaries([network])[network.pk].extent
    if extent is None:
        return None
    west, south, east, north = extent
    return west, south, east, north


def _summaries(networks: Sequence[Network]) -> dict[int, NetworkSummary]:
    with connection.cursor() as cursor:
        cursor.execute(
            load_sql("assets.networks", "summarise_networks"),
            {"networks": [network.pk for network in networks]},
        )
    return NetworkSummary.objects.in_bulk([network.pk for network in networks])
