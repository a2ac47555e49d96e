"""The map's workbench for the tests of access: what it reads, and what it reads by POST."""

from typing import Any

from tests.world import World

WORKBENCH_READS = (
    "network-elements",
    "network-element-forms",
    "pipe-consumers",
    "node-consumers",
    "network-pipe-values",
    "simulation-values",
    "simulation-low-pressure",
    "outage-sheet",
)
# Bodies by name.
WORKBENCH_POSTS: dict[str, dict[str, Any]] = {
    "network-elements-query": {"class": "pipe", "codes": ["P1"]},
    "network-element-export": {"class": "pipe", "codes": ["P1"], "format": "geojson"},
    "network-map-print": {"bbox": [69.39, 41.39, 69.41, 41.41], "title": "matrix"},
}
WORKBENCH_QUERIES = {
    "network-elements": "?class=pipe",
    "network-pipe-values": "?theme=breaks",
    "simulation-low-pressure": "?below=20",
}


def workbench_details(world: World, *, run: Any) -> dict[str, dict[str, Any]]:
    """What the addresses need."""
    network = {"network": world.network.code}
    return {
        **{name: network for name in (*WORKBENCH_READS, *WORKBENCH_POSTS) if name.startswith("network-")},
        "pipe-consumers": {"uid": world.pipes["P1"].uid},
        "node-consumers": {"uid": world.nodes["A"].uid},
        "simulation-values": {"uid": run},
        "simulation-low-pressure": {"uid": run},
    }
