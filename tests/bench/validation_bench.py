"""Validation of one dirty area in a network of 10,000 and of 1,000,000 pipes, and of all of a network of 100,000.

The floor of the large network is the small one: the same work on the same ground size. The floor of the run over
everything is one sequential read of the same rows.
"""

import random
import statistics
from typing import Any

from django.db import connection

from assets.editing.services.attributes import set_pipe_attributes
from assets.models import Network, Pipe
from assets.topology.services.rebuilding import ensure_topology
from assets.validation.services import validate_network
from gis_core.models import User
from tests.bench.scale import LARGE, SMALL, looped_network
from tests.bench.timing import seconds

AREAS = 40
MIDDLE = 100_000


def run() -> list[dict[str, Any]]:
    """One edit, then the validation of the ground it made dirty, at random places of both networks."""
    small, large = looped_network(SMALL), looped_network(LARGE)
    small_s, large_s = _one_area(small), _one_area(large)
    middle = looped_network(MIDDLE)
    ensure_topology(middle)
    whole_s = seconds(lambda: validate_network(middle, acting_user=None, is_everything=True))
    read_s = seconds(lambda: _read(middle))
    return [
        _row(
            f"validation of one dirty area, {LARGE:,} pipes (floor: {SMALL:,})",
            large_s * 1000,
            small_s * 1000,
            "ms",
        ),
        _row(f"validation of a whole network of {MIDDLE:,} pipes (floor: reading it)", whole_s, read_s, "s"),
    ]


def _row(name: str, ours: float, floor: float, unit: str) -> dict[str, Any]:
    return {"name": name, "ours": ours, "floor": floor, "unit": unit, "ratio": ours / floor}


def _one_area(network: Network) -> float:
    """Median seconds of a run over the ground of one edit."""
    ensure_topology(network)
    person = User.objects.get_or_create(username="bench")[0]
    dice = random.Random(11)
    first, last = _span_of_ids(network)
    timed = []
    for number in range(AREAS + 3):
        pipe = Pipe.objects.filter(
            network=network, is_connector=False, pk__gte=dice.randint(first, last)
        ).order_by("pk")[0]
        set_pipe_attributes(network, pipe=pipe.uid, values={"roughness": 100.0 + number}, acting_user=person)
        timed.append(seconds(lambda: validate_network(network, acting_user=None)))
    # The first runs fill caches.
    return statistics.median(timed[3:])


def _span_of_ids(network: Network) -> tuple[int, int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT min(id), max(id) FROM assets_pipe WHERE network_id = %s AND NOT is_connector",
            [network.pk],
        )
        first, last = cursor.fetchone()
    return first, last


def _read(network: Network) -> None:
    with connection.cursor() as cursor:
        for table in ("node", "pipe"):
            cursor.execute(
                f"SELECT sum(ST_NPoints(geom)), count(code) FROM assets_{table} WHERE network_id = %s",
                [network.pk],
            )
            cursor.fetchone()
