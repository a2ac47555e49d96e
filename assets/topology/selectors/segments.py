"""Segments as people read them: with the codes of their nodes, pipes and valves."""

from typing import Any

from django.db import connection

from assets.models import Network
from gis_core.database.sql_files import load_sql


def segments_of(network: Network, *, after: int = 0, limit: int | None = None) -> list[dict[str, Any]]:
    """The network's stored segments in the order of their ids, from the one after `after`.

    Each has `id`, `nodes` (junctions, tanks, reservoirs and other places), `devices` (those that lie inside), `pipes`
    (without connectors), `valves` (devices that bound it) and `length_m`. A piece between two valves that holds neither
    a node nor a pipe is none. Codes are sorted. Whoever calls has made the topology current.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            load_sql("assets.topology", "segments"),
            {"network": network.pk, "after": after, "row_limit": limit},
        )
        return [
            {
                "id": pk,
                "nodes": nodes,
                "devices": devices,
                "pipes": pipes,
                "valves": valves,
                "length_m": round(length_m, 3),
            }
            for pk, nodes, devices, pipes, valves, length_m in cursor.fetchall()
        ]
