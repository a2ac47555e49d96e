"""Looped networks of any size for benchmarks: a grid of streets, written straight into the tables by sets.

    R --c--(P)--c-- n0 ---- n1 ---- n2 ---- ...     R reservoir, (P) pump, --c-- connector
                     |       |       |
                    [v]     [v]      |              [v] an isolation valve: N --c-- [v] ---- pipe ---- M
                     |       |       |
                    n.. --- n.. --[v]n.. -- ...     every street is 100 m long, junctions are moved up to 20 m

Only for a database of one's own: foreign keys, indexes and the counting of lines for tiles are set aside while rows
are written and made again (and so checked for all rows) at the end, which makes a million pipes a matter of a minute.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction

from assets.models import Network
from gis_core.models import Division

SPACING_M = 100.0
_METRES_PER_DEGREE = 111_195.0
_TABLES = (
    "assets_node",
    "assets_pipe",
    "assets_valvedetail",
    "assets_pumpdetail",
    "assets_reservoirdetail",
)


@dataclass(frozen=True)
class LoopedNetwork:
    """What was made: `pipes` without connectors; junctions are "J0", "J1"..., pipes "P1"..., valves "V<pipe>"."""

    network: Network
    pipes: int
    junctions: int
    valves: int
    sources: int
    columns: int


# How the numbers follow from each other: cell k is in row k / columns; pipe 2k leads to it from the left, 2k + 1 from
# above, where there is such a cell. The pipes are counted in this order, so any number of them hangs together.
_GRID = """
CREATE TEMPORARY TABLE new_pipe ON COMMIT DROP AS
SELECT row_number() OVER (ORDER BY slot) AS number, start_cell, end_cell,
       (hashint8extended(slot, %(seed)s) & 1048575) / 1048576.0 < %(valve_density)s AS has_valve,
       (hashint8extended(slot, %(seed)s + 1) & 1048575) / 1048576.0 < %(check_valve_density)s AS has_check_valve
  FROM (SELECT 2 * k AS slot, k - 1 AS start_cell, k AS end_cell
          FROM generate_series(0, %(cells)s - 1) k WHERE k %% %(columns)s > 0
        UNION ALL
        SELECT 2 * k + 1, k - %(columns)s, k FROM generate_series(%(columns)s, %(cells)s - 1) k) slots
 ORDER BY slot LIMIT %(pipes)s;
ANALYZE new_pipe;

CREATE TEMPORARY TABLE new_cell ON COMMIT DROP AS
SELECT k AS cell,
       ST_SetSRID(ST_MakePoint(
           %(west)s + %(step_lon)s * (k %% %(columns)s + (hashint8extended(k, %(seed)s + 2) & 1023) / 2560.0 - 0.2),
           %(north)s - %(step_lat)s * (k / %(columns)s + (hashint8extended(k, %(seed)s + 3) & 1023) / 2560.0 - 0.2)),
           4326) AS geom
  FROM generate_series(0, (SELECT max(end_cell) FROM new_pipe)) k;
CREATE UNIQUE INDEX ON new_cell (cell);
ANALYZE new_cell;

-- The pipe's drawing runs from the valve, half a metre behind the junction, or else from the junction itself.
CREATE TEMPORARY TABLE new_line ON COMMIT DROP AS
SELECT pipe.*, start_cell.geom AS start_geom, end_cell.geom AS end_geom,
       CASE WHEN has_valve
            THEN ST_LineInterpolatePoint(ST_MakeLine(start_cell.geom, end_cell.geom), 0.005) END AS valve_geom
  FROM new_pipe pipe JOIN new_cell start_cell ON start_cell.cell = start_cell
  JOIN new_cell end_cell ON end_cell.cell = end_cell;
ANALYZE new_line;
"""

_ROWS = """
INSERT INTO assets_node (id, uid, network_id, division_id, kind, code, geom, elevation_m, lifecycle)
SELECT %(first_node)s + cell, md5(%(code)s || ' junction ' || cell)::uuid, %(network)s, %(division)s, 'junction',
       'J' || cell, geom, 400 + 40 * sin(cell %% %(columns)s / 50.0) + 30 * cos(cell / %(columns)s / 70.0), 'in_service'
  FROM new_cell;

INSERT INTO assets_node (id, uid, network_id, division_id, kind, code, geom, elevation_m, lifecycle)
SELECT %(first_valve)s + number, md5(%(code)s || ' valve ' || number)::uuid, %(network)s, %(division)s, 'valve',
       'V' || number, valve_geom, 400, 'in_service'
  FROM new_line WHERE has_valve;
INSERT INTO assets_valvedetail (node_id, node_kind, valve_type, diameter_m, minor_loss, status, is_broken,
                                is_accessible, is_buried, is_isolating)
SELECT %(first_valve)s + number, 'valve', 'isolation', 0.2, 0, 'open', false, true, false, false
  FROM new_line WHERE has_valve;

INSERT INTO assets_pipe (id, uid, network_id, division_id, code, is_connector, start_node_id, end_node_id, geom,
                         stated_length_m, diameter_m, material, roughness, minor_loss, year_installed, status,
                         has_check_valve, lifecycle)
SELECT %(first_pipe)s + number, md5(%(code)s || ' pipe ' || number)::uuid, %(network)s, %(division)s, 'P' || number,
       false, CASE WHEN has_valve THEN %(first_valve)s + number ELSE %(first_node)s + start_cell END,
       %(first_node)s + end_cell,
       ST_MakeLine(coalesce(valve_geom, start_geom), end_geom), NULL,
       CASE WHEN start_cell < 2 * %(columns)s THEN 0.6 ELSE 0.1 + 0.05 * (number %% 5) END,
       (ARRAY['PE100', 'steel', 'cast iron'])[1 + number %% 3], 110, 0, 1960 + number %% 60, 'open',
       has_check_valve AND start_cell > 0, 'in_service'
  FROM new_line;
INSERT INTO assets_pipe (id, uid, network_id, division_id, code, is_connector, start_node_id, end_node_id, geom,
                         stated_length_m, diameter_m, material, roughness, minor_loss, status, has_check_valve,
                         lifecycle)
SELECT %(first_connector)s + number, md5(%(code)s || ' connector ' || number)::uuid, %(network)s, %(division)s,
       'V' || number || '/1', true, %(first_node)s + start_cell, %(first_valve)s + number,
       ST_MakeLine(start_geom, valve_geom), NULL, 0.2, '', 110, 0, 'open', false, 'in_service'
  FROM new_line WHERE has_valve;
"""

# Reservoirs stand above the first row, spread evenly, each with a pump towards the junction below.
_SOURCES = """
CREATE TEMPORARY TABLE new_source ON COMMIT DROP AS
SELECT s AS number, cell, geom AS end_geom, ST_Translate(geom, 0, %(step_lat)s / 2) AS pump_geom,
       ST_Translate(geom, 0, %(step_lat)s) AS source_geom
  FROM generate_series(0, %(sources)s - 1) s
  JOIN new_cell ON cell = s * least(%(columns)s, (SELECT count(*) FROM new_cell)) / %(sources)s;

INSERT INTO assets_node (id, uid, network_id, division_id, kind, code, geom, elevation_m, lifecycle)
SELECT %(first_source)s + 2 * number + part, md5(%(code)s || kind || number)::uuid, %(network)s, %(division)s, kind,
       letters || number, CASE WHEN part = 0 THEN source_geom ELSE pump_geom END, 400, 'in_service'
  FROM new_source, (VALUES (0, 'reservoir', 'R'), (1, 'pump', 'PU')) parts (part, kind, letters);
INSERT INTO assets_reservoirdetail (node_id, node_kind, head_m)
SELECT %(first_source)s + 2 * number, 'reservoir', 450 FROM new_source;
INSERT INTO assets_pumpdetail (node_id, node_kind, power_w, relative_speed, status, is_isolating)
SELECT %(first_source)s + 2 * number + 1, 'pump', 50000, 1, 'open', false FROM new_source;
INSERT INTO assets_pipe (id, uid, network_id, division_id, code, is_connector, start_node_id, end_node_id, geom,
                         diameter_m, material, minor_loss, status, has_check_valve, lifecycle)
SELECT %(first_source_pipe)s + 2 * number + part, md5(%(code)s || ' PU/' || number || ' ' || part)::uuid, %(network)s,
       %(division)s, 'PU' || number || '/' || part + 1, true, %(first_source)s + 2 * number + part,
       CASE WHEN part = 0 THEN %(first_source)s + 2 * number + 1 ELSE %(first_node)s + cell END,
       CASE WHEN part = 0 THEN ST_MakeLine(source_geom, pump_geom) ELSE ST_MakeLine(pump_geom, end_geom) END,
       0.6, '', 0, 'open', false, 'in_service'
  FROM new_source, generate_series(0, 1) part;
"""


# What the trigger that is set aside would have counted, as sql/tiles.sql itself does for what is there already.
_TILE_EDGES = """
DO $do$ BEGIN
    EXECUTE tile_edges_statement(
        'SELECT network_id, true AS is_in_service, tile_diameter_class(diameter_m) AS diameter_mm, geom, 1 AS sign '
        'FROM assets_pipe WHERE network_id = %(network)s');
END $do$;
"""


@transaction.atomic
def make_looped_network(
    code: str,
    pipes: int = 1_000_000,
    *,
    valve_density: float = 0.65,
    check_valve_density: float = 0.001,
    sources: int = 4,
    seed: int = 1,
    division: Division | None = None,
    place: tuple[float, float] = (69.0, 41.6),
) -> LoopedNetwork:
    """Make a network of exactly `pipes` pipes of about 100 m, the same for the same arguments.

    `valve_density` is the share of pipes with an isolation valve at their start: from 0.6 up segments stay small (a
    square lattice hangs together without end once half of its bonds are free of valves). `check_valve_density` is the
    share of pipes with a check valve. `sources` reservoirs, each with a pump, feed the first row. `place` is the
    north-west corner in degrees.
    """
    if pipes < 4 or sources < 1:
        raise ValueError("at least four pipes and one source")
    division = division or Division.objects.get(code="UZ-TO")
    network = Network.objects.create(code=code, name=f"Grid {code}", commodity="water", division=division)
    columns = max(round(math.sqrt(pipes / 2)), 2)
    values: dict[str, Any] = {
        "pipes": pipes,
        "columns": columns,
        "cells": columns * (pipes // (2 * columns - 1) + 3),
        "seed": seed,
        "valve_density": valve_density,
        "check_valve_density": check_valve_density,
        "sources": min(sources, columns),
        "code": code,
        "network": network.pk,
        "division": division.pk,
        "west": place[0],
        "north": place[1],
        "step_lat": SPACING_M / _METRES_PER_DEGREE,
        "step_lon": SPACING_M / _METRES_PER_DEGREE / math.cos(math.radians(place[1])),
    }
    with connection.cursor() as cursor, _constraints_set_aside(cursor):
        cursor.execute(_GRID, values)
        cursor.execute(
            "SELECT count(*), count(*) FILTER (WHERE has_valve), (SELECT count(*) FROM new_cell) FROM new_pipe"
        )
        pipe_count, valve_count, cell_count = cursor.fetchone()
        cursor.execute("SELECT coalesce(max(id), 0) + 1 FROM assets_node")
        values["first_node"] = cursor.fetchone()[0]
        cursor.execute("SELECT coalesce(max(id), 0) FROM assets_pipe")
        values["first_pipe"] = cursor.fetchone()[0]
        values["first_valve"] = values["first_node"] + cell_count
        values["first_source"] = values["first_valve"] + pipe_count + 1
        values["first_connector"] = values["first_pipe"] + pipe_count
        values["first_source_pipe"] = values["first_connector"] + pipe_count + 1
        cursor.execute(_ROWS, values)
        cursor.execute(_SOURCES, values)
        cursor.execute(_TILE_EDGES, values)
        for table in ("assets_node", "assets_pipe"):
            cursor.execute(
                f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))"
            )
    with connection.cursor() as cursor:
        cursor.execute(f"ANALYZE {', '.join(_TABLES)}")
    return LoopedNetwork(network, pipe_count, cell_count, valve_count, values["sources"], columns)


@contextmanager
def _constraints_set_aside(cursor: Any) -> Iterator[None]:
    """Set foreign keys, secondary indexes and two triggers aside; make them again; keys and indexes check all rows."""
    cursor.execute("SET LOCAL maintenance_work_mem = '512MB'")
    cursor.execute("SET LOCAL work_mem = '256MB'")
    cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    cursor.execute(
        "SELECT conrelid::regclass::text, quote_ident(conname), pg_get_constraintdef(oid) FROM pg_constraint "
        "WHERE contype = 'f' AND conrelid = ANY (%s::regclass[]) ORDER BY oid",
        [list(_TABLES)],
    )
    keys = cursor.fetchall()
    cursor.execute(
        "SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index "
        "WHERE indrelid = ANY (%s::regclass[]) "
        "AND NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conindid = indexrelid)",
        [list(_TABLES)],
    )
    indexes = cursor.fetchall()
    for table, name, _definition in keys:
        cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
    for name, _definition in indexes:
        cursor.execute(f"DROP INDEX {name}")
    cursor.execute("ALTER TABLE assets_pipe DISABLE TRIGGER pipe_tiled_new")
    # Nodes are written before their details.
    cursor.execute("ALTER TABLE assets_node DISABLE TRIGGER device_has_details")
    yield
    for _name, definition in indexes:
        cursor.execute(definition)
    cursor.execute(f"ANALYZE {', '.join(_TABLES)}")
    for table, name, definition in keys:
        cursor.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")
    cursor.execute("ALTER TABLE assets_pipe ENABLE TRIGGER pipe_tiled_new")
    cursor.execute("ALTER TABLE assets_node ENABLE TRIGGER device_has_details")
