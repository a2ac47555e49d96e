"""Giving zones the members that the graph gives them, and telling which zones are as the graph has them."""

from datetime import datetime

import numpy as np
from django.db import connection
from django.db.models import Min
from django.utils.translation import ngettext_lazy

from assets.editing.services.session import editing
from assets.models import Network, Zone, ZoneFlood
from assets.zones.selectors.zone_regions import Flooding, flood
from gis_core.database.sql_files import load_sql
from gis_core.models import User
from gis_core.sentences import COUNT, Sentence

NEVER_FLOODED, CLEAN, DIRTY = "never flooded", "clean", "dirty"


def zone_statuses(network: Network, flooding: Flooding | None = None) -> dict[int, str]:
    """Each zone's status by its id: never flooded; clean; or dirty, when its part of the graph changed since it was
    flooded, or its members are not (given a `flooding`) what the graph gives it.
    """
    statuses = {
        zone: NEVER_FLOODED if flooded is None else CLEAN
        for zone, flooded in Zone.objects.filter(network=network).values_list("pk", "flood__flooded_at")
    }
    since = ZoneFlood.objects.filter(zone__network=network).aggregate(first=Min("flooded_at"))["first"]
    touched: set[int] = set()
    if since is not None:
        with connection.cursor() as cursor:
            cursor.execute(load_sql("assets.zones", "zone_changes"), {"network": network.pk, "since": since})
            touched = {zone for (zone,) in cursor.fetchall()}
    if flooding is not None:
        changed = flooding.changed
        touched |= set(np.unique(flooding.present[changed]).tolist())
        touched |= set(np.unique(flooding.wanted[changed]).tolist())
        touched |= flooding.conflicting_zones
    return {
        zone: DIRTY if status == CLEAN and zone in touched else status for zone, status in statuses.items()
    }


def flood_zones(network: Network, *, acting_user: User | None, regulators_bound: bool = False) -> Flooding:
    """Set every node's zone to what the flooding says, as one edit that can be undone; conflicts are left as they are.

    Zones without conflict are clean afterwards. Raises ReportedError when the network is busy.
    """
    with editing(network, operation="flood_zones", acting_user=acting_user) as session:
        # The edit has the network to itself from here on, so the graph cannot change under it.
        flooding = flood(network, regulators_bound=regulators_bound)
        changed = flooding.changed
        if len(changed):
            with connection.cursor() as cursor:
                cursor.execute(
                    "UPDATE assets_node node SET zone_id = nullif(wanted.zone, 0) "
                    "FROM unnest(%s::bigint[], %s::bigint[]) wanted (id, zone) WHERE node.id = wanted.id",
                    [flooding.graph.node_ids[changed].tolist(), flooding.wanted[changed].tolist()],
                )
        for conflict in flooding.conflicts:
            session.remark(
                f"zones {', '.join(conflict.zones)}",
                Sentence(
                    ngettext_lazy(
                        "{count} node is reached from both; left as is",
                        "{count} nodes are reached from both; left as is",
                        COUNT,
                    ),
                    count=conflict.nodes,
                ),
            )
        session.edit.summary = f"zones from the graph: {len(changed)} nodes changed"
        _remember(flooding, acting_user, session.edit.pk, session.edit.made_at)
    return flooding


def _remember(flooding: Flooding, acting_user: User | None, edit: int, moment: datetime) -> None:
    ZoneFlood.objects.bulk_create(
        [
            ZoneFlood(
                zone=zone,
                flooded_at=moment,
                edit_id=edit,
                flooded_by=acting_user,
                members=int((flooding.wanted == pk).sum()),
            )
            for pk, zone in flooding.zones.items()
            if pk not in flooding.conflicting_zones
        ],
        update_conflicts=True,
        unique_fields=["zone"],
        update_fields=["flooded_at", "edit", "flooded_by", "members"],
    )
