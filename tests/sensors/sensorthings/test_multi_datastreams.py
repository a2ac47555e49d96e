"""The MultiDatastream extension (18-088 clause 11)."""

from typing import Any

import pytest

from tests.sensors.sensorthings.conftest import (
    Sta,
    datastream,
    location,
    multi_datastream,
    observed_property,
    sensor,
    thing,
)


@pytest.fixture
def parts(sta: Sta) -> dict[str, Any]:
    one = sta.made("Things", thing(Locations=[location()]))
    made = {
        "thing": one,
        "sensors": [sta.made("Sensors", sensor(f"s{n}")) for n in range(2)],
        "properties": [sta.made("ObservedProperties", observed_property(f"p{n}")) for n in range(2)],
    }
    made["multis"] = [
        _multi(sta, made, 0, [0]),
        _multi(sta, made, 0, [0, 1]),
        _multi(sta, made, 0, [1, 0]),
        _multi(sta, made, 1, [0, 0]),
    ]
    return made


def _multi(sta: Sta, parts: dict[str, Any], instrument: int, places: list[int]) -> Any:
    body = multi_datastream(
        len(places),
        Thing={"@iot.id": parts["thing"]},
        Sensor={"@iot.id": parts["sensors"][instrument]},
        ObservedProperties=[{"@iot.id": parts["properties"][place]} for place in places],
    )
    return sta.made("MultiDatastreams", body)


def test_observed_properties_keep_their_order(sta: Sta, parts: dict[str, Any]) -> None:
    first, second = parts["properties"]
    orders = [[first], [first, second], [second, first], [first, first]]
    for multi, order in zip(parts["multis"], orders, strict=True):
        assert sta.ids(f"MultiDatastreams({multi})/ObservedProperties") == order
        expanded = sta.get(f"MultiDatastreams({multi})", expand="ObservedProperties").json
        assert [one["@iot.id"] for one in expanded["ObservedProperties"]] == order


def test_relations_lead_both_ways(sta: Sta, parts: dict[str, Any]) -> None:
    multis = parts["multis"]
    assert sta.ids(f"Things({parts['thing']})/MultiDatastreams") == multis
    assert sta.ids(f"Sensors({parts['sensors'][0]})/MultiDatastreams") == multis[:3]
    assert sta.ids(f"ObservedProperties({parts['properties'][0]})/MultiDatastreams") == multis
    assert sta.ids(f"ObservedProperties({parts['properties'][1]})/MultiDatastreams") == multis[1:3]
    assert sta.ids("MultiDatastreams", filter="ObservedProperties/name eq 'p1'") == multis[1:3]


def test_results_are_arrays_of_as_many_values(sta: Sta, parts: dict[str, Any]) -> None:
    one, two = parts["multis"][:2]
    made = sta.made(
        f"MultiDatastreams({two})/Observations",
        {"result": [4, "x"], "phenomenonTime": "2020-01-01T00:00:00Z"},
    )
    assert sta.get(f"Observations('{made}')/result[0]").json == {"result[0]": 4}
    assert sta.get(f"Observations('{made}')/MultiDatastream").id == two
    document = sta.get(f"Observations('{made}')").json
    assert "Datastream@iot.navigationLink" not in document
    assert sta.get(f"Observations('{made}')/Datastream").status == 404
    assert sta.ids("Observations", filter="result[0] eq 4") == [made]
    assert sta.get(f"MultiDatastreams({two})").json["phenomenonTime"].startswith("2020-01-01T00:00:00Z/")
    for multi, result in ((two, 1), (two, [1]), (one, [1, 2]), (two, None), (two, {"a": 1})):
        assert sta.post(f"MultiDatastreams({multi})/Observations", {"result": result}).status == 400


def test_an_observation_has_one_stream(sta: Sta, parts: dict[str, Any]) -> None:
    stream = sta.made(f"Things({parts['thing']})/Datastreams", datastream())
    made = sta.made(f"Datastreams({stream})/Observations", {"result": 1})
    both = {"Datastream": {"@iot.id": stream}, "MultiDatastream": {"@iot.id": parts["multis"][0]}}
    assert sta.post("Observations", {"result": [1], **both}).status == 400
    link: dict[str, Any] = {"MultiDatastream": {"@iot.id": parts["multis"][0]}}
    assert sta.call("patch", f"Observations('{made}')", link).status == 400
    link = {"MultiDatastreams": [{"@iot.id": parts["multis"][0]}]}
    assert sta.call("patch", f"ObservedProperties({parts['properties'][1]})", link).status == 400


def test_lengths_must_agree(sta: Sta, parts: dict[str, Any]) -> None:
    body = multi_datastream(2, Thing={"@iot.id": parts["thing"]})
    for name in ("multiObservationDataTypes", "unitOfMeasurements", "ObservedProperties"):
        assert sta.post("MultiDatastreams", {**body, name: body[name][:1]}).status == 400
        assert sta.post("MultiDatastreams", {**body, name: 5}).status == 400
    multi = parts["multis"][1]
    assert sta.call("patch", f"MultiDatastreams({multi})", {"unitOfMeasurements": []}).status == 400


def test_deletion_takes_the_streams_along(sta: Sta, parts: dict[str, Any]) -> None:
    multis = parts["multis"]
    made = sta.made(f"MultiDatastreams({multis[1]})/Observations", {"result": [1, 2]})
    assert sta.call("delete", f"ObservedProperties({parts['properties'][1]})").status == 200
    assert sta.ids("MultiDatastreams") == [multis[0], multis[3]]
    assert sta.get(f"Observations('{made}')").status == 404
    assert sta.ids("Observations") == []
    assert sta.call("delete", f"Sensors({parts['sensors'][1]})").status == 200
    assert sta.ids("MultiDatastreams") == multis[:1]
    assert sta.call("delete", f"Things({parts['thing']})").status == 200
    assert sta.ids("MultiDatastreams") == []


def test_patch_and_put(sta: Sta, parts: dict[str, Any]) -> None:
    multi = parts["multis"][1]
    assert sta.call("patch", f"MultiDatastreams({multi})", {"name": "new"}).json["name"] == "new"
    body = {
        name: value
        for name, value in multi_datastream(2).items()
        if name not in {"Sensor", "ObservedProperties"}
    }
    assert sta.call("put", f"MultiDatastreams({multi})", body).status == 200
    assert len(sta.ids(f"MultiDatastreams({multi})/ObservedProperties")) == 2
