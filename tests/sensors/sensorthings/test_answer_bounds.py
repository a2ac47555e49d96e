"""No question makes an answer without end: entities as written, bytes and seconds are counted while it is built."""

import tracemalloc
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sensors.models import Datastream
from sensors.series.services.ingestion import load_observations
from tests.sensors.sensorthings.conftest import Sta, datastream, thing

START = datetime(2026, 1, 1, tzinfo=UTC)


def fill(sta: Sta, *, streams: int, values: int, **properties: object) -> int:
    """One thing with datastreams of so many observations each; the thing's id."""
    one = sta.made(
        "Things",
        thing(properties=properties, Datastreams=[datastream(f"s{number}") for number in range(streams)]),
    )
    load_observations(
        rows=[
            (stream.pk, START + timedelta(minutes=minute), float(minute))
            for stream in Datastream.objects.all()
            for minute in range(values)
        ],
        acting_user=None,
        origin="test",
    )
    return int(one)


def test_an_entity_counts_as_often_as_it_is_written(sta: Sta, settings: Any) -> None:
    """200 observations, each with its datastream, its thing, and that thing's two datastreams: 200 × 5 documents."""
    fill(sta, streams=2, values=100)
    inside = "Datastream($expand=Thing($expand=Datastreams))"
    settings.ANSWER_MOST_ENTITIES = 1000
    answer = sta.get("Observations", top=200, expand=inside)
    assert answer.status == 200, answer.text
    assert answer.text.count('"@iot.id"') == 1000
    settings.ANSWER_MOST_ENTITIES = 999
    answer = sta.get("Observations", top=200, expand=inside)
    assert (answer.status, "999 entities" in answer.text) == (400, True)


def test_a_thing_that_goes_round_in_circles_is_refused_before_it_grows(sta: Sta) -> None:
    fill(sta, streams=4, values=500)
    bomb = "Datastreams($expand=Observations($top=500;$expand=Datastream($expand=Thing($expand=Datastreams($expand="
    bomb += "Observations($top=500))))))"
    tracemalloc.start()
    answer = sta.get("Things", expand=bomb)
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (answer.status, "entities" in answer.text) == (400, True)
    print(f"a bomb of 4 million entities: {peak / 1024**2:.0f} MB at the most")
    assert peak < 200 * 1024**2


@pytest.mark.parametrize(
    ("path", "options"),
    [
        ("Things", {"expand": "Datastreams($expand=Observations($top=10000))"}),
        ("Datastreams", {"expand": "Observations($top=10000)"}),
        ("Sensors", {"expand": "Datastreams($top=10000;$expand=Observations($top=100))"}),
    ],
)
def test_what_is_read_is_bounded_before_it_is_fetched(
    sta: Sta, settings: Any, path: str, options: dict[str, str]
) -> None:
    fill(sta, streams=6, values=50)
    assert sta.get(path, **options).status == 200
    settings.ANSWER_MOST_ENTITIES = 100
    assert sta.get(path, **options).status == 400


def test_a_large_property_is_counted_each_time_it_is_repeated(sta: Sta, settings: Any) -> None:
    fill(sta, streams=1, values=300, note="x" * 10_000)
    assert sta.get("Observations", top=300, expand="Datastream/Thing").status == 200
    settings.ANSWER_MOST_BYTES = 1024**2
    answer = sta.get("Observations", top=300, expand="Datastream/Thing")
    assert (answer.status, "1 MB" in answer.text) == (400, True)
    assert sta.get("Observations", top=300, expand="Datastream/Thing($select=name)").status == 200


def test_an_answer_that_takes_too_long_is_refused(sta: Sta, settings: Any) -> None:
    fill(sta, streams=1, values=2)
    assert sta.get("Things", expand="Datastreams").status == 200
    settings.ANSWER_MOST_SECONDS = 0.0
    answer = sta.get("Things", expand="Datastreams")
    assert (answer.status, "seconds" in answer.text) == (400, True)
