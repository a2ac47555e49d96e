"""Part 3 (OGC 19-079r2), Annex A: queryables, queryables as parameters, filter, features filter."""

import json
from datetime import date, datetime
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from assets.ogc.selectors.collections import COLLECTIONS
from tests.assets.ogc.conftest import Reader, link_of
from tests.frontend_map.sample import SampleNetwork

PART_3 = "http://www.opengis.net/spec/ogcapi-features-3/1.0/conf"
QUERYABLES = "http://www.opengis.net/def/rel/ogc/1.0/queryables"
CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
ITEMS = "/collections/nodes/items"
Places = dict[str, list[dict[str, Any]]]


def test_the_classes_are_declared(reader: Reader) -> None:
    declared = set(reader.json("/conformance")["conformsTo"])
    names = ("queryables", "queryables-query-parameters", "filter", "features-filter")
    assert {f"{PART_3}/{name}" for name in names} <= declared


# --- queryables ---


def test_queryables_of_every_collection_are_json_schema(reader: Reader, network: SampleNetwork) -> None:
    """/conf/queryables/get-queryables, and CQL2 /conf/basic-cql2/basic-test."""
    for name in COLLECTIONS:
        for accept in ("application/schema+json", "application/json"):
            response = reader.get(f"/collections/{name}/queryables", accept=accept)
            assert response.status_code == 200
            assert response["Content-Type"] == "application/schema+json"
        schema = response.json()
        Draft202012Validator.check_schema(schema)
        assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
        assert schema["$id"] == f"http://testserver/ogc/collections/{name}/queryables"
        assert schema["type"] == "object"
        geometry = schema["properties"].pop("geometry")
        assert geometry["format"].startswith("geometry-")
        assert all(
            each["type"] in ("string", "number", "integer", "boolean")
            for each in schema["properties"].values()
        )
        # What they promise holds for the features.
        validator = Draft202012Validator({**schema, "properties": _nullable(schema["properties"])})
        for feature in reader.items(name, {"limit": 50}):
            validator.validate(feature["properties"])


def _nullable(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        name: {
            **schema,
            "type": [schema["type"], "null"],
            **({"enum": [*schema["enum"], None]} if "enum" in schema else {}),
        }
        for name, schema in properties.items()
    }


def test_queryables_are_linked_from_collections_and_features(reader: Reader, network: SampleNetwork) -> None:
    """/conf/queryables/get-collection, requirement queryables-link."""
    expected = "http://testserver/ogc/collections/nodes/queryables"
    assert link_of(reader.json("/collections/nodes"), QUERYABLES) == expected
    response = reader.get(ITEMS)
    assert link_of(response.json(), QUERYABLES) == expected
    assert f'<{expected}>; rel="{QUERYABLES}"' in response["Link"]


# --- queryables as query parameters ---


def test_every_simple_queryable_is_a_parameter(reader: Reader, network: SampleNetwork) -> None:
    """/conf/queryables-query-parameters: each value seen finds exactly the features that have it."""
    for name in ("nodes", "pipes", "zones", "tanks", "valves"):
        features = reader.items(name, {"limit": 1000})
        for each in COLLECTIONS[name].properties:
            known = {json.dumps(f["properties"][each.name]) for f in features}
            for value in sorted(known - {"null"})[:3]:
                plain = json.loads(value)
                text = value if isinstance(plain, bool | float | int) else plain
                expected = {f["id"] for f in features if f["properties"][each.name] == plain}
                assert reader.ids(name, {each.name: text}) == expected, (name, each.name, text)


def test_parameters_of_every_type(reader: Reader, places: Places) -> None:
    rows = places["places"]
    cases: list[tuple[str, str, Any]] = [
        ("name", "København", "København"),
        ("name", "Côte d'Azur", "Côte d'Azur"),
        ("name", "", ""),
        ("name", "50 % sharp", "50 % sharp"),
        ("pop_other", "1038288", 1038288),
        ("pop_other", "-5", -5),
        ("pop_other", "3.7e1", 37),
        ("share", "3.14", 3.14),
        ("date", "2022-04-16", date(2022, 4, 16)),
        ("start", "2022-04-16T10:13:19Z", datetime.fromisoformat("2022-04-16T10:13:19+00:00")),
        ("boolean", "true", True),
        ("boolean", "false", False),
    ]
    for name, text, value in cases:
        expected = {row["uid"] for row in rows if row[name] == value and row[name] is not None}
        assert reader.ids("places", {name: text}) == expected, (name, text)
        assert expected


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("pop_other", "many"),
        ("pop_other", ""),
        ("pop_other", "NaN"),
        ("pop_other", "1_0"),
        ("pop_other", "1e999"),
        ("share", "1,5"),
        ("boolean", "yes"),
        ("boolean", "TRUE"),
        ("boolean", "1"),
        ("date", "yesterday"),
        ("date", "2022-04-16T10:13:19Z"),
        ("start", "2022-04-16"),
        ("name", "a\x00b"),
    ],
)
def test_a_parameter_of_the_wrong_type_is_400(reader: Reader, places: Places, name: str, text: str) -> None:
    assert name in reader.refusal("/collections/places/items", {name: text})


def test_parameters_are_joined_by_and(reader: Reader, network: SampleNetwork) -> None:
    """/conf/filter/mixing-expression."""
    box = "69.3395,41.3295,69.3465,41.3345"
    whole = reader.ids("nodes")
    parts = [
        {"kind": "junction"},
        {"bbox": box},
        {"filter": "elevation_m > 430"},
        {"datetime": "2000-01-01T00:00:00Z/.."},
    ]
    expected = set.intersection(*(reader.ids("nodes", part) for part in parts))
    assert expected
    assert expected < whole
    together: dict[str, Any] = {}
    for part in parts:
        together |= part
    assert reader.ids("nodes", together) == expected
    nothing = {"filter": f"S_INTERSECTS(geometry,BBOX({box}))", "bbox": "1,1,2,2"}
    assert reader.items("nodes", nothing) == []


# --- filter ---


def test_filter_in_both_encodings_and_by_default(reader: Reader, network: SampleNetwork) -> None:
    """/conf/filter/filter-param, filter-lang-default."""
    expected = {str(node.uid) for node in network.nodes if node.kind == "junction"}
    text = "kind = 'junction'"
    as_json = json.dumps({"op": "=", "args": [{"property": "kind"}, "junction"]})
    assert reader.ids("nodes", {"filter": text}) == expected
    assert reader.ids("nodes", {"filter": text, "filter-lang": "cql2-text"}) == expected
    assert reader.ids("nodes", {"filter": as_json, "filter-lang": "cql2-json"}) == expected
    assert reader.ids("nodes", {"filter": text, "filter-lang": "cql-text"}) == expected
    for name in COLLECTIONS:
        queryable = COLLECTIONS[name].properties[0].name
        assert reader.items(name, {"filter": f"{queryable} IS NULL"}) == []


@pytest.mark.parametrize(
    "query",
    [
        {"filter": "THIS IS NOT A FILTER"},
        {"filter": "this_is_not_a_queryable IS NULL"},
        {"filter": "kind = 'junction'", "filter-lang": "cql2-json"},
        {"filter": '{"op":"=","args":[{"property":"kind"},"junction"]}'},
        {"filter": '{"op":"=","args":[{"property":"roof"},"x"]}', "filter-lang": "cql2-json"},
        {"filter": "kind = 'junction'", "filter-lang": "sql"},
        {"filter-lang": "sql"},
        {"filter": ""},
    ],
)
def test_a_filter_that_is_none_is_400(reader: Reader, query: dict[str, str]) -> None:
    """/conf/filter/filter-param, expression-construction."""
    assert "filter" in reader.refusal(ITEMS, query)


def test_errors_say_what_and_where(reader: Reader) -> None:
    cases = {
        "kind = 'a' AND AND x": "line 1, column 16",
        "kind =": "ends too early",
        "kind = 'a' AND roof = 1": "args[1].args[0]: 'roof' is not a queryable",
        "elevation_m = 'x'": "a number and a string cannot be compared",
        "kind LIKE 5": "like compares a text",
        "unknown_function(kind) = 1": "no operator or function 'unknown_function'",
        "S_INTERSECTS(kind, POINT(1 1))": "args[0]: a geometry must stand here",
        "kind": "a condition must stand here, not a string",
    }
    for text, part in cases.items():
        assert part in reader.refusal(ITEMS, {"filter": text}), text


def test_geometries_of_filters_are_crs84_unless_filter_crs_says(
    reader: Reader, network: SampleNetwork
) -> None:
    """/conf/filter/filter-crs-wgs84, filter-crs-param."""
    everything = reader.ids("nodes")
    west, south, east, north = reader.json("/collections/nodes")["extent"]["spatial"]["bbox"][0]
    spatial = "S_INTERSECTS(geometry,BBOX({},{},{},{}))"
    assert reader.ids("nodes", {"filter": spatial.format(west, south, east, north)}) == everything
    far = spatial.format(1000000, 1000000, 2000000, 2000000)
    assert reader.refusal(ITEMS, {"filter": far})
    from tests.assets.ogc.test_crs import listed, transformer

    for uri in listed(reader):
        # The box that holds the whole outline: meridians lean in systems of another zone.
        bounds = transformer(uri).transform_bounds(west, south, east, north)
        # PROJ looks at 21 places of each edge only.
        hair = 1e-6 if max(map(abs, bounds)) <= 180 else 0.1
        low, high = [edge - hair for edge in bounds[:2]], [edge + hair for edge in bounds[2:]]
        found = reader.ids("nodes", {"filter": spatial.format(*low, *high), "filter-crs": uri})
        assert found == everything, uri
    unknown = {"filter": spatial.format(west, south, east, north), "filter-crs": f"{CRS84}/does_not_exist"}
    assert "filter-crs" in reader.refusal(ITEMS, unknown)


def test_polygons_of_filters_follow_the_axis_order(reader: Reader, network: SampleNetwork) -> None:
    epsg_4326 = "http://www.opengis.net/def/crs/EPSG/0/4326"
    plain = "S_WITHIN(geometry,POLYGON((69.3395 41.3295,69.3465 41.3295,69.3465 41.3345,69.3395 41.3295)))"
    flipped = "S_WITHIN(geometry,POLYGON((41.3295 69.3395,41.3295 69.3465,41.3345 69.3465,41.3295 69.3395)))"
    expected = reader.ids("nodes", {"filter": plain})
    assert expected
    assert reader.ids("nodes", {"filter": flipped, "filter-crs": epsg_4326}) == expected
    assert reader.ids("nodes", {"filter": flipped}) == set()


def test_coordinates_that_were_given_find_their_feature(reader: Reader, network: SampleNetwork) -> None:
    for feature in reader.items("nodes", {"limit": 5}):
        x, y = feature["geometry"]["coordinates"]
        found = reader.ids("nodes", {"filter": f"S_EQUALS(geometry, POINT({x} {y}))"})
        assert feature["id"] in found
