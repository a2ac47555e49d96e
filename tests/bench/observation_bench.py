"""Bulk observations against raw COPY into, and raw ON CONFLICT over, a table of the same shape."""

from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection

from gis_core.models import Division
from sensors.models import Datastream
from sensors.series.services.ingestion import load_observations
from sensors.series.services.registers import add_datastream, add_thing
from tests.bench.timing import seconds

STREAMS, HOURS = 100, 5_000
START = datetime(2025, 6, 1, tzinfo=UTC)


def run() -> list[dict[str, Any]]:
    """500,000 hourly values of 100 datastreams over seven months: first load, and the same again."""
    rows = _rows()
    _make_plain_table(rows)
    first = seconds(lambda: load_observations(rows=rows, acting_user=None, origin="bench"))
    floor_first = seconds(lambda: _copy(rows))
    again = seconds(lambda: load_observations(rows=rows, acting_user=None, origin="bench"))
    floor_again = seconds(lambda: _replay(rows))
    return [
        _row("observations, first load, against raw COPY", first, floor_first),
        _row("observations, replay, against raw ON CONFLICT DO NOTHING", again, floor_again),
    ]


def _rows() -> list[tuple[int, datetime, float]]:
    division = Division.objects.get(code="UZ-TO")
    streams: list[Datastream] = []
    for number in range(STREAMS):
        thing = add_thing(
            code=f"B{number}", name="bench", division=division, attachment=None, acting_user=None
        )
        streams.append(
            add_datastream(
                thing=thing,
                code=f"B{number}:flow",
                observed_property="flow",
                unit="m3/h",
                kind="mean",
                interval_s=3600,
                acting_user=None,
            )
        )
    return [
        (stream.pk, START + timedelta(hours=hour), (stream.pk * 7 + hour) % 1000 / 10)
        for stream in streams
        for hour in range(HOURS)
    ]


def _make_plain_table(rows: list[tuple[int, datetime, float]]) -> None:
    """A table with the same columns, key, foreign key and months, without our triggers."""
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TABLE plain_observation (datastream_id bigint NOT NULL REFERENCES sensors_datastream (id), "
            "time timestamptz NOT NULL, value double precision NOT NULL, "
            "received_at timestamptz NOT NULL DEFAULT statement_timestamp(), PRIMARY KEY (datastream_id, time)) "
            "PARTITION BY RANGE (time)"
        )
        for month in sorted({(row[1].year, row[1].month) for row in rows}):
            first = datetime(*month, 1, tzinfo=UTC)
            after = (first + timedelta(days=32)).replace(day=1)
            cursor.execute(
                f"CREATE TABLE plain_{month[0]}_{month[1]} PARTITION OF plain_observation "
                f"FOR VALUES FROM ('{first.isoformat()}') TO ('{after.isoformat()}')"
            )


def _copy(rows: list[tuple[int, datetime, float]]) -> None:
    with (
        connection.cursor() as cursor,
        cursor.copy("COPY plain_observation (datastream_id, time, value) FROM STDIN") as copy,
    ):
        for row in rows:
            copy.write_row(row)


def _replay(rows: list[tuple[int, datetime, float]]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE replay (datastream_id bigint, time timestamptz, value float8)")
        with cursor.copy("COPY replay FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
        cursor.execute(
            "INSERT INTO plain_observation (datastream_id, time, value) SELECT * FROM replay ON CONFLICT DO NOTHING"
        )


def _row(name: str, ours: float, floor: float) -> dict[str, Any]:
    count = STREAMS * HOURS
    return {
        "name": name,
        "ours": round(count / ours),
        "floor": round(count / floor),
        "unit": "rows/s",
        "ratio": floor / ours,
    }
