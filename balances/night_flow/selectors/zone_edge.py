"""What measures a zone: its edge's flow meters, its storages and its pressure loggers."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from django.db import connection
from django.utils.translation import gettext_noop as _

from assets.models import Zone
from gis_core.database.sql_files import load_sql
from gis_core.errors import ReportedError
from gis_core.sentences import Sentence


@dataclass(frozen=True)
class EdgeStream:
    """A datastream of a zone. `sign` is 1 for flow into the zone, -1 out of it; canonical = value * `factor`."""

    datastream_id: int
    node_code: str
    role: str
    sign: int
    error_percent: float
    interval_s: int
    factor: float
    kind: str
    observed_property: str
    diameter_m: float | None
    curve_x: Sequence[float] | None
    curve_y: Sequence[float] | None


@dataclass(frozen=True)
class CurvePiece:
    """A straight piece of a tank's volume over its level, from `low` up: volume + slope * (level - base)."""

    low: float
    base: float
    volume_m3: float
    slope: float


@dataclass(frozen=True)
class ZoneStreams:
    """The datastreams of a zone by what they are for."""

    meters: list[EdgeStream]
    tanks: list[EdgeStream]
    loggers: list[EdgeStream]

    @property
    def ids(self) -> list[int]:
        return [stream.datastream_id for stream in (*self.meters, *self.tanks, *self.loggers)]


def zone_streams(zone: Zone) -> ZoneStreams:
    """What measures the zone, which must come from a scoped selector.

    Raises ReportedError: `wrong_quantity` for other than water, `no_datastream` when no flow meter stands at its edge,
    or something at it or a tank gives no series (details: `node`), `tank_unknown` when a tank has neither a volume
    curve nor a diameter.
    """
    if zone.network.commodity != "water":
        raise ReportedError(
            Sentence(
                _("Night flow and leaks are those of networks of water; zone {zone} is of none."),
                zone=zone.code,
            ),
            code="wrong_quantity",
        )
    with connection.cursor() as cursor:
        cursor.execute(load_sql("balances.night_flow", "zone_edge"), {"zone_id": zone.pk})
        rows = cursor.fetchall()
    silent = [{"node": row[1]} for row in rows if row[0] is None]
    streams = [EdgeStream(*row) for row in rows if row[0] is not None]
    by_role = {
        role: [stream for stream in streams if stream.role == role]
        for role in ("flow", "storage", "pressure")
    }
    if silent or not by_role["flow"]:
        raise ReportedError(
            Sentence(
                _("Night flow of zone {zone} is unknown: not all of its edge and storage is measured."),
                zone=zone.code,
            ),
            code="no_datastream",
            details=silent,
        )
    unknown = [stream.node_code for stream in by_role["storage"] if not curve_of(stream)]
    if unknown:
        raise ReportedError(
            Sentence(
                _("The volume of these tanks does not follow from their level: {tanks}."),
                tanks=", ".join(unknown),
            ),
            code="tank_unknown",
            details=[{"node": code} for code in unknown],
        )
    return ZoneStreams(by_role["flow"], by_role["storage"], by_role["pressure"])


def curve_of(tank: EdgeStream) -> list[CurvePiece]:
    """A tank's volume by level: as it is for series of volumes, by its curve, else by its diameter; empty when unknown.

    Beyond its ends a curve goes on as its last piece does.
    """
    lowest = float("-inf")
    if tank.observed_property == "volume":
        return [CurvePiece(lowest, 0.0, 0.0, 1.0)]
    if tank.curve_x and tank.curve_y and len(tank.curve_x) > 1:
        points = sorted(zip(tank.curve_x, tank.curve_y, strict=True))
        return [
            CurvePiece(lowest if place == 0 else low, low, volume, (upper_volume - volume) / (high - low))
            for place, ((low, volume), (high, upper_volume)) in enumerate(pairwise(points))
            if high > low
        ]
    if tank.diameter_m:
        return [CurvePiece(lowest, 0.0, 0.0, 3.141592653589793 / 4 * tank.diameter_m**2)]
    return []
