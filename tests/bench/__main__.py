"""`make bench`: each row is ours, the floor (raw SQL or COPY doing the same work on the same server) and the ratio.

Everything runs in a database of its own, cloned from the migrated template and dropped afterwards. Figures are medians
of repeated runs taken in turn (ours, floor, ours, floor, ...), so that a machine that slows down slows both.
"""

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gis_core.settings.test")

BENCHES = (
    "start",
    "database",
    "imports",
    "edits",
    "exchange",
    "observations",
    "series",
    "hour",
    "mqtt",
    "sensorthings",
    "billing",
    "search",
    "topology",
    "traces",
    "validation",
    "tiles",
    "ogc",
    "field",
    "losses",
    "pages",
    "frames",
    "wall",
)


@contextmanager
def bench_database() -> Iterator[None]:
    """Django connected to a fresh, migrated database, dropped at the end."""
    import django
    from django.db import connection, connections

    django.setup()
    from tests.databases import as_owner, drop_database, make_migrated_database

    name = "tarmoq_bench"
    make_migrated_database(name)
    connection.close()
    connection.settings_dict["NAME"] = name
    try:
        # Floors are plain tables beside ours. What is served is the application's.
        with as_owner():
            yield
    finally:
        connections.close_all()
        drop_database(name)


def rows_of(bench: str) -> list[dict[str, Any]]:
    """The rows of one benchmark."""
    from tests.bench import (
        billing_bench,
        database_bench,
        edit_bench,
        exchange_bench,
        field_bench,
        hour_bench,
        import_bench,
        loss_bench,
        mqtt_bench,
        observation_bench,
        ogc_bench,
        page_bench,
        search_bench,
        sensorthings_bench,
        series_bench,
        start_bench,
        tile_bench,
        topology_bench,
        trace_bench,
        validation_bench,
        wall_bench,
    )

    benches: dict[str, Callable[[], list[dict[str, Any]]]] = {
        "start": start_bench.run,
        "database": database_bench.run,
        "imports": import_bench.run,
        "edits": edit_bench.run,
        "exchange": exchange_bench.run,
        "observations": observation_bench.run,
        "series": series_bench.run,
        "hour": hour_bench.run,
        "mqtt": mqtt_bench.run,
        "sensorthings": sensorthings_bench.run,
        "billing": billing_bench.run,
        "search": search_bench.run,
        "topology": topology_bench.run,
        "traces": trace_bench.run,
        "validation": validation_bench.run,
        "tiles": tile_bench.run,
        "ogc": ogc_bench.run,
        "field": field_bench.run,
        "losses": loss_bench.run,
        "pages": page_bench.run,
        "frames": page_bench.run_frames,
        "wall": wall_bench.run,
    }
    return benches[bench]()


def _peer_of(row: dict[str, Any]) -> str:
    """The figure of another program that does the same, where one was measured in the same run."""
    return f"  {row['peer']:,.6g} {row.get('peer_name', 'peer')}" if row.get("peer") is not None else ""


def main() -> int:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("benches", nargs="*", default=list(BENCHES), help=", ".join(BENCHES))
    parser.add_argument("--json", type=Path, help="also write the rows to this file")
    chosen = parser.parse_args()
    unknown = set(chosen.benches) - set(BENCHES)
    if unknown:
        parser.error(f"unknown benchmark: {', '.join(sorted(unknown))}")
    rows: list[dict[str, Any]] = []
    try:
        with bench_database():
            _run(chosen.benches, rows)
    finally:
        # What was measured before a benchmark failed is kept.
        if chosen.json:
            chosen.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    return 0


def _run(benches: list[str], rows: list[dict[str, Any]]) -> None:
    print(f"{'what':<58}{'ours':>12}{'floor':>12}  {'unit':<12}{'ratio':>8}")
    for bench in benches:
        for row in rows_of(bench):
            rows.append(row)
            print(
                f"{row['name']:<58}{row['ours']:>12,.6g}{row['floor']:>12,.6g}  "
                f"{row['unit']:<12}{row['ratio']:>8.2f}{_peer_of(row)}",
                flush=True,
            )


if __name__ == "__main__":
    sys.exit(main())
