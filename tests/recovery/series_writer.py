"""A process of the recovery tests: does one kind of work on series until it is killed.

    write STREAM FILE   values, batch after batch; a batch's number goes to the file once it is committed
    pack MONTH          packs the month again and again
    roll-up             works off the dirty log again and again

It prints a line when it begins to work.
"""

import os
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import django

from gis_core.database.scope import trust_process

BATCH = 50
START = datetime(2026, 3, 1, tzinfo=UTC)


def batch_rows(stream: int, number: int) -> list[tuple[int, datetime, float]]:
    """The values of a batch: each instant belongs to exactly one batch."""
    first = number * BATCH
    return [(stream, START + timedelta(minutes=place), float(place)) for place in range(first, first + BATCH)]


def write(stream: int, acknowledged: str) -> None:
    from sensors.series.services.ingestion import load_observations

    with Path(acknowledged).open("a", encoding="ascii") as file:
        for number in range(10**6):
            load_observations(rows=batch_rows(stream, number), acting_user=None, origin="writer")
            file.write(f"{number}\n")
            file.flush()
            os.fsync(file.fileno())


def pack(month: date) -> None:
    from sensors.series.services.packing import pack_month

    while True:
        pack_month(month)


def roll_up() -> None:
    from sensors.series.services.roll_ups import refresh_roll_ups

    while True:
        refresh_roll_ups(limit=5)


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gis_core.settings.test")
    django.setup()
    # An operator's process, as manage.py is.
    trust_process()
    print("ready", flush=True)
    work, *arguments = sys.argv[1:]
    if work == "write":
        write(int(arguments[0]), arguments[1])
    elif work == "pack":
        pack(date.fromisoformat(arguments[0]))
    else:
        roll_up()


if __name__ == "__main__":
    main()
