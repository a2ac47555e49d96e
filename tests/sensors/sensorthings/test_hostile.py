"""Whatever is sent, the answer is a 2xx or a 4xx, and nothing of it becomes SQL."""

import json
import random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sensors.models import Thing
from tests.sensors.sensorthings.conftest import ROOT, Sta, datastream, location, thing

_INJECTIONS = [
    "name eq 'x''; DROP TABLE sensors_thing; --'",
    "name eq 'x'; DROP TABLE sensors_thing",
    "name eq ''' OR 1=1 --'",
    "name eq '%s%s%(a)s{}{0}'",
    "properties/a'b eq 1",
    'properties/a" eq 1',
    "properties/%s eq 1",
    "startswith(name, '\\')",
    "name) or (1 eq 1",
    "pg_sleep(10) eq 1",
    "geo.distance(location, geography'POINT(0 0)''; SELECT 1') lt 1",
    "id eq 1 union select password from gis_core_user",
]


@pytest.mark.parametrize("text", _INJECTIONS)
def test_injections_are_texts(sta: Sta, text: str) -> None:
    sta.made("Things", thing())
    for path in ("Things", "Observations", "Locations"):
        answer = sta.get(path, filter=text)
        assert answer.status in {200, 400}, answer.text
        assert sta.get(path, orderby=text).status in {200, 400}
        assert sta.get(path, select=text).status in {200, 400}
        assert sta.get(path, expand=text).status in {200, 400}
    assert Thing.objects.count() == 1


_EXPENSIVE = [
    {"filter": "(" * 5000 + "1 eq 1" + ")" * 5000},
    {"filter": "not " * 5000 + "true"},
    {"filter": " or ".join(["name eq 'x'"] * 900)},
    {"filter": "1" + " add 1" * 900 + " eq 1"},
    {"filter": "name eq '" + "x" * 100_000 + "'"},
    {"filter": "/".join(["Datastreams/Thing"] * 40) + "/name eq 'x'"},
    {"filter": " and ".join(["Datastreams/Thing"] * 3)},
    {"expand": "Datastreams($expand=Thing(" * 30 + ")" * 60},
    {"expand": "/".join(["Datastreams/Thing"] * 40)},
    {"expand": ",".join(["Datastreams"] * 500)},
    {"top": 10**17},
    {"top": 10**30},
    {"skip": 10**17},
    {"skip": 10**30},
    {"filter": f"id eq {10**40}"},
    {"filter": f"id gt {10**18}"},
    {"filter": "name mul 2 eq 4"},
    {"filter": "1e300 mul 1e300 gt 1"},
    {"filter": "1e999 gt 1"},
    {"filter": "substring(name, 1e300) eq 'x'"},
    {"filter": "substring(name, -5) eq 'thing'"},
    {"filter": "duration'P9999999D' gt duration'P1D'"},
    {"filter": "now() add duration'P9999999D' gt now()"},
    {"filter": "maxdatetime() sub mindatetime() gt duration'P1D'"},
    {"filter": "year(name) eq 1"},
    {"filter": "properties"},
    {"filter": "name"},
    {"filter": "null"},
    {"filter": "Datastreams"},
    {"filter": ""},
    {"orderby": ""},
    {"orderby": "properties"},
    {"orderby": "null"},
    {"orderby": "name asc desc"},
    {"select": ""},
    {"expand": ""},
    {"expand": "Datastreams("},
    {"expand": "Datastreams($top)"},
    {"expand": "Datastreams($top=1;$top=2)"},
    {"filter": "2020-13-45T00:00:00Z gt now()"},
    {"filter": "0001-01-01T00:00:00+14:00 lt now()"},
    {"filter": "9999-12-31T23:59:59-14:00 gt now()"},
    {"filter": "'\ud800' eq name".encode("utf-8", "replace").decode()},
]


@pytest.mark.parametrize("options", _EXPENSIVE, ids=range(len(_EXPENSIVE)))
def test_extremes(sta: Sta, options: dict[str, Any]) -> None:
    sta.made("Things", thing(Locations=[location()], Datastreams=[datastream(Observations=[{"result": 1}])]))
    for path in ("Things", "Observations"):
        assert sta.get(path, **options).status in {200, 400}


_WORDS = [
    *"( ) ( ) , / [ ] ' '' ; $ @ % \\ \" {".split(),
    *"eq ne gt and or not add sub mul div mod in null true false".split(),
    *"name result id properties phenomenonTime Datastream Datastreams Observations Thing location".split(),
    *"1 -2.5 1e5 'x' 2020-01-01T00:00:00Z 2020-01-01 10:00 duration'PT1H' geography'POINT(1 1)'".split(),
    *"length( substring( now( geo.distance( year( st_within( overlaps( round(".split(),
]


def test_random_words_are_no_reason_to_fail(sta: Sta) -> None:
    sta.made("Things", thing(Locations=[location()], Datastreams=[datastream(Observations=[{"result": 1}])]))
    dice = random.Random(4)
    for _turn in range(400):
        text = " ".join(dice.choices(_WORDS, k=dice.randint(1, 9)))
        option = dice.choice(["filter", "orderby", "expand", "select", "top", "skip", "count"])
        path = dice.choice(["Things", "Observations", "Locations", "Datastreams"])
        assert sta.get(path, **{option: text}).status in {200, 400}, (path, option, text)


@pytest.mark.parametrize(
    "path",
    [
        "Things(1",
        "Things)",
        "Things('",
        "Things(1)(2)",
        "Things(1)//name",
        "Things/name",
        "Things(%00)",
        "%00",
        "Things(1)/%00",
        "Things(99999999999999999999999)",
        "Observations('1_99999999999999999999')",
        "Observations('99999999999999999999_1')",
        "Observations('1_-99999999999999999')",
        "Observations('r99999999999999999999')",
        "Observations('r-1')",
        "Observations('_')",
        "Observations('1_')",
        "Observations('１_１')",
        "Things(１)",
        "Things(1)" + "/Datastreams(1)/Thing" * 30,
        "Things(1)/name/$value/$value",
        "$metadata",
        "../../admin",
        "Things(1)/$ref/x",
        "Things(1)/properties[0]",
        "Things(1)/properties[9999999999]",
        "Things(null)",
        "Things(true)",
        "Things(1.5)",
    ],
)
def test_paths_that_are_none(sta: Sta, path: str) -> None:
    for method in ("get", "post", "patch", "put", "delete"):
        body: dict[str, Any] | None = {} if method in {"post", "patch", "put"} else None
        assert 400 <= sta.call(method, path, body).status < 500, method


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["name", "type", "@iot.id", "coordinates", "x"]), inner, max_size=3)
    ),
    max_leaves=6,
)


@given(data=st.data())
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_bodies_of_wrong_types(sta: Sta, data: Any) -> None:
    whole = {
        "Things": thing(properties={}, Locations=[location()], Datastreams=[datastream()]),
        "Locations": location(),
        "Datastreams": datastream(Thing={"@iot.id": 1}),
        "Observations": {"result": 1, "phenomenonTime": "2020-01-01T00:00:00Z", "Datastream": {"@iot.id": 1}},
        "CreateObservations": {"Datastream": {"@iot.id": 1}, "components": ["result"], "dataArray": [[1]]},
    }
    path = data.draw(st.sampled_from(sorted(whole)))
    body: Any = {**whole[path], data.draw(st.sampled_from(sorted(whole[path]))): data.draw(json_values)}
    if path == "CreateObservations":
        body = [body]
    answer = sta.post(path, json.dumps(body))
    assert answer.status in {201, 400, 403, 404, 409, 413}, answer.text


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\xfe\x00",
        b"[" * 5000 + b"]" * 5000,
        b'{"a":' * 5000,
        b'{"name": "\\u0000", "description": ""}',
        b"NaN",
        b"1e999",
        b'"\\ud800"',
    ],
)
def test_bodies_that_are_no_json(sta: Sta, body: bytes) -> None:
    for path in ("Things", "CreateObservations"):
        assert sta.call("post", path, body).status == 400


def test_geometries_that_are_none(sta: Sta) -> None:
    wrong: Any
    for wrong in (
        {"type": "Point"},
        {"type": "Point", "coordinates": []},
        {"type": "Point", "coordinates": ["a", "b"]},
        {"type": "Polygon", "coordinates": [[1, 2]]},
        {"type": "Circle", "coordinates": [1, 2]},
        {"type": "Point", "coordinates": [1e300, 1e300]},
        {"type": ["Point"], "coordinates": [1, 2]},
        {"type": "GeometryCollection", "geometries": 5},
        "POINT(1 1)",
        5,
        [],
    ):
        assert sta.post("Locations", {**location(), "location": wrong}).status == 400, wrong
    anything = {**location(), "encodingType": "text/plain", "location": "behind the mill"}
    assert sta.post("Locations", anything).status == 201


def test_other_methods_are_refused(sta: Sta) -> None:
    response = sta.client.generic("TRACE", f"{ROOT}/Things")
    assert response.status_code == 405
    assert sta.call("options", "Things").status == 204
    assert sta.call("head", "Things").status == 200
