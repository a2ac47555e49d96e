"""A series as a file: CSV or Parquet, written piece by piece, however long it is."""

import csv
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.parquet as pq
from django.db import connection, transaction

from sensors.models import Datastream
from sensors.series.selectors.charts import FAR_FUTURE
from sensors.series.units import written_unit

FILE_FORMATS = ("csv", "parquet")
CONTENTS = ("final", "raw", "hourly", "daily")
_ROWS_AT_ONCE = 50_000
_FAR_PAST = datetime.fromisoformat("1900-01-01T00:00:00+00:00")

_COLUMNS = {
    "final": ["time", "value", "edit"],
    "raw": ["time", "value", "received_at"],
    "hourly": ["hour", "count", "sum", "mean", "min", "max", "first", "last", "coverage"],
    "daily": ["day", "count", "sum", "mean", "min", "max", "first", "last", "coverage"],
}
_OF_TIME = frozenset({"time", "received_at", "hour", "day"})
_OF_VALUE = frozenset({"value", "sum", "mean", "min", "max", "first", "last"})
_TYPES = {
    "time": pa.timestamp("us", "UTC"),
    "hour": pa.timestamp("us", "UTC"),
    "received_at": pa.timestamp("us", "UTC"),
    "day": pa.date32(),
    "count": pa.int32(),
    "edit": pa.string(),
}
_SQL = {
    "final": "SELECT final.time, final.value, edit.code FROM sensors_final(ARRAY[%(stream)s]::bigint[], %(since)s, "
    "%(until)s, %(as_of)s) final LEFT JOIN sensors_seriesedit edit ON edit.id = final.edit_id ORDER BY 1",
    "raw": "SELECT time, value, received_at FROM sensors_raw(ARRAY[%(stream)s]::bigint[], %(since)s, %(until)s, "
    "%(as_of)s) ORDER BY 1",
    "hourly": "SELECT hour, count, sum, mean, min, max, first, last, coverage FROM sensors_hourlyvalue "
    "WHERE datastream_id = %(stream)s AND hour >= %(since)s AND hour < %(until)s ORDER BY 1",
    "daily": "SELECT day, count, sum, mean, min, max, first, last, coverage FROM sensors_dailyvalue "
    "WHERE datastream_id = %(stream)s AND day::timestamp AT TIME ZONE %(zone)s >= %(since)s "
    "AND day::timestamp AT TIME ZONE %(zone)s < %(until)s ORDER BY 1",
}


def write_series(
    datastream: Datastream,
    path: Path,
    *,
    file_format: str,
    content: str = "final",
    since: datetime | None = None,
    until: datetime | None = None,
    as_of: datetime | None = None,
) -> int:
    """Write the values of [since, until) to `path`; how many there were. Values are in the stream's unit.

    CSV is for people: times by the clocks of the stream's zone with their offset, zone and unit in the columns' names,
    UTF-8 with the mark by which spreadsheets know it. Parquet is for programs: instants in UTC, plain names.
    `content` is one of CONTENTS; only `final` and `raw` can be had as of an earlier moment.
    """
    pieces = _pieces(datastream, content, since or _FAR_PAST, until or FAR_FUTURE, as_of or FAR_FUTURE)
    columns = _COLUMNS[content]
    if file_format == "csv":
        return _write_csv(path, _headers(columns, datastream), ZoneInfo(datastream.time_zone), pieces)
    return _write_parquet(path, columns, pieces)


def _headers(columns: list[str], datastream: Datastream) -> list[str]:
    """The columns' names for people: `time (Asia/Tashkent)`, `value (m³/h)`."""
    zone, unit = datastream.time_zone, written_unit(datastream.unit)
    return [
        f"{name} ({zone})" if name in _OF_TIME else f"{name} ({unit})" if name in _OF_VALUE and unit else name
        for name in columns
    ]


def _pieces(
    datastream: Datastream, content: str, since: datetime, until: datetime, as_of: datetime
) -> Iterator[list[tuple[Any, ...]]]:
    # A cursor on the server reads on while the file grows; it lives in a transaction.
    with transaction.atomic(), connection.chunked_cursor() as cursor:
        cursor.execute(
            _SQL[content],
            {
                "stream": datastream.pk,
                "since": since,
                "until": until,
                "as_of": as_of,
                "zone": datastream.time_zone,
            },
        )
        while rows := cursor.fetchmany(_ROWS_AT_ONCE):
            yield rows


def _write_csv(
    path: Path, columns: list[str], zone: ZoneInfo, pieces: Iterator[list[tuple[Any, ...]]]
) -> int:
    count = 0
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        for rows in pieces:
            # Numbers, instants and our own words: nothing here can be a formula of a spreadsheet.
            writer.writerows([_cell(value, zone) for value in row] for row in rows)
            count += len(rows)
    return count


def _cell(value: Any, zone: ZoneInfo) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(zone).isoformat()
    return value.isoformat() if isinstance(value, date) else value


def _write_parquet(path: Path, columns: list[str], pieces: Iterator[list[tuple[Any, ...]]]) -> int:
    schema = pa.schema([(name, _TYPES.get(name, pa.float64())) for name in columns])
    count = 0
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for rows in pieces:
            arrays = [
                pa.array(list(column), type=kind.type)
                for column, kind in zip(zip(*rows, strict=True), schema, strict=True)
            ]
            writer.write_table(pa.Table.from_arrays(arrays, schema=schema))
            count += len(rows)
    return count
