"""How zones lie in one another."""

from collections.abc import Iterable

from assets.models import Zone


def zones_inside(zone: Zone) -> list[int]:
    """All zones inside a zone, however deep."""
    found: list[int] = []
    level = [zone.pk]
    while level:
        level = list(Zone.objects.filter(parent_id__in=level).values_list("pk", flat=True))
        found += level
    return found


def zone_depths(network_ids: Iterable[int]) -> dict[int, int]:
    """In how many zones each zone of some networks lies."""
    parents = dict(Zone.objects.filter(network__in=set(network_ids)).values_list("pk", "parent_id"))
    depths: dict[int, int] = {}
    for zone_id, parent in parents.items():
        above, depth = parent, 0
        while above is not None:
            above, depth = parents[above], depth + 1
        depths[zone_id] = depth
    return depths
