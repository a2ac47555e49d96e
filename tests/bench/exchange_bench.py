"""Import of a GeoPackage with topology: features per second, against a raw COPY of the same rows into bare tables.

Ours is everything: reading the file, checking every row, joining ends within the tolerance, cutting lines at
T-junctions, comparing, writing under all constraints. The floor only writes rows that are already in memory.
"""

import statistics
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from django.db import transaction

from assets.exchange.services.geo_import import GeoOptions, import_geo_file
from gis_core.selectors.organisation import division_by_code
from tests.bench import import_bench
from tests.bench.timing import seconds

ROUNDS = 3
GRID = 224  # about 100,000 pipes
SPACING_DEGREES = 0.001
# How far ends are drawn from each other where they meet: a few centimetres, below the tolerance.
JITTER_DEGREES = 2e-7


def run() -> list[dict[str, Any]]:
    """Measure a looped grid of some 100,000 pipes whose ends nearly meet; nothing stays in the database."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "grid.gpkg"
        count = write_grid(path, GRID)
        measured = [_measured(path) for _ in range(ROUNDS)]
    ours = count / statistics.median(import_s for import_s, _ in measured)
    floor = count / statistics.median(copy_s for _, copy_s in measured)
    name = f"GeoPackage with topology ({count:,} pipes)"
    return [{"name": name, "ours": ours, "floor": floor, "unit": "features/s", "ratio": floor / ours}]


def _measured(path: Path) -> tuple[float, float]:
    with transaction.atomic():
        import_s = seconds(lambda: _import(path))
        copy_s = import_bench._copy_into_bare_tables()
        transaction.set_rollback(True)
    return import_s, copy_s


def _import(path: Path) -> None:
    import_geo_file(
        path=path,
        file_format="geopackage",
        network_code="BENCH-IMPORT",
        division=division_by_code("UZ-TO"),
        commodity="water",
        options=GeoOptions(),
        acting_user=None,
    )


def write_grid(path: Path, size: int) -> int:
    """A square grid of lines, a tenth of them ending on the inside of another one; returns their number."""
    import geopandas

    generator = np.random.default_rng(20260101)
    rows, columns = np.meshgrid(np.arange(size), np.arange(size), indexing="ij")
    across = np.stack([columns[:, :-1], rows[:, :-1], columns[:, 1:], rows[:, 1:]], -1).reshape(-1, 4)
    along = np.stack([columns[:-1], rows[:-1], columns[1:], rows[1:]], -1).reshape(-1, 4)
    ends = np.vstack([across, along]).astype(float)
    branches = across[:: len(across) // (len(across) // 10)].astype(float)
    middle = (branches[:, 0] + branches[:, 2]) / 2
    ends = np.vstack([ends, np.stack([middle, branches[:, 1], middle, branches[:, 1] + 0.4], -1)])
    places = ends.reshape(-1, 2, 2) * SPACING_DEGREES + [69.0, 41.0]
    places += generator.uniform(-JITTER_DEGREES, JITTER_DEGREES, places.shape)
    frame = geopandas.GeoDataFrame(
        {"code": [f"P{number}" for number in range(len(ends))], "diameter_mm": 200.0},
        geometry=shapely.linestrings(places),
        crs="EPSG:4326",
    )
    frame.to_file(path, layer="pipe", driver="GPKG")
    return len(ends)
