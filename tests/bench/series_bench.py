"""Storing, packing, rolling up and reading series, each against raw SQL on the same server."""

from datetime import UTC, date, datetime
from typing import Any

import numpy as np
from django.db import connection

from gis_core.models import Division
from sensors.models import Datastream
from sensors.series.selectors.charts import chart_series_of
from sensors.series.selectors.live import latest_values
from sensors.series.services.ingestion import take_observations
from sensors.series.services.observation_arrays import Observations, microseconds
from sensors.series.services.packing import pack_month
from sensors.series.services.roll_ups import refresh_roll_ups
from tests.bench.timing import in_turn, seconds

YEAR, NETWORK_STREAMS, STEP_S = 2025, 119, 300
_STEP_US = STEP_S * 1_000_000
PLAIN_COLUMNS = (
    "(datastream_id bigint NOT NULL REFERENCES sensors_datastream (id), time timestamptz NOT NULL, "
    "value double precision NOT NULL, received_at timestamptz NOT NULL DEFAULT statement_timestamp(), "
    "PRIMARY KEY (datastream_id, time)) PARTITION BY RANGE (time)"
)


def make_streams(prefix: str, count: int, interval_s: int = STEP_S) -> np.ndarray[Any, np.dtype[np.int64]]:
    """So many pressure datastreams, each of a thing of its own; their ids."""
    division = Division.objects.get(code="UZ-TO")
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH thing AS (INSERT INTO sensors_thing (uid, division_id, code, name) "
            "SELECT gen_random_uuid(), %(division)s, %(prefix)s || n, 'bench' "
            "FROM generate_series(1, %(count)s) AS n RETURNING id, division_id, code) "
            "INSERT INTO sensors_datastream (uid, thing_id, division_id, code, observed_property, unit, kind, "
            "interval_s) SELECT gen_random_uuid(), id, division_id, code || ':p', 'pressure', 'm', 'instant', "
            "%(interval)s FROM thing",
            {"division": division.pk, "prefix": prefix, "count": count, "interval": interval_s},
        )
        cursor.execute("ANALYZE sensors_thing, sensors_datastream")
    ids = Datastream.objects.filter(code__startswith=prefix).order_by("pk").values_list("pk", flat=True)
    return np.fromiter(ids, np.int64)


def regular(
    streams: np.ndarray[Any, Any], since: datetime, until: datetime, step_us: int = _STEP_US
) -> Observations:
    """A value with two decimals every step in [since, until), the days' rhythm with noise, in order of datastream."""
    times = np.arange(microseconds(since), microseconds(until), step_us)
    count = len(times) * len(streams)
    rhythm = np.tile(35 + 8 * np.sin(times / 86_400e6 * 2 * np.pi), len(streams))
    values = np.round(rhythm + np.random.default_rng(1).normal(0, 1, count), 2)
    return Observations(np.repeat(streams, len(times)), np.tile(times, len(streams)), values)


def month_of(month: int) -> tuple[datetime, datetime]:
    """First instants of a month of the year and of the next."""
    return datetime(YEAR, month, 1, tzinfo=UTC), datetime(YEAR + month // 12, month % 12 + 1, 1, tzinfo=UTC)


def run() -> list[dict[str, Any]]:
    """A year of a network of 119 series (12.5 million values), month by month, and what is read from it."""
    streams = make_streams("YEAR", NETWORK_STREAMS)
    _make_plain_table()
    rows, count = _load_year(streams)
    rows.append(_roll_up(streams, count))
    rows += _reads(streams)
    rows += _pack_year(count)
    rows.append(_packed_read(streams))
    rows.append(_worst_case())
    return rows


def _make_plain_table() -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TABLE plain_series {PLAIN_COLUMNS}")
        for month in range(1, 13):
            first, after = month_of(month)
            cursor.execute(
                f"CREATE TABLE plain_series_{month} PARTITION OF plain_series "
                f"FOR VALUES FROM ('{first.isoformat()}') TO ('{after.isoformat()}')"
            )


def _load_year(streams: np.ndarray[Any, Any]) -> tuple[list[dict[str, Any]], int]:
    ours_s = floor_s = again_s = again_floor_s = 0.0
    count = 0
    for month in range(1, 13):
        values = regular(streams, *month_of(month))
        ours_s += seconds(lambda values=values: _take(values))  # type: ignore[misc]
        floor_s += seconds(lambda values=values: _copy_plain(values))  # type: ignore[misc]
        count += len(values)
        if month <= 2:
            again_s += seconds(lambda values=values: _take(values))  # type: ignore[misc]
            again_floor_s += seconds(lambda values=values: _replay_plain(values))  # type: ignore[misc]
    again = len(regular(streams, *month_of(1))) + len(regular(streams, *month_of(2)))
    return [
        _rate("year of 119 series, load against raw binary COPY", count, ours_s, floor_s),
        _rate("two months again, against raw ON CONFLICT DO NOTHING", again, again_s, again_floor_s),
    ], count


def _take(values: Observations) -> None:
    take_observations(values, acting_user=None, origin="bench")


def _copy_plain(values: Observations, table: str = "plain_series") -> None:
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY {table} (datastream_id, time, value) FROM STDIN (FORMAT binary)") as copy,
    ):
        copy.write(values.binary())


def _replay_plain(values: Observations) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS replayed")
        cursor.execute(
            "CREATE TEMPORARY TABLE replayed (datastream_id bigint, time timestamptz, value float8)"
        )
        _copy_plain(values, "replayed")
        cursor.execute(
            "INSERT INTO plain_series (datastream_id, time, value) SELECT * FROM replayed ON CONFLICT DO NOTHING"
        )


def _roll_up(streams: np.ndarray[Any, Any], count: int) -> dict[str, Any]:
    """All hours and days of the year, against one statement that only sums the hours."""
    ours_s = seconds(refresh_roll_ups)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE plain_series, sensors_observation, sensors_hourlyvalue, sensors_dailyvalue")
    floor_s = seconds(
        lambda: _execute(
            "CREATE TABLE plain_hours AS SELECT datastream_id, date_trunc('hour', time) AS hour, count(*), sum(value), "
            "avg(value), min(value), max(value) FROM plain_series GROUP BY 1, 2"
        )
    )
    return _rate("year of 119 series, hourly and daily roll-ups", count, ours_s, floor_s)


def _reads(streams: np.ndarray[Any, Any]) -> list[dict[str, Any]]:
    chosen = list(Datastream.objects.filter(pk__in=streams[:33].tolist()))
    since, until = month_of(5)
    month_ours, month_floor = in_turn(
        lambda: chart_series_of(chosen, since=since, until=until),
        lambda: _execute(
            "SELECT datastream_id, hour, mean, min, max, count FROM sensors_hourlyvalue "
            "WHERE datastream_id = ANY (%s) AND hour >= %s AND hour < %s ORDER BY 1, 2",
            [[stream.pk for stream in chosen], since, until],
        ),
        7,
    )
    thousand = make_streams("NOW", 1000)
    _take(Observations(thousand, np.full(1000, microseconds(since)), np.ones(1000)))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE sensors_latestobservation")
    ids = thousand.tolist()
    latest_ours, latest_floor = in_turn(
        lambda: latest_values(ids),
        lambda: _execute("SELECT * FROM sensors_latestobservation WHERE datastream_id = ANY (%s)", [ids]),
        15,
    )
    return [
        _time("hourly series of 33 datastreams over a month", month_ours, month_floor),
        _time("latest values of 1,000 datastreams", latest_ours, latest_floor),
    ]


def _pack_year(count: int) -> list[dict[str, Any]]:
    plain_bytes = _bytes("sensors_observation")
    sorting_s = seconds(
        lambda: _execute(
            "SELECT sum(place) FROM (SELECT row_number() OVER (PARTITION BY datastream_id ORDER BY time) AS place "
            "FROM plain_series) sorted"
        )
    )
    ours_s = seconds(lambda: [pack_month(date(YEAR, month, 1)) for month in range(1, 13)])
    packed_bytes = _bytes("sensors_packedobservation")
    return [
        {
            "name": "packed, regular 5-minute feed of two decimals, against plain rows",
            "ours": packed_bytes / count,
            "floor": plain_bytes / count,
            "unit": "bytes/value",
            "ratio": packed_bytes / plain_bytes,
        },
        _rate("packing a year of 119 series, against sorting it", count, ours_s, sorting_s),
    ]


def _packed_read(streams: np.ndarray[Any, Any]) -> dict[str, Any]:
    stream = int(streams[5])
    since, until = month_of(6)
    span = [stream, since, until]
    ours, floor = in_turn(
        lambda: _execute("SELECT * FROM sensors_final(ARRAY[%s]::bigint[], %s, %s, 'infinity')", span),
        lambda: _execute(
            "SELECT * FROM plain_series WHERE datastream_id = %s AND time >= %s AND time < %s", span
        ),
        7,
    )
    return _time("a month of one series, packed, against plain rows", ours, floor)


def _worst_case() -> dict[str, Any]:
    """Random numbers at random microseconds, each received at another moment: nothing is shared, nothing repeats."""
    chance = np.random.default_rng(2)
    streams = make_streams("WORST", 3)
    first, after = (
        microseconds(instant)
        for instant in (datetime(2024, 3, 1, tzinfo=UTC), datetime(2024, 4, 1, tzinfo=UTC))
    )
    count = 30_000
    _take(
        Observations(
            np.repeat(streams, count),
            chance.integers(first, after, count * 3),
            chance.normal(0, 1e6, count * 3),
        )
    )
    result = pack_month(date(2024, 3, 1))
    return {
        "name": "packed, worst case: random floats at random microseconds",
        "ours": result.bytes_after / result.observations,
        "floor": result.bytes_before / result.observations,
        "unit": "bytes/value",
        "ratio": result.bytes_after / result.bytes_before,
    }


def _execute(sql: str, parameters: list[Any] | None = None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        if cursor.description:
            cursor.fetchall()


def _bytes(parent: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(sum(pg_total_relation_size(inhrelid)), 0) FROM pg_inherits WHERE inhparent = %s::regclass",
            [parent],
        )
        return int(cursor.fetchone()[0])


def _rate(name: str, count: int, ours_s: float, floor_s: float) -> dict[str, Any]:
    return {
        "name": name,
        "ours": round(count / ours_s),
        "floor": round(count / floor_s),
        "unit": "rows/s",
        "ratio": floor_s / ours_s,
    }


def _time(name: str, ours_s: float, floor_s: float) -> dict[str, Any]:
    return {
        "name": name,
        "ours": ours_s * 1000,
        "floor": floor_s * 1000,
        "unit": "ms",
        "ratio": ours_s / floor_s,
    }
