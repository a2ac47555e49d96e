"""Zones in pieces: members that are not joined to an inlet, storage or source of their zone through the zone."""

from collections import defaultdict
from typing import Any

from assets.models import Network

# A larger zone is looked at only when the whole network is.
MAXIMUM_LOCAL_MEMBERS = 20_000

_FAMILY = """
    WITH RECURSIVE family AS (
        SELECT %(zone)s::bigint AS id
        UNION
        SELECT zone.id FROM assets_zone zone JOIN family ON zone.parent_id = family.id
    )
    SELECT array_agg(id) FROM family
"""
_MEMBERS = """
    SELECT id, kind = ANY (%(supply)s) FROM assets_node
     WHERE zone_id = ANY (%(zones)s) AND lifecycle = 'in_service' LIMIT %(maximum)s
"""
_ANCHORS = """
    SELECT node_id FROM assets_zoneconnection WHERE zone_id = ANY (%(zones)s) AND role IN ('inlet', 'storage')
"""
# Devices between members need not be members themselves.
_LINES = """
    SELECT pipe.start_node_id, pipe.end_node_id FROM assets_pipe pipe
     WHERE pipe.start_node_id = ANY (%(members)s) AND pipe.lifecycle = 'in_service'
    UNION
    SELECT pipe.start_node_id, pipe.end_node_id FROM assets_pipe pipe
     WHERE pipe.end_node_id = ANY (%(members)s) AND pipe.lifecycle = 'in_service'
"""
_DEVICES = """
    SELECT id FROM assets_node
     WHERE id = ANY (%(nodes)s) AND code_class = 'device' AND zone_id IS NULL AND lifecycle = 'in_service'
       AND NOT EXISTS (SELECT 1 FROM assets_zoneconnection edge
                        WHERE edge.node_id = assets_node.id AND edge.role IN ('closed', 'outlet'))
"""


def zone_pieces(
    cursor: Any, network: Network, zone_id: int, supply_kinds: list[str], maximum: int | None
) -> list[int] | None:
    """Ids of the zone's members that are not joined to its anchors, sorted; None when it has more than `maximum`.

    A zone without any anchor has no such members: that it has none is another finding.
    """
    cursor.execute(_FAMILY, {"zone": zone_id})
    zones = cursor.fetchone()[0]
    limit = None if maximum is None else maximum + 1
    cursor.execute(_MEMBERS, {"zones": zones, "supply": supply_kinds, "maximum": limit})
    members = dict(cursor.fetchall())
    if maximum is not None and len(members) > maximum:
        return None
    cursor.execute(_ANCHORS, {"zones": zones})
    anchors = {node for (node,) in cursor.fetchall()} | {
        node for node, supplies in members.items() if supplies
    }
    if not anchors:
        return []
    cursor.execute(_LINES, {"members": list(members)})
    lines = cursor.fetchall()
    outside = {end for line in lines for end in line if end not in members and end not in anchors}
    cursor.execute(_DEVICES, {"nodes": list(outside)})
    passable = set(members) | anchors | {node for (node,) in cursor.fetchall()}
    beside: dict[int, list[int]] = defaultdict(list)
    for start, end in lines:
        if start in passable and end in passable:
            beside[start].append(end)
            beside[end].append(start)
    reached, queue = set(anchors), list(anchors)
    while queue:
        for node in beside[queue.pop()]:
            if node not in reached:
                reached.add(node)
                queue.append(node)
    return sorted(set(members) - reached)
