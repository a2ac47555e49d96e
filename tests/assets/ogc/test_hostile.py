"""Requests that mean harm or come out of broken clients: always 4xx, never 500, never another's rows."""

import json
import os
import random
import string
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assets.ogc.selectors.collections import COLLECTIONS
from assets.ogc.selectors.cql2_reading import read_filter
from assets.ogc.selectors.cql2_sql import condition_of
from assets.ogc.selectors.reference_systems import CRS84, reference_systems
from gis_core.errors import ReportedError
from tests.assets.ogc.conftest import Reader, uids
from tests.frontend_map.sample import SampleNetwork

ITEMS = "/collections/nodes/items"
TRIED = 400 if os.environ.get("TARMOQ_PROVE") else 120
NASTY = [
    "\x00",
    "a\x00b",
    "'",
    "''",
    "'; DROP TABLE assets_node; --",
    "' OR 1=1 --",
    '" OR ""="',
    "%s",
    "%(x)s",
    "%%",
    "{}",
    "{0}",
    "${jndi:ldap://x}",
    "NaN",
    "Infinity",
    "1e999999",
    "9" * 5000,
    "-" * 3000,
    "(" * 3000,
    "\ud7ff\U0010ffff\ufffe",
    "\u202e",
    "a" * 60_001,
    "\\",
    "/*",
    "0x41",
    "٣",
]


@pytest.mark.parametrize(
    "path", ["/collections", "/collections/nodes", "/collections/nodes/queryables", ITEMS]
)
def test_nasty_values_of_every_parameter(reader: Reader, network: SampleNetwork, path: str) -> None:
    names = [
        "f",
        "limit",
        "bbox",
        "bbox-crs",
        "crs",
        "datetime",
        "filter",
        "filter-lang",
        "filter-crs",
        "cursor",
    ]
    names += ["kind", "code", "elevation_m", "installed_on", "valid_from", "version", "geometry", "unknown"]
    # What the other documents make of a parameter is decided in one place, for all names alike.
    values = NASTY if path == ITEMS else NASTY[::5]
    for name in names:
        for value in values:
            response = reader.get(path, {name: value})
            assert response.status_code in (200, 400), (path, name, value[:40], response.status_code)
            if response.status_code == 200:
                # A text property may be asked for anything, and a limit may be as large as one likes.
                assert name in ("kind", "code") or (name, value[0]) == ("limit", "9"), (name, value[:40])
                assert response.json()["features"] == [] or name == "limit"


@pytest.mark.parametrize("value", [each for each in NASTY if "\x00" not in each])
def test_nasty_texts_in_filters_are_values(reader: Reader, network: SampleNetwork, value: str) -> None:
    as_json = json.dumps({"op": "=", "args": [{"property": "code"}, value]})
    response = reader.get(ITEMS, {"filter": as_json, "filter-lang": "cql2-json"})
    assert response.status_code in (200, 400)
    if response.status_code == 200:
        assert response.json()["features"] == []
    for text in (f'"{value}" = 1', f"elevation_m > {value}", value):
        assert reader.get(ITEMS, {"filter": text}).status_code == 400, text


def test_injection_shows_nobody_elses_rows(
    reader: Reader, network: SampleNetwork, alien_network: SampleNetwork
) -> None:
    attempts = [
        "code = 'x') OR (1=1",
        "code = 'x' OR TRUE",
        "NOT (code = 'x')",
        "division = 'ZANGIOTA'",
        "code IN ('x') OR division IS NOT NULL",
        "TRUE) OR TRUE --",
        "1 = 1",
    ]
    aliens = uids(alien_network.nodes)
    for attempt in attempts:
        response = reader.get(ITEMS, {"filter": attempt, "limit": 10_000})
        assert response.status_code in (200, 400)
        if response.status_code == 200:
            document = response.json()
            assert not {feature["id"] for feature in document["features"]} & aliens
            assert document["numberMatched"] <= len(network.nodes)


@pytest.mark.parametrize(
    "text",
    [
        "(" * 1000 + "1=1" + ")" * 1000,
        "NOT " * 1000 + "1=1",
        "-" * 3000 + "1 = 1",
        "1" + "+1" * 3000 + " = 1",
        "CASEI(" * 1000 + "code" + ")" * 1000 + " = 'x'",
        "GEOMETRYCOLLECTION(" * 1000,
        "code = '" + "'" * 3000,
        "((((((((((" * 100,
        " AND ".join(["code = 'x'"] * 3000),
        "code IN (" + ",".join(["'x'"] * 2000) + ")",
        "S_INTERSECTS(geometry,LINESTRING(" + ",".join(f"{n / 1000} 1" for n in range(10_500)) + "))",
    ],
)
def test_deep_and_long_filters(reader: Reader, network: SampleNetwork, text: str) -> None:
    response = reader.get(ITEMS, {"filter": text, "limit": 1})
    assert response.status_code in (200, 400)
    assert response.status_code == 400 or ("AND" in text or text.startswith(("(", "-")))


def test_values_that_no_computation_holds(reader: Reader, network: SampleNetwork) -> None:
    for text in (
        "elevation_m ^ 1000 > 1",
        "(0-8) ^ 0.5 = elevation_m",
        "elevation_m * 1e308 * 10 > 1",
        "code LIKE '\\'",
    ):
        refused = reader.get(ITEMS, {"filter": text})
        assert refused.status_code == 400, text
        assert "cannot be computed" in refused.json()["description"]


_ALPHABET = string.ascii_letters + string.digits + "'\"()=<>+-*/%^,.:_ \\\t" + "ʻўш"
_WORDS = (
    "code kind elevation_m geometry valid_from AND OR NOT LIKE IN BETWEEN IS NULL DIV TRUE 'J1' 1 2.5 ( ) , = <> < > + "
    "- * / % ^ DATE('2020-01-01') TIMESTAMP('2020-01-01T00:00:00Z') INTERVAL('..','2020-01-01') POINT(69 41) "
    "BBOX(69,41,70,42) S_INTERSECTS( T_AFTER( CASEI( ACCENTI( POLYGON((0 0,1 0,1 1,0 0))"
).split()


def _understood(text: str, language: str) -> str | None:
    """The condition's SQL; None when the filter is refused. Anything else is a failure of ours."""
    try:
        expression = read_filter(text, language)
        return condition_of(expression, COLLECTIONS["nodes"], reference_systems()[CRS84]).text
    except ReportedError:
        return None


@settings(max_examples=600, deadline=None)
@given(
    st.one_of(
        st.text(alphabet=_ALPHABET, max_size=80), st.lists(st.sampled_from(_WORDS), max_size=14).map(" ".join)
    )
)
def test_any_text_is_read_or_refused(text: str) -> None:
    _understood(text, "cql2-text")


_json_values = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.integers() | st.text(max_size=12),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                [
                    "op",
                    "args",
                    "property",
                    "date",
                    "timestamp",
                    "interval",
                    "bbox",
                    "type",
                    "coordinates",
                    "geometries",
                ]
            ),
            inner
            | st.sampled_from(
                [
                    "=",
                    "and",
                    "like",
                    "s_intersects",
                    "t_after",
                    "in",
                    "code",
                    "geometry",
                    "Point",
                    "Polygon",
                    "casei",
                    "+",
                ]
            ),
            max_size=4,
        )
    ),
    max_leaves=25,
)


@settings(max_examples=600, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(_json_values)
def test_any_json_is_read_or_refused(value: Any) -> None:
    _understood(json.dumps(value), "cql2-json")


def test_what_is_understood_is_computed(reader: Reader, network: SampleNetwork) -> None:
    """Random well-formed filters: the database takes every condition that the translation lets through."""
    chance = random.Random(11)
    accepted = 0
    for _ in range(TRIED):
        text = _random_predicate(chance, 3)
        response = reader.get(ITEMS, {"filter": text, "limit": 1})
        assert response.status_code in (200, 400), (text, response.content[:300])
        accepted += response.status_code == 200
    assert accepted > TRIED / 2


def _random_predicate(chance: random.Random, depth: int) -> str:
    if depth and chance.random() < 0.5:
        left, right = (_random_predicate(chance, depth - 1) for _ in range(2))
        return chance.choice([f"({left} AND {right})", f"({left}) OR {right}", f"NOT ({left})"])
    number = chance.choice(
        ["elevation_m", "version", "3", "-2.5", "(elevation_m + 1)", "version % 2", "7 div version", "2 ^ 3"]
    )
    text = chance.choice(["code", "kind", "CASEI(code)", "ACCENTI(network)", "'J1'", "zone"])
    moment = chance.choice(
        ["valid_from", "installed_on", "DATE('2026-01-01')", "TIMESTAMP('2026-01-01T00:00:00Z')"]
    )
    shape = chance.choice(["geometry", "POINT(69.34 41.33)", "BBOX(69,41,70,42)", "LINESTRING(69 41,70 42)"])
    spatial = chance.choice(
        [
            "S_INTERSECTS",
            "S_DISJOINT",
            "S_WITHIN",
            "S_TOUCHES",
            "S_EQUALS",
            "S_CONTAINS",
            "S_OVERLAPS",
            "S_CROSSES",
        ]
    )
    temporal = chance.choice(["T_AFTER", "T_BEFORE", "T_EQUALS", "T_DISJOINT", "T_INTERSECTS"])
    sign = chance.choice(["=", "<>", "<", ">", "<=", ">="])
    return chance.choice(
        [
            f"{number} {sign} elevation_m",
            f"{text} {sign} 'J2'",
            f"{text} LIKE 'J%'",
            f"{number} BETWEEN 1 AND version",
            f"{text} IN ('a', code)",
            f"{moment} {sign} valid_from",
            f"{spatial}({shape}, geometry)",
            f"{temporal}({moment}, INTERVAL('2020-01-01', '..'))",
            f"{text} IS NULL",
            f"{shape} IS NOT NULL",
            f"{moment} {sign} installed_on",
        ]
    )
