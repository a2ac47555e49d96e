"""The ground that a validation looks at, and the temporary tables in which it stands."""

import math
from collections.abc import Sequence
from typing import Any

from django.db import connection
from django.utils.translation import gettext_noop as _

from assets.models import Network, rules_of
from gis_core.database.sql_files import load_sql
from gis_core.errors import ReportedError
from gis_core.geodesy import latitude_degrees, longitude_degrees
from gis_core.sentences import Sentence

_JOINED = (
    "assets_node",
    "assets_pipe",
    "assets_attachment",
    "assets_demand",
    "assets_finding",
    "assets_nodetopology",
)
Box = tuple[float, float, float, float]
_TABLES = (
    "checked_area",
    "checked_node_id",
    "checked_pipe_id",
    "node_pipe",
    "checked_node",
    "checked_pipe",
    "checked_zone",
    "found",
    "judged",
    "finding_row",
)


def parse_bbox(text: str) -> Box:
    """West, south, east, north in degrees; raises ReportedError (bad_bbox)."""
    try:
        west, south, east, north = (float(part) for part in text.split(","))
    except ValueError:
        raise _bad_bbox(
            text, Sentence(_("write it as WEST,SOUTH,EAST,NORTH, e.g. 69.2,41.2,69.3,41.3"))
        ) from None
    if not all(map(math.isfinite, (west, south, east, north))):
        raise _bad_bbox(text, Sentence(_("its numbers are finite")))
    if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
        raise _bad_bbox(
            text,
            Sentence(_("west is not east of east, south not north of north, all within 180 and 90 degrees")),
        )
    return west, south, east, north


def _bad_bbox(text: str, reason: str) -> ReportedError:
    return ReportedError(
        Sentence(_("{text} is not a bounding box: {reason}."), text=repr(text[:80]), reason=reason),
        code="bad_bbox",
    )


def near_m(network: Network) -> float:
    """How close a line's end must come to something else to be suspected of missing it, in metres."""
    return max(10 * network.snap_tolerance_m, 1.0)


def reach_degrees(metres: float, latitude: float) -> float:
    """How many degrees `metres` are at most at a latitude, in either direction."""
    return longitude_degrees(metres, latitude)


def refresh_statistics() -> None:
    """Let the database count what the checks join where it grew by half since it was last counted.

    Right after an import it knows nothing of the new rows, and joins them in ways that take minutes instead of seconds.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class WHERE oid = ANY (%s::regclass[]) "
            "AND (reltuples < 0 OR pg_relation_size(oid) / 8192 > 1.5 * relpages + 10) "
            "AND pg_relation_size(oid) > 0",
            [list(_JOINED)],
        )
        for (table,) in cursor.fetchall():
            cursor.execute(f"ANALYZE {table}")


def drop_tables(cursor: Any) -> None:
    """Leave nothing of an earlier run in this session."""
    cursor.execute("SET LOCAL client_min_messages = warning")
    cursor.execute(f"DROP TABLE IF EXISTS {', '.join(f'pg_temp.{name}' for name in _TABLES)}")


def take_areas(cursor: Any, network: Network, boxes: Sequence[Box], dirty_ids: Sequence[int]) -> None:
    """Fill checked_area with the boxes and dirty areas, a little enlarged for what lies just outside."""
    cursor.execute("CREATE TEMPORARY TABLE checked_area (geom geometry)")
    cursor.execute(
        """
        INSERT INTO checked_area
        SELECT ST_Expand(area.geom, %(degrees)s / greatest(cos(radians(ST_YMax(area.geom))), 0.01))
          FROM (SELECT geom FROM assets_dirtyarea WHERE id = ANY (%(dirty)s)
                UNION ALL
                SELECT ST_MakeEnvelope(west, south, east, north, 4326)
                  FROM unnest(%(west)s::float8[], %(south)s::float8[], %(east)s::float8[], %(north)s::float8[])
                       box (west, south, east, north)) area
        """,
        {
            "degrees": latitude_degrees(near_m(network)),
            "dirty": list(dirty_ids),
            **{
                name: [box[place] for box in boxes]
                for place, name in enumerate(("west", "south", "east", "north"))
            },
        },
    )
    cursor.execute("ANALYZE checked_area")


def take_elements(cursor: Any, network: Network, *, is_everything: bool) -> tuple[int, int]:
    """Make the tables of checked elements; return the numbers of checked nodes and pipes."""
    parameters = {"network": network.pk}
    cursor.execute(
        load_sql("assets.validation", "checked_network" if is_everything else "checked_ground"), parameters
    )
    cursor.execute(load_sql("assets.validation", "checked_elements"), parameters)
    cursor.execute("SELECT (SELECT count(*) FROM checked_node), (SELECT count(*) FROM checked_pipe)")
    nodes, pipes = cursor.fetchone()
    return nodes, pipes


def check_parameters(cursor: Any, network: Network) -> dict[str, Any]:
    """What the statements of the checks are told: tolerances in metres and degrees, the commodity's rules."""
    rules = rules_of(network.commodity)
    cursor.execute("SELECT coalesce(max(abs(ST_Y(geom))), 0) FROM checked_node")
    latitude = cursor.fetchone()[0]
    supply = sorted(rules.supply_kinds or rules.sink_kinds)
    return {
        "network": network.pk,
        "tolerance_m": network.snap_tolerance_m,
        "tolerance_deg": reach_degrees(network.snap_tolerance_m, latitude),
        "near_m": near_m(network),
        "near_deg": reach_degrees(near_m(network), latitude),
        "formula": network.headloss_formula,
        "supply_kinds": supply,
        "required": [
            rule.name
            for rule in rules.line_attributes
            if rule.is_required and rule.name not in ("diameter_m", "material")
        ],
    }
