"""Where new service points are to hang on the network: by a node's code, or tapped from the nearest pipe."""

from collections.abc import Collection, Mapping
from typing import Any

from django.db import connection
from django.db.models import Q

from assets.models import Network, Node
from assets.registers.services.attachments import Place
from gis_core.database.sql_files import load_sql
from gis_core.models import Division

# Farther away than that from any pipe, the coordinates are rather wrong than the connection long.
FARTHEST_M = 200


def networks_serving(division: Division) -> dict[str, Network]:
    """The networks of a division, of those below it and of those above, by code."""
    rows = Network.objects.filter(
        Q(division__path__startswith=division.path) | Q(division__path__in=division.paths_to_root)
    )
    return {network.code: network for network in rows}


def nodes_by_code(networks: Collection[Network], codes: Collection[str]) -> dict[tuple[int, str], int]:
    """Nodes by network and code; of a device and a junction of one code, the junction."""
    rows = Node.objects.filter(network__in=[network.pk for network in networks], code__in=codes)
    found = rows.order_by("code_class").values_list("network_id", "code", "pk")
    return {(network, code): pk for network, code, pk in found}


def taps(wanted: Mapping[int, tuple[int, float, float]]) -> dict[int, Place]:
    """By number, the place on the pipe nearest to (network, longitude, latitude); none where all are too far away."""
    if not wanted:
        return {}
    parameters: dict[str, Any] = {
        "places": list(wanted),
        "network_ids": [network for network, _lon, _lat in wanted.values()],
        "lons": [longitude for _network, longitude, _lat in wanted.values()],
        "lats": [latitude for _network, _lon, latitude in wanted.values()],
        "tolerance_m": FARTHEST_M,
    }
    with connection.cursor() as cursor:
        cursor.execute(load_sql("billing.exchange", "nearest_pipes"), parameters)
        found = cursor.fetchall()
    return {
        number: Place(start if position < 0.5 else end, pipe, position)
        for number, pipe, start, end, position in found
    }
