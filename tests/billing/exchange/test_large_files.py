"""Ten thousand rows take as many statements as ten, but for the batches that they are written in."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.backends.postgresql.psycopg_any import DateRange
from django.test.utils import CaptureQueriesContext

from billing.models import AccountValue, ContractServicePoint, Meter, MeterInstallation, Reading, Subscriber
from tests.billing.exchange.conftest import bring
from tests.world import World

FIRST = date(2025, 11, 1)


def asked(kind: str, columns: Any, rows: Any) -> int:
    """How many statements the import of these rows takes; all of them are taken."""
    with CaptureQueriesContext(connection) as queries:
        report = bring(kind, columns, rows)
    assert report.counts["refused"] == 0, report.lines[:3]
    assert report.counts["created"] == len(rows)
    return len(queries)


def test_residents_and_meters_are_written_as_sets(world: World) -> None:
    columns = ("account", "valid_from", "residents")
    few = asked("residents", columns, [("17000", FIRST + timedelta(days=day), "3") for day in range(10)])
    rows = [
        (f"1700{account}", FIRST + timedelta(days=day), "3") for account in range(1, 5) for day in range(2500)
    ]
    many = asked("residents", columns, rows)
    assert AccountValue.objects.count() == 10_010
    assert many <= few + 10
    few = asked("meters", ("meter", "model"), [(f"A{number}", "X") for number in range(10)])
    many = asked("meters", ("meter", "model"), [(f"B{number}", "X") for number in range(10_000)])
    assert Meter.objects.count() == 10_015
    assert many <= few + 10


@pytest.mark.timeout(300)
def test_subscribers_are_written_as_sets(world: World) -> None:
    columns = (
        *("registry_number", "subscriber_class", "name", "street_division", "street", "house", "first_day"),
        *("node", "meter", "model"),
    )

    def rows(prefix: str, count: int) -> list[tuple[Any, ...]]:
        return [
            (
                f"{prefix}{number}",
                "household",
                "X",
                "QIBRAY-M",
                "1",
                number,
                FIRST,
                "A",
                f"{prefix}M{number}",
                "S",
            )
            for number in range(count)
        ]

    few = asked("subscribers", columns, rows("A", 10))
    many = asked("subscribers", columns, rows("B", 10_000))
    assert (Subscriber.objects.count(), MeterInstallation.objects.count()) == (10_015, 10_015)
    # Eight tables in batches of two thousand.
    assert many <= few + 8 * 4


def test_readings_are_written_as_sets(world: World) -> None:
    """Seven years of daily readings of four meters; beside them ten of a fifth."""
    long_ago = date(2019, 1, 1)
    for model in (ContractServicePoint, MeterInstallation):
        model.objects.update(validity=DateRange(long_ago, None))
    columns = ("meter", "read_on", "index_m3")
    days = [long_ago + timedelta(days=day) for day in range(2500)]
    few = asked("readings", columns, [("S4", day, number) for number, day in enumerate(days[:10])])
    rows = [(f"S{meter}", day, number) for meter in range(4) for number, day in enumerate(days)]
    many = asked("readings", columns, rows)
    assert Reading.objects.filter(state="accepted").count() == 10_010
    assert many <= few + 10
