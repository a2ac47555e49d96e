"""One edit of many additions, and a drawing of many pipes.

An addition is a pipe whose two ends become junctions: three rows with their history, the ground, segments and audit.
Milliseconds per addition; `growth` is what an addition of the largest edit costs to one of the smallest. The floor
inserts the same rows with the same triggers, in one statement for each table and one transaction.
"""

import tempfile
from pathlib import Path
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from assets.editing.services.bulk import apply_operations
from assets.exchange.services.export import export_network
from assets.models import Edit, Network
from gis_core.models import User
from gis_core.selectors.organisation import division_by_code
from tests.bench.looped_network import make_looped_network
from tests.bench.scale import SMALL, looped_network
from tests.bench.timing import seconds

SIZES = (100, 300, 1_000, 3_000, 10_000)
DRAWN_PIPES = 24_000
_COLUMNS = 100
_STEP_DEGREES = 0.001

_FLOOR = """
    SELECT set_config('tarmoq.edit', %(edit)s, true),
           set_config('tarmoq.moment', (SELECT made_at::text FROM assets_edit WHERE id = %(edit)s::bigint), true);
    INSERT INTO assets_node (uid, network_id, division_id, kind, code, geom, lifecycle, version)
    SELECT gen_random_uuid(), %(network)s, %(division)s, 'junction', 'F' || number || '-' || side,
           ST_SetSRID(ST_Point(%(west)s + number %% 100 * 0.001 + side * 0.0004, %(south)s + number / 100 * 0.001),
                      4326),
           'in_service', 1
      FROM generate_series(1, %(size)s) number, generate_series(0, 1) side;
    INSERT INTO assets_pipe (uid, network_id, division_id, code, start_node_id, end_node_id, geom, lifecycle, version,
                             is_connector, minor_loss, status, has_check_valve, material)
    SELECT gen_random_uuid(), %(network)s, %(division)s, 'F' || number, first.id, last.id,
           ST_MakeLine(first.geom, last.geom), 'in_service', 1, false, 0, 'open', false, ''
      FROM generate_series(1, %(size)s) number
      JOIN assets_node first ON first.network_id = %(network)s AND first.code = 'F' || number || '-0'
      JOIN assets_node last ON last.network_id = %(network)s AND last.code = 'F' || number || '-1';
    SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED
"""


def run() -> list[dict[str, Any]]:
    """Rows of the benchmark; nothing that the edits made stays in the database."""
    user = User.objects.create_user(username="bench-edits")
    empty = Network.objects.create(
        code="bench-empty", name="empty", division=division_by_code("UZ-TO"), commodity="water"
    )
    return [
        *_additions(empty, "an empty network", user),
        *_additions(looped_network(SMALL), f"a network of {SMALL:,} pipes", user),
        _drawing(),
    ]


def additions(size: int) -> list[dict[str, Any]]:
    """Operations that add so many pipes, each 34 m long and 50 m from the next."""
    operations = []
    for number in range(size):
        x = 60.0 + number % _COLUMNS * _STEP_DEGREES
        y = 38.0 + number // _COLUMNS * _STEP_DEGREES
        operations.append({"op": "add_pipe", "geometry": [[x, y], [x + 0.0004, y]]})
    return operations


def _additions(network: Network, where: str, user: User) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for size in SIZES:
        ours = 1000 * _rolled_back(
            lambda size=size: apply_operations(network, additions(size), acting_user=user)
        )
        floor = 1000 * _rolled_back(lambda size=size: _insert(network, size, user))
        rows.append(
            {
                "name": f"{size:,} additions to {where}: {ours / 1000:.3g} s, each",
                "ours": ours / size,
                "floor": floor / size,
                "unit": "ms",
                "ratio": ours / floor,
            }
        )
    growth = rows[-1]["ours"] / rows[0]["ours"]
    rows.append({"name": f"growth, {where}", "ours": growth, "floor": 1.0, "unit": "times", "ratio": growth})
    return rows


def _rolled_back(work: Any) -> float:
    with transaction.atomic():
        taken = seconds(work)
        transaction.set_rollback(True)
    return taken


def _insert(network: Network, size: int, user: User) -> None:
    edit = Edit.objects.create(
        network=network,
        division_id=network.division_id,
        acting_user=user,
        operation="bulk",
        made_at=timezone.now(),
    )
    values: dict[str, Any] = {
        "edit": str(edit.pk),
        "network": network.pk,
        "division": network.division_id,
        "size": size,
    }
    with connection.cursor() as cursor:
        cursor.execute(_FLOOR, {**values, "west": 60.0, "south": 38.0})


def _drawing() -> dict[str, Any]:
    network = make_looped_network("bench-drawing", pipes=DRAWN_PIPES).network
    with tempfile.TemporaryDirectory() as directory:
        ours = seconds(lambda: export_network(network, Path(directory) / "ours.dxf", "dxf"))
        floor = seconds(lambda: export_network(network, Path(directory) / "floor.geojson", "geojson"))
    name = f"drawing (DXF) of {DRAWN_PIPES:,} pipes, to GeoJSON"
    return {"name": name, "ours": ours, "floor": floor, "unit": "s", "ratio": ours / floor}
