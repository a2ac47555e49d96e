"""POST with deep insert, PATCH, PUT, JSON Patch and DELETE; and that nothing measured is destroyed by any of them."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from gis_core.models import AuditEvent, Division
from sensors.models import (
    Datastream,
    EntityVersion,
    FeatureOfInterest,
    Location,
    Observation,
    RichObservation,
    SeriesEdit,
    Thing,
)
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

Observe = Callable[..., Any]
BODIES: dict[str, Any] = {
    "Things": thing(properties={"a": 1}),
    "Locations": location(),
    "Sensors": sensor(),
    "ObservedProperties": observed_property(),
    "FeaturesOfInterest": feature(),
}
REQUIRED = {
    "Things": ["name", "description"],
    "Locations": ["name", "description", "encodingType", "location"],
    "Sensors": ["name", "description", "encodingType", "metadata"],
    "ObservedProperties": ["name", "definition", "description"],
    "FeaturesOfInterest": ["name", "description", "encodingType", "feature"],
}


@pytest.mark.parametrize("name", BODIES)
def test_what_is_posted_is_there(sta: Sta, name: str) -> None:
    answer = sta.post(name, BODIES[name])
    assert answer.status == 201
    assert answer.headers["Location"] == answer.json["@iot.selfLink"]
    document = sta.get(answer.headers["Location"]).json
    assert document == answer.json
    assert BODIES[name].items() <= document.items()


@pytest.mark.parametrize("name", BODIES)
def test_what_is_mandatory_must_be_there(sta: Sta, name: str) -> None:
    for missing in REQUIRED[name]:
        body = {key: value for key, value in BODIES[name].items() if key != missing}
        assert sta.post(name, body).status == 400, missing
        assert sta.post(name, {**BODIES[name], missing: None}).status == 400, missing
    assert sta.post(name, {**BODIES[name], "unheard": 1}).status == 400
    assert sta.ids(name) == []


def test_links_go_to_entities_that_exist(sta: Sta) -> None:
    place, instrument = sta.made("Locations", location()), sta.made("Sensors", sensor())
    what = sta.made("ObservedProperties", observed_property())
    one = sta.made("Things", thing(Locations=[{"@iot.id": place}]))
    body = datastream(
        Thing={"@iot.id": one}, Sensor={"@iot.id": instrument}, ObservedProperty={"@iot.id": what}
    )
    stream = sta.made("Datastreams", body)
    assert sta.get(f"Datastreams({stream})/Thing").id == one
    assert sta.get(f"Datastreams({stream})/Sensor").id == instrument
    assert sta.get(f"Datastreams({stream})/ObservedProperty").id == what
    assert sta.ids(f"Things({one})/Locations") == [place]
    for name in ("Thing", "Sensor", "ObservedProperty"):
        assert sta.post("Datastreams", {**body, name: {"@iot.id": 987654}}).status == 400
        assert sta.post("Datastreams", {**body, name: 3}).status == 400
        assert (
            sta.post("Datastreams", {one: value for one, value in body.items() if one != name}).status == 400
        )
    assert len(sta.ids("Datastreams")) == 1


def test_a_deep_insert_makes_all_or_nothing(sta: Sta) -> None:
    stream = datastream(
        Observations=[
            {"phenomenonTime": "2020-01-01T00:00:00Z", "result": 1},
            {"phenomenonTime": "2020-01-01T01:00:00Z", "result": 2, "FeatureOfInterest": feature()},
        ]
    )
    one = sta.made("Things", thing(Datastreams=[stream], Locations=[location()]))
    assert len(sta.ids(f"Things({one})/Datastreams")) == 1
    assert len(sta.ids(f"Things({one})/HistoricalLocations")) == 1
    assert len(sta.ids("Observations")) == 2
    counts = {name: len(sta.ids(name)) for name in ("Things", "Locations", "Sensors", "ObservedProperties")}
    for wrong in (
        {"Sensor": {"name": "x"}},
        {"Sensor": None},
        {"Observations": [{"phenomenonTime": "2020-01-01T00:00:00Z"}]},
    ):
        bad = {**stream, **wrong}
        assert sta.post("Things", thing(Datastreams=[bad], Locations=[location()])).status == 400
    assert {name: len(sta.ids(name)) for name in counts} == counts


def test_an_observation_gets_its_time_and_its_feature(sta: Sta, stream: int) -> None:
    answer = sta.post(f"Datastreams({stream})/Observations", {"result": 1.5})
    assert answer.status == 201
    assert answer.json["resultTime"] is None
    assert answer.json["phenomenonTime"].endswith("Z")
    about = sta.get(f"Observations('{answer.id}')/FeatureOfInterest").json
    assert about["feature"] == location()["location"]
    second = sta.made(f"Datastreams({stream})/Observations", {"result": 2})
    assert sta.get(f"Observations('{second}')/FeatureOfInterest").id == about["@iot.id"]


def test_an_observation_needs_a_stream_and_a_place(sta: Sta) -> None:
    one = sta.made("Things", thing())
    stream = sta.made(f"Things({one})/Datastreams", datastream())
    about = sta.made("FeaturesOfInterest", feature())
    assert sta.post("Observations", {"result": 1, "FeatureOfInterest": {"@iot.id": about}}).status == 400
    assert sta.post(f"Datastreams({stream})/Observations", {"result": 1}).status == 400
    assert (
        sta.post(f"Datastreams({stream})/Observations", {"FeatureOfInterest": {"@iot.id": about}}).status
        == 400
    )
    body = {"result": 1, "Datastream": {"@iot.id": stream}, "FeatureOfInterest": {"@iot.id": about}}
    observation = sta.made("Observations", body)
    assert sta.get(f"Observations('{observation}')/FeatureOfInterest").id == about


@pytest.mark.parametrize(
    "result",
    [
        1,
        -2.5,
        0.1,
        1e-9,
        123456789012,
        2**60,
        2**64 + 1,
        -(10**40),
        [2**70, {"a": -(2**65)}],
        True,
        False,
        "text",
        "12",
        None,
        [1, "a", None],
        {"a": {"b": 1.23}},
        1e99,
        0,
    ],
)
def test_any_result_is_kept(sta: Sta, observe: Observe, result: Any) -> None:
    found = sta.get(f"Observations('{observe(result, '2020-01-01T00:00:00Z')}')").json["result"]
    assert found == result
    assert type(found) is type(result)


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ("2020-01-01T00:00:00Z", "2020-01-01T00:00:00Z"),
        ("2020-01-01T05:00:00.5+05:00", "2020-01-01T00:00:00.500Z"),
        ("2020-01-01T00:00:00.123456Z", "2020-01-01T00:00:00.123456Z"),
        ("1850-01-01T00:00:00Z", "1850-01-01T00:00:00Z"),
        ("2100-01-01T00:00:00Z", "2100-01-01T00:00:00Z"),
        ("2020-01-01T00:00:00Z/2020-01-02T00:00:00Z", "2020-01-01T00:00:00Z/2020-01-02T00:00:00Z"),
        ("2020-01-01T00:00:00Z/P1DT30M", "2020-01-01T00:00:00Z/2020-01-02T00:30:00Z"),
        ("PT90S/2020-01-01T00:00:00Z", "2019-12-31T23:58:30Z/2020-01-01T00:00:00Z"),
    ],
)
def test_any_phenomenon_time_is_kept(sta: Sta, observe: Observe, given: str, stored: str) -> None:
    entity_id = observe(1, given)
    assert sta.get(f"Observations('{entity_id}')").json["phenomenonTime"] == stored
    assert sta.ids("Observations", filter=f"phenomenonTime eq {stored}") == [entity_id]


def test_everything_said_of_an_observation_is_kept(sta: Sta, observe: Observe) -> None:
    body = {
        "resultTime": "2020-01-01T00:05:00Z",
        "resultQuality": [{"code": 2}],
        "validTime": "2020-01-01T00:00:00Z/2020-01-01T01:00:00Z",
        "parameters": {"p": 1},
    }
    found = sta.get(f"Observations('{observe(7, '2020-01-01T00:00:00Z', **body)}')").json
    assert body.items() <= found.items()


def test_wrong_times_are_refused(sta: Sta, stream: int) -> None:
    for body in (
        {"phenomenonTime": "yesterday"},
        {"phenomenonTime": 5},
        {"phenomenonTime": "2020-01-02T00:00:00Z/2020-01-01T00:00:00Z"},
        {"phenomenonTime": "2020-13-01T00:00:00Z"},
        {"validTime": "2020-01-01T00:00:00Z"},
        {"resultTime": "2020-01-01T00:00:00Z/2020-01-02T00:00:00Z"},
        {"parameters": [1]},
    ):
        assert sta.post(f"Datastreams({stream})/Observations", {"result": 1, **body}).status == 400, body


def test_the_same_number_again_is_the_same_observation(sta: Sta, observe: Observe, stream: int) -> None:
    first = observe(1, "2020-01-01T00:00:00Z")
    assert observe(1, "2020-01-01T00:00:00Z") == first
    assert observe(2, "2020-01-01T00:00:00Z") == first
    assert sta.get(f"Observations('{first}')").json["result"] == 2
    assert [(one.value) for one in Observation.objects.filter(datastream=stream)] == [1.0]
    assert observe({"a": 1}, "2020-01-01T00:00:00Z") == observe({"a": 1}, "2020-01-01T00:00:00Z")
    assert len(sta.ids("Observations")) == 2


def test_observations_of_one_instant_that_differ_otherwise_are_several(sta: Sta, observe: Observe) -> None:
    instant = "2020-01-01T00:00:00Z"
    ids = {
        observe(1, instant),
        observe(1, instant, resultTime=instant),
        observe(1, instant, FeatureOfInterest=feature()),
        observe(1, instant, parameters={"a": 1}),
    }
    assert len(ids) == 4
    assert sorted(sta.ids("Observations")) == sorted(ids)


PATCHES: dict[str, Any] = {
    "Things": {"description": "changed"},
    "Locations": {"location": {"type": "Point", "coordinates": [60, 40]}},
    "Sensors": {"metadata": {"changed": True}},
    "ObservedProperties": {"definition": "http://example.org/changed"},
    "FeaturesOfInterest": {"feature": {"type": "Point", "coordinates": [60, 40]}},
}


@pytest.mark.parametrize("name", PATCHES)
def test_patch_changes_what_it_names_and_keeps_a_version(sta: Sta, name: str) -> None:
    entity_id = sta.made(name, BODIES[name])
    before = sta.get(f"{name}({entity_id})").json
    answer = sta.call("patch", f"{name}({entity_id})", PATCHES[name])
    assert answer.status == 200
    assert sta.get(f"{name}({entity_id})").json == {**before, **PATCHES[name]} == answer.json
    assert [version.document for version in EntityVersion.objects.all()] == [before]
    assert AuditEvent.objects.filter(action__startswith="change ").count() == 1


@pytest.mark.parametrize("name", PATCHES)
def test_put_sets_the_rest_to_its_default(sta: Sta, name: str) -> None:
    entity_id = sta.made(name, {**BODIES[name], "properties": {"a": 1}})
    body = {key: value for key, value in BODIES[name].items() if key != "properties"} | {"name": "put"}
    assert sta.call("put", f"{name}({entity_id})", body).status == 200
    document = sta.get(f"{name}({entity_id})").json
    assert document["name"] == "put"
    assert "properties" not in document
    assert sta.call("put", f"{name}({entity_id})", {"name": "too little"}).status == 400


def test_patch_and_put_of_a_stream_keep_its_relations(sta: Sta, stream: int) -> None:
    one = sta.get(f"Datastreams({stream})/Thing").id
    unit = {"name": "Entropy", "symbol": "S", "definition": "d"}
    assert (
        sta.call("patch", f"Datastreams({stream})", {"unitOfMeasurement": unit}).json["unitOfMeasurement"]
        == unit
    )
    body = {"name": "n", "description": "d", "observationType": "o", "unitOfMeasurement": unit}
    assert sta.call("put", f"Datastreams({stream})", body).status == 200
    assert sta.get(f"Datastreams({stream})/Thing").id == one
    other = sta.made("Things", thing("other"))
    assert sta.call("patch", f"Datastreams({stream})", {"Thing": {"@iot.id": other}}).status == 200
    assert sta.ids(f"Things({other})/Datastreams") == [stream]


def test_a_change_makes_no_new_entities(sta: Sta, stream: int) -> None:
    one = sta.get(f"Datastreams({stream})/Thing").id
    assert sta.call("patch", f"Things({one})", {"Locations": [location()]}).status == 400
    assert sta.call("patch", f"Things({one})", {"Datastreams": [datastream()]}).status == 400
    assert sta.call("patch", f"Datastreams({stream})", {"Sensor": sensor()}).status == 400
    assert len(sta.ids("Sensors")) == 1


def test_json_patch(sta: Sta) -> None:
    one = sta.made("Things", thing())

    def patch(*operations: dict[str, Any]) -> int:
        answer = sta.call(
            "patch", f"Things({one})", list(operations), content_type="application/json-patch+json"
        )
        return answer.status

    assert patch({"op": "add", "path": "/properties", "value": {"key1": 1}}) == 200
    assert (
        patch(
            {"op": "copy", "from": "/properties/key1", "path": "/properties/copied"},
            {"op": "move", "from": "/properties/key1", "path": "/properties/key2"},
            {"op": "replace", "path": "/name", "value": "renamed"},
        )
        == 200
    )
    document = sta.get(f"Things({one})").json
    assert document["properties"] == {"copied": 1, "key2": 1}
    assert document["name"] == "renamed"
    assert patch({"op": "test", "path": "/name", "value": "other"}) == 409
    for wrong in (
        {"op": "remove", "path": "/name"},
        {"op": "remove", "path": "/nothing"},
        {"op": "fly", "path": "/name"},
        {"path": "/name"},
        {"op": "add", "path": "name", "value": 1},
        {"op": "replace", "path": "", "value": []},
        {"op": "add", "path": "/unheard", "value": 1},
        {"op": "replace", "path": "/name", "value": 5},
    ):
        assert patch(wrong) == 400, wrong
    doubled = [{"op": "copy", "from": "/properties", "path": "/properties/x"}] * 60
    assert patch(*doubled) in {200, 400}
    assert sta.get(f"Things({one})").status == 200


def test_a_changed_number_is_a_correction(sta: Sta, observe: Observe, stream: int) -> None:
    entity_id = observe(1, "2020-01-01T00:00:00Z")
    assert sta.call("patch", f"Observations('{entity_id}')", {"result": 5}).json["result"] == 5
    assert [one.value for one in Observation.objects.filter(datastream=stream)] == [1.0]
    assert [edit.code for edit in SeriesEdit.objects.all()] == ["edited"]
    assert sta.call("patch", f"Observations('{entity_id}')", {"result": 5}).status == 200
    assert SeriesEdit.objects.count() == 1


@pytest.mark.parametrize(
    "change",
    [
        {"phenomenonTime": "2021-01-01T00:00:00Z"},
        {"result": "text"},
        {"result": None},
        {"parameters": {"p": 1}},
        {"resultTime": "2021-01-01T00:00:00Z"},
        {"validTime": "2020-01-01T00:00:00Z/2021-01-01T00:00:00Z"},
    ],
)
def test_a_number_that_becomes_more_keeps_its_id(
    sta: Sta, observe: Observe, stream: int, change: Any
) -> None:
    entity_id = observe(1, "2020-01-01T00:00:00Z")
    before = sta.get(f"Observations('{entity_id}')").json
    assert sta.call("patch", f"Observations('{entity_id}')", change).status == 200
    assert sta.get(f"Observations('{entity_id}')").json == {**before, **change}
    assert sta.ids(f"Datastreams({stream})/Observations") == [entity_id]
    assert Observation.objects.get(datastream=stream).value == 1.0
    # The instant is free for another observation, which has an id of its own.
    second = observe(9, "2020-01-01T00:00:00Z")
    assert second != entity_id
    assert sta.get(f"Observations('{second}')").json["result"] == 9
    assert (
        sta.call(
            "put", f"Observations('{entity_id}')", {"result": 3, "phenomenonTime": "2022-01-01T00:00:00Z"}
        ).status
        == 200
    )
    assert sta.get(f"Observations('{entity_id}')").json["result"] == 3
    assert sta.call("delete", f"Observations('{entity_id}')").status == 200
    assert sta.get(f"Observations('{entity_id}')").status == 404


def test_a_deleted_number_is_kept_and_comes_back_when_it_is_sent_again(
    sta: Sta, observe: Observe, stream: int
) -> None:
    entity_id = observe(1, "2020-01-01T00:00:00Z")
    assert sta.call("delete", f"Observations('{entity_id}')").status == 200
    assert sta.get(f"Observations('{entity_id}')").status == 404
    assert sta.call("delete", f"Observations('{entity_id}')").status == 404
    assert "phenomenonTime" not in sta.get(f"Datastreams({stream})").json
    assert Observation.objects.get(datastream=stream).value == 1.0
    assert observe(1, "2020-01-01T00:00:00Z") == entity_id
    assert sta.get(f"Observations('{entity_id}')").json["result"] == 1
    assert [edit.code for edit in SeriesEdit.objects.order_by("id")] == ["deleted", "restored"]


def test_a_rich_observation_is_kept_when_it_is_deleted(sta: Sta, observe: Observe) -> None:
    entity_id = observe("text", "2020-01-01T00:00:00Z")
    assert sta.call("delete", f"Observations('{entity_id}')").status == 200
    assert sta.ids("Observations") == []
    assert RichObservation.objects.get().result == "text"
    assert EntityVersion.objects.get().document["result"] == "text"
    assert observe("text", "2020-01-01T00:00:00Z") != entity_id


@pytest.mark.parametrize(
    ("name", "gone"),
    [
        ("Things", {"Things", "HistoricalLocations", "Datastreams", "MultiDatastreams", "Observations"}),
        ("Locations", {"Locations", "HistoricalLocations"}),
        ("HistoricalLocations", {"HistoricalLocations"}),
        ("Datastreams", {"Datastreams"}),
        ("MultiDatastreams", {"MultiDatastreams"}),
        ("Sensors", {"Datastreams"}),
        ("ObservedProperties", {"Datastreams"}),
        ("FeaturesOfInterest", {"FeaturesOfInterest", "Observations"}),
    ],
)
def test_delete_takes_with_it_what_cannot_be_without(sta: Sta, name: str, gone: set[str]) -> None:
    sta.made(
        "Things",
        thing(
            Locations=[location()],
            Datastreams=[datastream(Observations=[{"phenomenonTime": "2020-01-01T00:00:00Z", "result": 1}])],
            MultiDatastreams=[
                multi_datastream(Observations=[{"phenomenonTime": "2020-01-01T00:00:00Z", "result": [1, 2]}])
            ],
        ),
    )
    rows = {
        model: model.objects.count()
        for model in (Thing, Location, Datastream, FeatureOfInterest, Observation, RichObservation)
    }
    sets = [one["name"] for one in sta.get("").json["value"]]
    before = {one: len(sta.ids(one)) for one in sets}
    entity_id = sta.ids(name)[0]
    assert sta.call("delete", f"{name}({entity_id})").status == 200
    assert sta.get(f"{name}({entity_id})").status == 404
    after = {one: len(sta.ids(one)) for one in sets}
    emptied = {one for one in sets if after[one] == 0 and before[one] > 0}
    assert gone <= emptied
    for one in sets:
        # What was deleted can no longer be reached in any way.
        assert sta.get(one, expand=",".join(_ways(sta, one))).status == 200
    assert {model: model.objects.count() for model in rows} == rows


def _ways(sta: Sta, name: str) -> list[str]:
    from sensors.sensorthings.selectors.schema import BY_PLURAL

    return list(BY_PLURAL[name].navigation)


def test_places_are_remembered(sta: Sta) -> None:
    one = sta.made("Things", thing())
    places = [sta.made("Locations", location(longitude)) for longitude in (60, 61, 62)]
    assert sta.call("patch", f"Things({one})", {"Locations": [{"@iot.id": places[0]}]}).status == 200
    history = sta.ids(f"Things({one})/HistoricalLocations")
    assert len(history) == 1
    assert sta.ids(f"HistoricalLocations({history[0]})/Locations") == places[:1]
    assert sta.call("patch", f"HistoricalLocations({history[0]})", {"time": "2016-01-01T06:00:00Z"}).json[
        "time"
    ]
    # A later one is where the thing is now, an earlier one only where it was.
    for time, place, current in (
        ("2016-01-01T07:00:00Z", places[1], places[1]),
        ("2016-01-01T05:00:00Z", places[2], places[1]),
    ):
        body = {"time": time, "Thing": {"@iot.id": one}, "Locations": [{"@iot.id": place}]}
        sta.made("HistoricalLocations", body)
        assert sta.ids(f"Things({one})/Locations") == [current]
    # A history without places says nothing of where the thing is now, however new it is.
    sta.made("HistoricalLocations", {"time": "2116-01-01T05:00:00Z", "Thing": {"@iot.id": one}})
    assert sta.ids(f"Things({one})/Locations") == [current]
    assert sta.post("HistoricalLocations", {"time": "2016-01-01T05:00:00Z"}).status == 400
    moved = sta.made(f"Things({one})/Locations", location(63))
    assert sta.ids(f"Things({one})/Locations") == [moved]
    assert len(sta.ids(f"Things({one})/HistoricalLocations")) == 5
    posted = sta.made("Locations", location(64, Things=[{"@iot.id": one}]))
    assert sta.ids(f"Locations({posted})/Things") == [one]


def test_only_what_is_possible_is_allowed(sta: Sta) -> None:
    one = sta.made("Things", thing())
    for method, path in (
        ("post", f"Things({one})"),
        ("delete", "Things"),
        ("put", "Things"),
        ("patch", "Things"),
        ("patch", f"Things({one})/name"),
        ("post", ""),
    ):
        assert sta.call(method, path, {}).status == 405, (method, path)
    assert sta.call("post", "Things", "{not json").status == 400
    assert sta.call("post", "Nothings", {}).status == 404
    assert sta.call("delete", "Things(987654)").status == 404


def test_a_division_can_be_named(sta: Sta, district: Division, other_district: Division) -> None:
    sta.made("Things", thing("mine", properties={"division": district.code}))
    sta.made("Things", thing("not there", properties={"division": other_district.code}))
    assert set(Thing.objects.values_list("division__code", flat=True)) == {district.code}


def test_a_body_is_told_what_is_wrong_with_it(sta: Sta) -> None:
    answer = sta.post("Things", {"name": "x"})
    assert answer.json == {"code": 400, "type": "error", "message": "A Thing needs description."}
    assert json.loads(answer.text) == answer.json


RING_3D = [[69.1, 41.1, 400.5], [69.2, 41.1, 400.5], [69.2, 41.2, 400.5], [69.1, 41.1, 400.5]]
SHAPES_3D: dict[str, Any] = {
    "Point": [69.45, 41.38, 412.5],
    "LineString": RING_3D[:3],
    "Polygon": [RING_3D],
    "MultiPoint": RING_3D[:2],
    "MultiLineString": [RING_3D[:3]],
    "MultiPolygon": [[RING_3D]],
}
PLACES_3D = [
    *({"type": kind, "coordinates": places} for kind, places in SHAPES_3D.items()),
    {
        "type": "GeometryCollection",
        "geometries": [{"type": kind, "coordinates": places} for kind, places in SHAPES_3D.items()],
    },
    {"type": "Feature", "properties": {}, "geometry": {"type": "Point", "coordinates": [69, 41, 5]}},
    {
        "type": "FeatureCollection",
        "features": [
            {"type": "Feature", "properties": {}, "geometry": {"type": "Point", "coordinates": [69, 41, 5]}}
        ],
    },
]


@pytest.mark.parametrize("shape", PLACES_3D, ids=lambda shape: shape["type"])
def test_places_with_heights_are_kept_whole(sta: Sta, shape: dict[str, Any]) -> None:
    place, what = {**location(), "location": shape}, {**feature(), "feature": shape}
    number = sta.made("Locations", place)
    assert sta.get(f"Locations({number})").json["location"] == shape
    assert sta.call("patch", f"Locations({number})", {"location": shape}).status == 200
    assert sta.call("put", f"Locations({number})", place).status == 200
    assert sta.get(f"FeaturesOfInterest({sta.made('FeaturesOfInterest', what)})").json["feature"] == shape
    one = sta.made("Things", thing(Locations=[place]))
    assert len(sta.ids(f"Things({one})/Locations")) == 1
    assert sta.ids(
        "Locations",
        filter="st_intersects(location, geography'POLYGON((60 30, 80 30, 80 50, 60 50, 60 30))')",
    )


@pytest.mark.parametrize("name", ["phenomenonTime", "resultTime", "validTime"])
@pytest.mark.parametrize("time", ["2026-01-01T00:00:00", "2026-01-01", "2026-01-01T00:00:00.5"])
def test_a_time_without_its_offset_is_refused(sta: Sta, stream: int, name: str, time: str) -> None:
    both = f"{time}/2026-01-02T00:00:00Z"
    times = [both] if name == "validTime" else [time, both] if name == "phenomenonTime" else [time]
    for written in times:
        body = {"phenomenonTime": "2026-01-01T00:00:00Z", "result": 1, "Datastream": {"@iot.id": stream}}
        answer = sta.post("Observations", {**body, name: written})
        assert answer.status == 400, written
    assert "offset" in answer.json["message"]
    if "T" in time and name == "phenomenonTime":
        assert sta.call("get", f"Observations?$filter=phenomenonTime gt {time}").status == 400
    rows = {"components": ["phenomenonTime", "result"], "dataArray": [[time, 1]]}
    answer = sta.post("CreateObservations", [{"Datastream": {"@iot.id": stream}, **rows}])
    assert answer.json == ["error"]


@pytest.mark.parametrize(
    "query",
    ["foo$filter=id eq 1", "x=1", "filter=id eq 1", "$fitler=id eq 1", " $top=1", "$top=1&$top=2", "$$top=1"],
)
def test_what_is_no_query_option_is_refused(sta: Sta, query: str) -> None:
    assert sta.call("get", f"Things?{query}").status == 400
    assert sta.call("get", "Things?$top=1&_=123&$format=json").status == 200


def test_instants_are_written_with_as_many_decimals_as_they_have(sta: Sta) -> None:
    one = sta.made("Things", thing())
    for time in ("2026-01-01T00:00:00Z", "2026-01-01T00:00:00.500Z", "2026-01-01T00:00:00.500001Z"):
        number = sta.made("HistoricalLocations", {"time": time, "Thing": {"@iot.id": one}})
        assert sta.get(f"HistoricalLocations({number})").json["time"] == time
