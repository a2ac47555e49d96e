"""Entities made inside of each other and at each other's addresses, as clients of the standard nest them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sensors.models import (
    Datastream,
    FeatureOfInterest,
    HistoricalLocation,
    Observation,
    SeriesEdit,
    Thing,
)
from sensors.series.services.ingestion import load_observations
from sensors.series.services.packing import pack_month
from tests.sensors.sensorthings.conftest import (
    Sta,
    datastream,
    feature,
    location,
    multi_datastream,
    observed_property,
    sensor,
    thing,
)

TIME = "2020-01-01T00:00:00Z"


def test_an_observation_brings_its_new_stream_along(sta: Sta) -> None:
    made = sta.post(
        "Observations",
        {
            "result": -7354862538920153901,
            "phenomenonTime": TIME,
            "FeatureOfInterest": feature(),
            "Datastream": datastream(Thing=thing("new")),
        },
    )
    assert made.status == 201, made.text
    assert sta.get(f"Observations('{made.id}')/Datastream/Thing").json["name"] == "new"
    # Without a feature, the place of the thing in it is what the observation is about.
    made = sta.post(
        "Observations", {"result": 1, "Datastream": datastream(Thing=thing(Locations=[location()]))}
    )
    assert sta.get(f"Observations('{made.id}')/FeatureOfInterest").json["name"] == "place"
    multi = {"result": [1, 2], "MultiDatastream": multi_datastream(Thing=thing(Locations=[location()]))}
    made = sta.post("Observations", multi)
    assert sta.get(f"Observations('{made.id}')/MultiDatastream").json["name"] == "multi"


@pytest.mark.parametrize(
    "body",
    [
        {"result": 1, "Datastream": datastream(Thing=thing())},
        {"result": 1, "Datastream": {"name": "only"}, "FeatureOfInterest": feature()},
        {"Datastream": datastream(Thing=thing(Locations=[location()]))},
        {"result": 1, "MultiDatastream": multi_datastream(Thing=thing(Locations=[location()]))},
    ],
)
def test_a_new_stream_whose_observation_is_refused_is_not_there(sta: Sta, body: Any) -> None:
    assert sta.post("Observations", body).status == 400
    assert not Datastream.objects.exists()
    assert not Thing.objects.exists()


def test_things_made_in_a_location_are_there_before_their_observations(sta: Sta) -> None:
    inner = thing(Datastreams=[datastream(Observations=[{"result": 3}])])
    place = sta.made("Locations", location(name="outer", Things=[inner]))
    assert [one["name"] for one in sta.get("FeaturesOfInterest").json["value"]] == ["outer"]
    assert HistoricalLocation.objects.count() == 1
    # One that brings a location of its own is at both, and has one past place.
    sta.made(f"Locations({place})/Things", thing("second", Locations=[location(name="own")]))
    second = sta.get("Things", filter="name eq 'second'", expand="Locations,HistoricalLocations").json
    assert [one["name"] for one in second["value"][0]["Locations"]] == ["outer", "own"]
    assert len(second["value"][0]["HistoricalLocations"]) == 1


def test_a_location_brings_past_places_along(sta: Sta) -> None:
    one = sta.made("Things", thing())
    past = {"time": "2019-01-01T00:00:00Z", "Thing": {"@iot.id": one}}
    place = sta.made("Locations", location(HistoricalLocations=[past]))
    assert sta.get(f"Locations({place})/HistoricalLocations").json["value"][0]["time"].startswith("2019")
    assert sta.ids(f"Things({one})/Locations") == [place]


def test_what_the_address_says_may_be_said_again_but_not_otherwise(sta: Sta, stream: int) -> None:
    other = sta.made("Things", thing("other", Locations=[location()]))
    elsewhere = sta.made(f"Things({other})/Datastreams", datastream())
    about, another = sta.made("FeaturesOfInterest", feature()), sta.made("FeaturesOfInterest", feature())
    said = {"result": 1, "Datastream": {"@iot.id": stream}, "FeatureOfInterest": {"@iot.id": about}}
    for path in (f"Datastreams({stream})/Observations", f"FeaturesOfInterest({about})/Observations"):
        assert sta.post(path, said).status == 201
    count = len(sta.ids("Observations"))
    for path in (f"Datastreams({elsewhere})/Observations", f"FeaturesOfInterest({another})/Observations"):
        assert sta.post(path, said).status == 400
    assert len(sta.ids("Observations")) == count
    again = datastream(Thing={"@iot.id": other})
    assert sta.post(f"Things({other})/Datastreams", again).status == 201
    things = Thing.objects.count()
    # A new thing beside the one of the address would belong to nothing.
    for wrong in (thing("stray"), {"@iot.id": 987654}):
        assert sta.post(f"Things({other})/Datastreams", datastream(Thing=wrong)).status == 400
    assert Thing.objects.count() == things


def test_multi_datastreams_are_made_at_a_property(sta: Sta) -> None:
    base = {"Thing": thing(), "Sensor": sensor()}
    first = sta.made("ObservedProperties", observed_property("first"))
    alone = {**multi_datastream(1), **base}
    del alone["ObservedProperties"]
    made = sta.made(f"ObservedProperties({first})/MultiDatastreams", alone)
    assert sta.ids(f"MultiDatastreams({made})/ObservedProperties") == [first]
    both = multi_datastream(2, **base, ObservedProperties=[observed_property("new"), {"@iot.id": first}])
    made = sta.made(f"ObservedProperties({first})/MultiDatastreams", both)
    assert sta.ids(f"MultiDatastreams({made})/ObservedProperties")[1] == first
    without = multi_datastream(1, **base)
    assert sta.post(f"ObservedProperties({first})/MultiDatastreams", without).status == 400
    inside = observed_property("outer", MultiDatastreams=[alone])
    outer = sta.made("ObservedProperties", inside)
    assert len(sta.ids(f"ObservedProperties({outer})/MultiDatastreams")) == 1


# --- one number at a time ---------------------------------------------------------------------------------------------


def test_a_new_number_takes_few_statements(sta: Sta, stream: int, django_assert_max_num_queries: Any) -> None:
    path = f"Datastreams({stream})/Observations"
    sta.made(path, {"result": 1, "phenomenonTime": TIME})
    sta.made(path, {"result": 3, "phenomenonTime": "2020-01-03T00:00:00Z"})
    # Also one that comes late. Savepoints count, since the test is in a transaction.
    with django_assert_max_num_queries(10):
        sta.made(path, {"result": 2, "phenomenonTime": "2020-01-02T00:00:00Z"})
    assert list(Observation.objects.order_by("time").values_list("value", flat=True)) == [1, 2, 3]


def test_a_number_for_a_month_without_partition_is_taken(sta: Sta, stream: int) -> None:
    path = f"Datastreams({stream})/Observations"
    for time in ("1951-02-03T00:00:00Z", "1951-02-04T00:00:00Z"):
        made = sta.made(path, {"result": 1.5, "phenomenonTime": time})
        assert sta.get(f"Observations('{made}')").json["phenomenonTime"] == time


def test_a_number_for_a_packed_month_is_compared(sta: Sta, stream: int) -> None:
    path, start = f"Datastreams({stream})/Observations", datetime(2025, 1, 1, tzinfo=UTC)
    sta.made(path, {"result": 0, "phenomenonTime": "2025-01-01T00:00:00Z"})
    rows = [(stream, start + timedelta(hours=hour), float(hour)) for hour in range(1, 800)]
    load_observations(rows=rows, acting_user=None, origin="test")
    pack_month(start.date())
    for minute in (0, 30):
        sta.made(path, {"result": 7.5, "phenomenonTime": f"2025-01-01T05:{minute:02}:00Z"})
    found = sta.get(path, filter="phenomenonTime lt 2025-01-01T07:00:00Z", orderby="phenomenonTime").json
    assert [one["result"] for one in found["value"]] == [0, 1, 2, 3, 4, 7.5, 7.5, 6]
    assert SeriesEdit.objects.filter(code="resent").count() == 1


def test_a_number_of_a_deleted_stream_is_refused(sta: Sta, stream: int) -> None:
    path = f"Datastreams({stream})/Observations"
    sta.made(path, {"result": 1, "phenomenonTime": TIME})
    sta.call("delete", f"Datastreams({stream})")
    assert sta.post(path, {"result": 2, "phenomenonTime": "2020-01-02T00:00:00Z"}).status == 404
    assert Observation.objects.count() == 1


def test_the_feature_made_for_a_number_is_there_once(sta: Sta, stream: int) -> None:
    path = f"Datastreams({stream})/Observations"
    for day in range(1, 4):
        sta.made(path, {"result": day, "phenomenonTime": f"2020-01-0{day}T00:00:00Z"})
    assert FeatureOfInterest.objects.count() == 1
