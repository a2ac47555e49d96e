"""Reading: the service root, entities, paths, $select, $expand, $orderby, $top, $skip, $count and pages."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

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

SETS = {
    "Things": (
        {"name", "description"},
        {"Locations", "HistoricalLocations", "Datastreams", "MultiDatastreams"},
    ),
    "Locations": ({"name", "description", "encodingType", "location"}, {"Things", "HistoricalLocations"}),
    "HistoricalLocations": ({"time"}, {"Thing", "Locations"}),
    "Datastreams": (
        {"name", "description", "observationType", "unitOfMeasurement"},
        {"Thing", "Sensor", "ObservedProperty", "Observations"},
    ),
    "MultiDatastreams": (
        {"name", "description", "observationType", "multiObservationDataTypes", "unitOfMeasurements"},
        {"Thing", "Sensor", "ObservedProperties", "Observations"},
    ),
    "Sensors": ({"name", "description", "encodingType", "metadata"}, {"Datastreams", "MultiDatastreams"}),
    "ObservedProperties": ({"name", "definition", "description"}, {"Datastreams", "MultiDatastreams"}),
    "Observations": ({"phenomenonTime", "result", "resultTime"}, {"Datastream", "FeatureOfInterest"}),
    "FeaturesOfInterest": ({"name", "description", "encodingType", "feature"}, {"Observations"}),
}


@pytest.fixture
def world(sta: Sta) -> dict[str, Any]:
    """One entity of each type; its id by the name of the set."""
    one = sta.made(
        "Things",
        thing(
            properties={"a": {"b": [1, {"c": "deep"}]}},
            Locations=[location(properties={"floor": 3})],
            Datastreams=[
                datastream(
                    properties={"x": 1},
                    Observations=[
                        {"phenomenonTime": f"2020-01-01T{hour:02}:00:00Z", "result": hour}
                        for hour in range(5)
                    ],
                )
            ],
            MultiDatastreams=[
                multi_datastream(Observations=[{"phenomenonTime": "2020-01-01T00:00:00Z", "result": [1, 2]}])
            ],
        ),
    )
    ids = {"Things": one}
    for name in ("Locations", "HistoricalLocations", "Datastreams", "MultiDatastreams"):
        ids[name] = sta.ids(f"Things({one})/{name}")[0]
    stream = ids["Datastreams"]
    ids["Observations"] = sta.ids(f"Datastreams({stream})/Observations")[0]
    ids["Sensors"] = sta.get(f"Datastreams({stream})/Sensor").id
    ids["ObservedProperties"] = sta.get(f"Datastreams({stream})/ObservedProperty").id
    ids["FeaturesOfInterest"] = sta.get(f"Observations('{ids['Observations']}')/FeatureOfInterest").id
    return ids


def key(entity_id: Any) -> str:
    return f"'{entity_id}'" if isinstance(entity_id, str) else str(entity_id)


def test_the_root_lists_the_sets_and_the_requirements(sta: Sta) -> None:
    answer = sta.get("")
    assert answer.status == 200
    assert {one["name"] for one in answer.json["value"]} == set(SETS)
    for one in answer.json["value"]:
        assert one["url"] == f"http://testserver/sta/v1.1/{one['name']}"
        assert sta.get(one["url"]).status == 200
    assert sta.get("/").json == answer.json
    assert all(
        one.startswith("http://www.opengis.net/spec/iot_sensing/1.1/req/")
        for one in answer.json["serverSettings"]["conformance"]
    )


@pytest.mark.parametrize("name", SETS)
def test_an_entity_has_control_information_properties_and_links(
    sta: Sta, world: dict[str, Any], name: str
) -> None:
    properties, links = SETS[name]
    for document in (sta.get(name).json["value"][0], sta.get(f"{name}({key(world[name])})").json):
        assert document["@iot.selfLink"] == f"http://testserver/sta/v1.1/{name}({key(document['@iot.id'])})"
        assert properties <= set(document)
        for link in links:
            address = document[f"{link}@iot.navigationLink"]
            assert address == f"{document['@iot.selfLink']}/{link}"
            assert sta.get(address).status == 200, address


@pytest.mark.parametrize("name", SETS)
def test_what_is_not_there_is_404(sta: Sta, name: str) -> None:
    for wrong in (f"{name}(987654321)", f"{name}('nothing')", f"{name}(987654321)/properties", f"{name}(-1)"):
        answer = sta.get(wrong)
        assert answer.status == 404, wrong
        assert set(answer.json) == {"code", "type", "message"}
        assert (answer.json["code"], answer.json["type"]) == (404, "error")


def test_paths_lead_through_entities_to_any_depth(sta: Sta, world: dict[str, Any]) -> None:
    def walk(path: str, name: str, depth: int) -> None:
        answer = sta.get(path)
        assert answer.status == 200, path
        references = sta.get(f"{path}/$ref").json
        is_set = "value" in answer.json
        listed = references["value"] if is_set else [references]
        assert listed, path
        assert all(set(one) == {"@iot.selfLink"} for one in listed), path
        if depth == 0:
            return
        document = answer.json["value"][0] if is_set else answer.json
        target = document["@iot.selfLink"].rsplit("/", 1)[1].partition("(")[0]
        base = f"{path}({key(document['@iot.id'])})" if is_set else path
        for link in SETS[target][1]:
            # The multi-datastream's observations have no other datastream.
            if f"{link}@iot.navigationLink" in document and link != "MultiDatastreams":
                walk(f"{base}/{link}", link, depth - 1)

    for name in ("Things", "Observations", "FeaturesOfInterest"):
        walk(name, name, 3)


def test_a_path_through_what_does_not_belong_together_leads_nowhere(sta: Sta, world: dict[str, Any]) -> None:
    other = sta.made("Things", thing("other"))
    stream, observation = world["Datastreams"], world["Observations"]
    assert (
        sta.get(f"Things({world['Things']})/Datastreams({stream})/Observations('{observation}')").status
        == 200
    )
    assert sta.get(f"Things({other})/Datastreams({stream})/Observations").status == 404
    second = sta.made(f"Things({other})/Datastreams", datastream())
    assert sta.get(f"Datastreams({second})/Observations('{observation}')").status == 404
    assert sta.get(f"Things({other})/Locations({world['Locations']})").status == 404


def test_properties_and_their_values(sta: Sta, world: dict[str, Any]) -> None:
    one = f"Things({world['Things']})"
    assert sta.get(f"{one}/name").json == {"name": "thing"}
    assert sta.get(f"{one}/name/$value").text == "thing"
    assert sta.get(f"{one}/properties").json == {"properties": {"a": {"b": [1, {"c": "deep"}]}}}
    assert sta.get(f"{one}/properties/a/b[1]/c").json == {"c": "deep"}
    assert sta.get(f"{one}/properties/a/b[0]").json == {"b[0]": 1}
    assert sta.get(f"{one}/properties/a/b[0]/$value").text == "1"
    assert sta.get(f"{one}/properties/$value").json == {"a": {"b": [1, {"c": "deep"}]}}
    assert sta.get(f"{one}/properties/a/nothing").status == 404
    assert sta.get(f"{one}/nothing").status == 404
    assert sta.get(f"{one}/id").json == {"id": world["Things"]}
    observation = f"Observations('{world['Observations']}')"
    assert sta.get(f"{observation}/result/$value").text == "0"
    assert sta.get(f"{observation}/resultTime").status == 204
    assert sta.get(f"{observation}/phenomenonTime/$value").text == "2020-01-01T00:00:00Z"
    assert sta.get(f"Things({sta.made('Things', thing())})/properties/$value").status == 204
    assert sta.get("Things/$count").text == "2"


@pytest.mark.parametrize("name", SETS)
def test_select_gives_what_was_asked_for_only(sta: Sta, world: dict[str, Any], name: str) -> None:
    properties, links = SETS[name]
    for one in properties:
        document = sta.get(name, select=one).json["value"][0]
        assert set(document) == {one}
    both = sorted(properties)[:2]
    assert set(sta.get(name, select=",".join(both)).json["value"][0]) == set(both)
    link = min(links)
    assert set(sta.get(f"{name}({key(world[name])})", select=link).json) == {f"{link}@iot.navigationLink"}
    assert set(sta.get(name, select="id").json["value"][0]) == {"@iot.id"}
    assert sta.get(name, select="nothing").status == 400


@pytest.mark.parametrize("name", SETS)
def test_expand_puts_entities_inside(sta: Sta, world: dict[str, Any], name: str) -> None:
    for link in SETS[name][1]:
        document = sta.get(f"{name}({key(world[name])})", expand=link).json
        direct = sta.get(f"{name}({key(world[name])})/{link}").json
        assert document[link] == direct.get("value", direct)
        assert f"{link}@iot.navigationLink" not in document
    assert sta.get(name, expand="Nothing").status == 400


def test_expand_nests_with_options(sta: Sta, world: dict[str, Any]) -> None:
    document = sta.get(
        f"Things({world['Things']})",
        select="name",
        expand="Datastreams($select=name;$expand=Observations($filter=result gt 0;$orderby=result desc;$top=2;"
        "$count=true;$select=result),Sensor($select=name)),Locations/HistoricalLocations",
    ).json
    assert set(document) == {"name", "Datastreams", "Locations"}
    stream = document["Datastreams"][0]
    assert set(stream) == {
        "name",
        "Observations",
        "Observations@iot.count",
        "Observations@iot.nextLink",
        "Sensor",
    }
    assert [one["result"] for one in stream["Observations"]] == [4, 3]
    assert stream["Observations@iot.count"] == 4
    assert stream["Sensor"] == {"name": "sensor"}
    assert len(document["Locations"][0]["HistoricalLocations"]) == 1
    following = sta.get(stream["Observations@iot.nextLink"])
    assert [one["result"] for one in following.json["value"]] == [2, 1]
    assert "@iot.nextLink" not in following.json
    skipped = sta.get("Datastreams", expand="Observations($skip=3;$top=1;$orderby=phenomenonTime)").json[
        "value"
    ][0]
    assert [one["result"] for one in skipped["Observations"]] == [3]


def test_the_latest_values_of_many_streams_take_few_queries(sta: Sta) -> None:
    def add(count: int) -> None:
        one = sta.made("Things", thing(Locations=[location()]))
        for number in range(count):
            observations = [
                {"phenomenonTime": f"2020-01-01T{hour:02}:00:00Z", "result": hour} for hour in range(3)
            ]
            sta.made(f"Things({one})/Datastreams", datastream(f"s{number}", Observations=observations))

    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as captured:
            answer = sta.get(
                "Things",
                expand="Datastreams($expand=Observations($top=1;$orderby=phenomenonTime desc)),Locations",
            )
        streams = [stream for one in answer.json["value"] for stream in one["Datastreams"]]
        assert all([one["result"] for one in stream["Observations"]] == [2] for stream in streams)
        return len(captured)

    add(2)
    few = queries()
    add(10)
    assert queries() == few


def test_orderby(sta: Sta) -> None:
    for name, number in (("b", 2), ("a", 1), ("c", 1), ("B", 3)):
        sta.made("Things", thing(name, properties={"n": number}))

    def names(order: str) -> list[str]:
        return [one["name"] for one in sta.get("Things", orderby=order).json["value"]]

    assert names("name") == names("name asc") == ["B", "a", "b", "c"]
    assert names("name desc") == ["c", "b", "a", "B"]
    assert names("properties/n desc,name asc") == ["B", "b", "a", "c"]
    assert names("length(name),name") == ["B", "a", "b", "c"]
    assert sta.get("Things", orderby="nothing").status == 400
    assert sta.get("Things", orderby="Datastreams/name").status == 400


@pytest.mark.parametrize(
    "order", ["phenomenonTime", "resultTime", "result", "id", "Datastream/name", "FeatureOfInterest/id"]
)
def test_observations_are_ordered_by_whatever_is_wanted(
    sta: Sta, observe: Callable[..., Any], order: str
) -> None:
    values = [5, 3, 9, "text", {"a": 1}]
    for hour, value in enumerate(values):
        observe(value, f"2020-01-01T0{hour}:00:00Z", resultTime=f"2020-01-02T0{9 - hour}:00:00Z")
    up = sta.ids("Observations", orderby=order)
    down = sta.ids("Observations", orderby=f"{order} desc")
    assert len(up) == len(set(up)) == len(values)
    if order in {"phenomenonTime", "resultTime", "id"}:
        assert up == down[::-1]
    numbers = [one["result"] for one in sta.get("Observations", orderby="result").json["value"]][:3]
    assert numbers == [3, 5, 9]


def test_pages_neither_skip_nor_repeat(sta: Sta, observe: Callable[..., Any], stream: int) -> None:
    for number in range(23):
        observe(number % 4 if number % 5 else {"n": number}, f"2020-01-{number + 1:02}T00:00:00Z")
        sta.made("Things", thing(f"t{number % 3}"))
    for path, options in (
        ("Things", {"orderby": "name"}),
        ("Things", {"filter": "name ne 't9'", "count": "true", "select": "id"}),
        (f"Datastreams({stream})/Observations", {"orderby": "phenomenonTime desc"}),
        (f"Datastreams({stream})/Observations", {"orderby": "result", "expand": "Datastream"}),
        ("Observations", {"filter": "phenomenonTime gt 2019-12-31T00:00:00Z", "count": "true"}),
        ("Observations", {}),
    ):
        whole = sta.get(path, **options, top=1000).json["value"]
        answer, found = sta.get(path, **options, top=5), []
        while True:
            assert answer.status == 200
            found += [one["@iot.id"] for one in answer.json["value"]]
            if "@iot.nextLink" not in answer.json:
                break
            assert "$top=5" in answer.json["@iot.nextLink"]
            answer = sta.get(answer.json["@iot.nextLink"])
            if "count" in options:
                assert answer.json["@iot.count"] == len(whole)
        assert found == [one["@iot.id"] for one in whole], (path, options)
        assert len(set(found)) == len(found)


def test_top_skip_and_count(sta: Sta) -> None:
    ids = [sta.made("Sensors", sensor(f"s{number}")) for number in range(7)]
    assert sta.ids("Sensors", top=3) == ids[:3]
    assert sta.ids("Sensors", skip=5) == ids[5:]
    assert sta.ids("Sensors", skip=2, top=2) == ids[2:4]
    assert sta.get("Sensors", top=0, count="true").json == {"@iot.count": 7, "value": []}
    assert "@iot.count" not in sta.get("Sensors", count="false").json
    assert "@iot.count" not in sta.get("Sensors").json
    assert "@iot.nextLink" not in sta.get("Sensors", top=7).json
    assert sta.get("Sensors", filter="name eq 's1'", count="true").json["@iot.count"] == 1
    for wrong in ({"top": -1}, {"top": "x"}, {"skip": "1.5"}, {"count": "maybe"}, {"nothing": 1}):
        assert sta.get("Sensors", **wrong).status == 400


def test_a_set_has_a_hundred_entities_on_a_page(sta: Sta) -> None:
    sta.made("Things", thing(Datastreams=[]))
    for number in range(101):
        sta.made("ObservedProperties", observed_property(f"p{number}"))
    answer = sta.get("ObservedProperties")
    assert len(answer.json["value"]) == 100
    assert len(sta.get(answer.json["@iot.nextLink"]).json["value"]) == 1


def test_long_series_are_read_wherever_they_are_stored(
    sta: Sta, stream: int, observe: Callable[..., Any]
) -> None:
    start = datetime(2025, 1, 1, tzinfo=UTC)
    count = 3000
    rows = [(stream, start + timedelta(hours=hour), float(hour)) for hour in range(count)]
    load_observations(rows=rows, acting_user=None, origin="test")
    pack_month(start.date())
    observe("rich", "2025-01-20T00:30:00Z")
    path = f"Datastreams({stream})/Observations"

    latest = sta.get(path, orderby="phenomenonTime desc", top=2).json["value"]
    assert [one["result"] for one in latest] == [count - 1, count - 2]
    packed = sta.get(path, filter="phenomenonTime ge 2025-01-20T00:00:00Z", top=3).json["value"]
    assert [one["result"] for one in packed] == [456, "rich", 457]
    deep = sta.get(path, orderby="phenomenonTime desc", top=2, skip=2990).json["value"]
    assert [one["result"] for one in deep] == [9 + 1, 9]
    assert sta.get(path, count="true", top=0).json["@iot.count"] == count + 1
    assert sta.get(path, filter="result gt 2990", count="true", top=1).json["@iot.count"] == 9
    highest = sta.get(path, orderby="result desc", filter="result lt 100", top=1).json["value"]
    assert highest[0]["result"] == 99
    assert sta.get(f"Observations('{latest[0]['@iot.id']}')").json["result"] == count - 1
    extent = sta.get(f"Datastreams({stream})/phenomenonTime/$value").text
    assert extent == "2025-01-01T00:00:00Z/2025-05-05T23:00:00Z"


def test_features_lead_to_their_observations(sta: Sta, observe: Callable[..., Any]) -> None:
    first = observe(1, "2020-01-01T00:00:00Z", FeatureOfInterest=feature(1, 1))
    second = observe(2, "2020-01-02T00:00:00Z", FeatureOfInterest=feature(2, 2))
    third = observe(3, "2020-01-03T00:00:00Z")
    for one in (first, second, third):
        about = sta.get(f"Observations('{one}')/FeatureOfInterest").id
        assert sta.ids(f"FeaturesOfInterest({about})/Observations") == [one]
    expanded = sta.get("FeaturesOfInterest", expand="Observations($top=1)").json["value"]
    assert sorted(len(one["Observations"]) for one in expanded) == [1, 1, 1]
