"""A zone's hours for the search, read in one pass from the hourly roll-ups."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from django.conf import settings
from django.db import connection

from assets.models import Zone
from balances.leak_detection.hourly_data import Floats, ZoneHours
from balances.night_flow.selectors.zone_edge import (
    CurvePiece,
    EdgeStream,
    ZoneStreams,
    curve_of,
    zone_streams,
)
from gis_core.database.sql_files import load_sql
from sensors.models import Datastream

LEAST_COVERAGE = 0.5
# More meters than these are not told apart in what pressures follow; their sum is.
_MOST_DRIVERS = 8
_HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class MeasuredZone:
    """What measures a zone, the names of its series, their time zone, and a digest that changes with any of it."""

    zone: Zone
    streams: ZoneStreams
    codes: dict[int, str]
    time_zone: str
    digest: str


def measured_zone(zone: Zone) -> MeasuredZone:
    """What measures the zone; raises ReportedError as `zone_streams` does (`wrong_quantity`, `no_datastream`, ...)."""
    streams = zone_streams(zone)
    rows = Datastream.objects.filter(pk__in=streams.ids).values_list("pk", "code", "time_zone")
    codes = {pk: code for pk, code, _time_zone in rows}
    zones = {pk: time_zone for pk, _code, time_zone in rows}
    time_zone = zones.get(streams.meters[0].datastream_id, settings.TIME_ZONE)
    told = repr(sorted((s.datastream_id, s.role, s.sign, s.factor) for s in _all(streams)))
    digest = hashlib.sha256((told + time_zone).encode()).hexdigest()
    return MeasuredZone(zone, streams, codes, time_zone, digest)


def _all(streams: ZoneStreams) -> list[EdgeStream]:
    return [*streams.meters, *streams.tanks, *streams.loggers]


def instant_of(hour: int) -> datetime:
    """The beginning of an hour that is counted since 1970."""
    return datetime.fromtimestamp(hour * 3600, tz=UTC)


def hour_of(instant: datetime) -> int:
    """The hour, counted since 1970, that an instant lies in."""
    return int(instant.timestamp() // 3600)


def known_span(measured: MeasuredZone, until: int) -> tuple[int, int] | None:
    """The first hour and the one after the last before `until` in which anything was measured; None without any."""
    with connection.cursor() as cursor:
        cursor.execute(
            load_sql("balances.leak_detection", "known_span"),
            {
                "streams": measured.streams.ids,
                "until": instant_of(until),
                "least_coverage": LEAST_COVERAGE,
            },
        )
        first, last = cursor.fetchone()
    return None if first is None else (int(first), int(last) + 1)


def last_stamp(measured: MeasuredZone, since: int, until: int) -> datetime:
    """The newest stamp within [since, until), hours since 1970; of packed months that of a full hour."""
    with connection.cursor() as cursor:
        cursor.execute(
            load_sql("balances.leak_detection", "last_stamp"),
            {"streams": measured.streams.ids, "since": instant_of(since), "until": instant_of(until)},
        )
        (stamp,) = cursor.fetchone()
    if stamp is not None:
        return stamp.astimezone(UTC)
    finest = min(stream.interval_s for stream in _all(measured.streams))
    return instant_of(until) - timedelta(seconds=min(finest, 3600))


def zone_hours(measured: MeasuredZone, since: int, until: int) -> ZoneHours:
    """The hours [since, until) of a zone, counted since 1970."""
    streams = measured.streams
    rows = _all(streams)
    place = {stream.datastream_id: number for number, stream in enumerate(rows)}
    means = np.full((len(rows), until - since), np.nan)
    lasts = np.full((len(rows), until - since), np.nan)
    with connection.cursor() as cursor:
        cursor.execute(
            load_sql("balances.leak_detection", "hourly_means"),
            {
                "streams": streams.ids,
                "since": instant_of(since),
                "until": instant_of(until),
                "least_coverage": LEAST_COVERAGE,
            },
        )
        found = np.array(cursor.fetchall(), dtype=float).reshape(-1, 4)
    if len(found):
        lines = np.array([place[int(pk)] for pk in found[:, 0]])
        columns = found[:, 1].astype(int) - since
        means[lines, columns], lasts[lines, columns] = found[:, 2], found[:, 3]
    factors = np.array([[stream.factor] for stream in rows])
    means, lasts = means * factors, lasts * factors
    meters, tanks = len(streams.meters), len(streams.tanks)
    signs = np.array([[meter.sign] for meter in streams.meters])
    flows = means[:meters] * signs
    stored = _stored(streams.tanks, lasts[meters : meters + tanks])
    inflow = flows.sum(axis=0) - stored.sum(axis=0)
    drivers = np.vstack([flows, means[meters : meters + tanks]])
    clock, weekend = _local_hours(since, until, measured.time_zone)
    return ZoneHours(
        first_hour=since,
        local_hour=clock,
        is_weekend=weekend,
        inflow=inflow,
        drivers=drivers if len(drivers) <= _MOST_DRIVERS else drivers[:0],
        pressures=means[meters + tanks :],
        loggers=tuple(logger.datastream_id for logger in streams.loggers),
    )


def _stored(tanks: list[EdgeStream], lasts: Floats) -> Floats:
    """What flows into each tank by hour, m3/h, from the last values of consecutive hours."""
    stored = np.zeros_like(lasts)
    for row, tank in enumerate(tanks):
        volume = _volume(curve_of(tank), lasts[row])
        stored[row] = np.concatenate([[np.nan], np.diff(volume)])
    return stored


def _volume(pieces: list[CurvePiece], levels: Floats) -> Floats:
    volume = np.full(levels.shape, np.nan)
    for piece in pieces:
        here = levels >= piece.low
        volume[here] = piece.volume_m3 + piece.slope * (levels[here] - piece.base)
    return volume


def _local_hours(since: int, until: int, time_zone: str) -> tuple[np.ndarray, np.ndarray]:
    zone = ZoneInfo(time_zone)
    local = [instant_of(hour).astimezone(zone) for hour in range(since, until)]
    return (
        np.array([moment.hour for moment in local], dtype=np.int64),
        np.array([moment.weekday() >= 5 for moment in local], dtype=bool),
    )
