"""Import of EPANET models: nodes per second, against a raw COPY of the same rows into bare tables.

Ours is everything: reading, checking, converting, placing, comparing, writing under all constraints.
The floor only writes: no keys, no indexes, no generated columns, rows that are already in memory.
"""

import math
import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

from django.db import connection, transaction

from assets.exchange.services.epanet_import import ModelPlacement, import_epanet_model
from assets.models import Network
from gis_core.selectors.organisation import division_by_code

ROUNDS = 3
GRID = 112  # 112 x 112 = 12,544 nodes
_TABLES = ("assets_node", "assets_pipe", "assets_demand")


def run() -> list[dict[str, Any]]:
    """Measure ky4 and a looped grid of 12,544 nodes; nothing stays in the database."""
    import wntr

    library = Path(wntr.__file__).parent / "library" / "networks"
    with tempfile.TemporaryDirectory() as directory:
        grid = Path(directory) / "grid.inp"
        write_grid(grid, GRID)
        _measured(library / "Net1.inp")  # libraries load, caches fill
        return [
            _row("import of ky4 (964 nodes)", library / "ky4.inp", 964),
            _row(f"import of a grid ({GRID * GRID:,} nodes)", grid, GRID * GRID),
        ]


def _row(name: str, path: Path, node_count: int) -> dict[str, Any]:
    seconds = [_measured(path) for _ in range(ROUNDS)]
    ours = node_count / statistics.median(import_s for import_s, _ in seconds)
    floor = node_count / statistics.median(copy_s for _, copy_s in seconds)
    return {"name": name, "ours": ours, "floor": floor, "unit": "nodes/s", "ratio": floor / ours}


def _measured(path: Path) -> tuple[float, float]:
    """Seconds of the import and of the bare COPY of what it wrote; both are rolled back."""
    with transaction.atomic():
        import_s = _timed(lambda: _import(path))
        copy_s = _copy_into_bare_tables()
        transaction.set_rollback(True)
    return import_s, copy_s


def _import(path: Path) -> None:
    import_epanet_model(
        path=path,
        network_code="BENCH-IMPORT",
        division=division_by_code("UZ-TO"),
        commodity="water",
        placement=ModelPlacement(place=(69.3, 41.3)),
        acting_user=None,
    )


def _copy_into_bare_tables() -> float:
    network_id = Network.objects.get(code="BENCH-IMPORT").pk
    total_s = 0.0
    with connection.cursor() as cursor:
        for table in _TABLES:
            source = f"SELECT * FROM {table} WHERE network_id = {network_id}"
            if table == "assets_demand":
                nodes = f"SELECT id FROM assets_node WHERE network_id = {network_id}"
                source = f"SELECT * FROM {table} WHERE node_id IN ({nodes})"
            cursor.execute(f"CREATE TEMPORARY TABLE bench_{table} ON COMMIT DROP AS {source} LIMIT 0")
            with cursor.copy(f"COPY ({source}) TO STDOUT") as copy:
                data = b"".join(bytes(block) for block in copy)
            total_s += _timed(partial(_copy_in, cursor, table, data))
    return total_s


def _copy_in(cursor: Any, table: str, data: bytes) -> None:
    with cursor.copy(f"COPY bench_{table} FROM STDIN") as copy:
        copy.write(data)


def _timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def write_grid(path: Path, size: int) -> None:
    """A looped network: a square grid of junctions 100 m apart, pipes along every side, one reservoir."""
    names = [[f"N{row}-{column}" for column in range(size)] for row in range(size)]
    lines = ["[JUNCTIONS]"]
    lines += [
        f"{name} {400 + 10 * math.sin(i / 50):.2f} 0.05" for i, name in enumerate(chain.from_iterable(names))
    ]
    lines += ["[RESERVOIRS]", "SOURCE 480", "[PIPES]", f"MAIN SOURCE {names[0][0]} 100 600 120 0 Open"]
    for row in range(size):
        for column in range(size):
            if column + 1 < size:
                lines.append(
                    f"H{row}-{column} {names[row][column]} {names[row][column + 1]} 100 200 110 0 Open"
                )
            if row + 1 < size:
                lines.append(
                    f"V{row}-{column} {names[row][column]} {names[row + 1][column]} 100 200 110 0 Open"
                )
    lines += ["[OPTIONS]", "UNITS LPS", "[COORDINATES]", "SOURCE -100 0"]
    lines += [
        f"{names[row][column]} {column * 100} {row * 100}" for row in range(size) for column in range(size)
    ]
    path.write_text("\n".join([*lines, "[END]", ""]), encoding="utf-8")
