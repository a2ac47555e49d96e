"""CQL2 (OGC 21-065r2), Annex A, class by class, in both encodings.

The standard's predicates run on rows like those of its test data (`places.py`); what each must find is worked out here
by Python and Shapely from the same rows.
"""

import itertools
import json
import operator
import random
import unicodedata
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import numpy as np
import pytest
import shapely
from shapely.geometry import mapping

from assets.ogc.selectors.cql2_reading import read_filter
from tests.assets.ogc.conftest import Reader

Row = dict[str, Any]
Places = dict[str, list[Row]]
Truth = bool | None
Oracle = Callable[[Row], Truth]
CQL2 = "http://www.opengis.net/spec/cql2/1.0/conf"


def check(reader: Reader, rows: list[Row], text: str, oracle: Oracle, collection: str = "places") -> set[str]:
    """`text` finds the rows for which `oracle` is true, as text and as the JSON of what it says."""
    expected = {row["uid"] for row in rows if oracle(row) is True}
    assert reader.ids(collection, {"filter": text}) == expected, text
    as_json = json.dumps(read_filter(text, "cql2-text"))
    assert reader.ids(collection, {"filter": as_json, "filter-lang": "cql2-json"}) == expected, as_json
    return expected


def compared(name: str, sign: Callable[[Any, Any], bool], value: Any) -> Oracle:
    return lambda row: None if row[name] is None else sign(row[name], value)


SIGNS = {
    "=": operator.eq,
    "<>": operator.ne,
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
}
LITERALS: list[tuple[str, str, Any]] = [
    ("name", "'København'", "København"),
    ("name", "'Côte d''Azur'", "Côte d'Azur"),
    ("name", r"'Côte d\'Azur'", "Côte d'Azur"),
    ("name", "'foo'", "foo"),
    ("name", "''", ""),
    ("name", "'tab\there'", "tab\there"),
    ("pop_other", "1038288", 1038288),
    ("pop_other", "-5", -5),
    ("share", "3.14", 3.14),
    ("share", ".5", 0.5),
    ("share", "1E9", 1e9),
    ("share", "-2.25e+0", -2.25),
    ("date", "DATE('2022-04-16')", date(2022, 4, 16)),
    ("start", "TIMESTAMP('2022-04-16T10:13:19Z')", datetime(2022, 4, 16, 10, 13, 19, tzinfo=UTC)),
    ("boolean", "true", True),
    ("boolean", "FALSE", False),
]


def test_the_classes_are_declared(reader: Reader) -> None:
    declared = {each for each in reader.json("/conformance")["conformsTo"] if each.startswith(CQL2)}
    assert declared == {
        f"{CQL2}/{name}"
        for name in (
            "basic-cql2",
            "advanced-comparison-operators",
            "case-insensitive-comparison",
            "accent-insensitive-comparison",
            "basic-spatial-functions",
            "basic-spatial-functions-plus",
            "spatial-functions",
            "temporal-functions",
            "property-property",
            "arithmetic",
            "cql2-text",
            "cql2-json",
        )
    }


# --- basic-cql2: comparison, is-null, boolean, test-data, logical ---


@pytest.mark.parametrize(("name", "literal", "value"), LITERALS)
def test_comparisons_of_every_type(
    reader: Reader, places: Places, name: str, literal: str, value: Any
) -> None:
    found = {}
    for sign, compare in SIGNS.items():
        oracle = compared(name, compare, value)
        found[sign] = check(reader, places["places"], f'"{name}" {sign} {literal}', oracle)
    for one, other in (("=", "<>"), (">", "<="), ("<", ">=")):
        assert not found[one] & found[other]
        known = {row["uid"] for row in places["places"] if row[name] is not None}
        assert found[one] | found[other] == known


@pytest.mark.parametrize(
    "name", ["name", "pop_other", "share", "date", "start", "end", "boolean", "geometry", "division"]
)
def test_is_null(reader: Reader, places: Places, name: str) -> None:
    key = {"geometry": "geom"}.get(name, name)
    rows = [{**row, "division": "QIBRAY"} for row in places["places"]]
    check(reader, rows, f'"{name}" IS NULL', lambda row: row[key] is None)
    check(reader, rows, f'"{name}" is not null', lambda row: row[key] is not None)


def test_booleans_are_filters(reader: Reader, places: Places) -> None:
    rows = places["places"]
    check(reader, rows, "true", lambda row: True)
    check(reader, rows, "FALSE", lambda row: False)
    check(reader, rows, "boolean", lambda row: row["boolean"])
    check(reader, rows, "NOT boolean", lambda row: None if row["boolean"] is None else not row["boolean"])
    check(reader, rows, "(pop_other = 37) = TRUE", compared("pop_other", operator.eq, 37))


def test_names_that_are_words_and_names_in_quotes(reader: Reader, places: Places) -> None:
    rows = places["places"]
    day = date(2022, 4, 16)
    for text in ("date = DATE('2022-04-16')", "\"date\" = date ( '2022-04-16' )", "date=DATE('2022-04-16')"):
        check(reader, rows, text, compared("date", operator.eq, day))
    check(reader, rows, "end IS NULL", lambda row: row["end"] is None)


def test_logic_of_three_values(reader: Reader, places: Places) -> None:
    """/conf/basic-cql2/logical: random combinations, with the truth table of null."""
    rows = places["places"]
    predicates: list[tuple[str, Oracle]] = [
        ("pop_other<>1038288", compared("pop_other", operator.ne, 1038288)),
        ("name > 'København'", compared("name", operator.gt, "København")),
        ("boolean=true", compared("boolean", operator.eq, True)),
        ("pop_other IS NULL", lambda row: row["pop_other"] is None),
        (
            "start<TIMESTAMP('2022-04-16T10:13:19Z')",
            compared("start", operator.lt, datetime(2022, 4, 16, 10, 13, 19, tzinfo=UTC)),
        ),
        ("\"date\"<>DATE('2022-04-16')", compared("date", operator.ne, date(2022, 4, 16))),
    ]
    chance = random.Random(5)
    for _ in range(25):
        (a, p1), (b, p2), (c, p3), (d, p4) = (chance.choice(predicates) for _ in range(4))
        text = f"(NOT ({b}) AND {a}) OR ({c} and {d}) or not ({a} OR {d})"

        def oracle(row: Row, p1: Oracle = p1, p2: Oracle = p2, p3: Oracle = p3, p4: Oracle = p4) -> Truth:
            return _or(_and(_not(p2(row)), p1(row)), _and(p3(row), p4(row)), _not(_or(p1(row), p4(row))))

        check(reader, rows, text, oracle)


def _not(value: Truth) -> Truth:
    return None if value is None else not value


def _and(*values: Truth) -> Truth:
    return False if False in values else None if None in values else True


def _or(*values: Truth) -> Truth:
    return True if True in values else None if None in values else False


def test_precedence(reader: Reader, places: Places) -> None:
    rows = places["places"]
    a, b, c = (compared("pop_other", operator.eq, value) for value in (37, 0, -5))
    flag = compared("boolean", operator.eq, True)
    check(
        reader, rows, "pop_other=37 OR pop_other=0 AND boolean=true", lambda r: _or(a(r), _and(b(r), flag(r)))
    )
    check(reader, rows, "(pop_other=37 OR pop_other=0) AND boolean", lambda r: _and(_or(a(r), b(r)), flag(r)))
    check(reader, rows, "NOT pop_other=37 AND boolean=true", lambda r: _and(_not(a(r)), flag(r)))
    check(reader, rows, "NOT NOT (pop_other=-5)", c)


# --- advanced-comparison-operators: like, between, in ---


LIKES = {
    "%": lambda name: True,
    "%%": lambda name: True,
    "_%": lambda name: len(name) > 0,
    "": lambda name: name == "",
    "B_r%": lambda name: len(name) >= 3 and name[0] == "B" and name[2] == "r",
    "%o%": lambda name: "o" in name,
    r"a\_b": lambda name: name == "a_b",
    r"50 \%%": lambda name: name.startswith("50 %"),
    r"%\\%": lambda name: "\\" in name,
    r"\%\_": lambda name: name == "%_",
    "k_ev": lambda name: name == "kiev",
    "%d''A%": lambda name: "d'A" in name,
}


@pytest.mark.parametrize("pattern", list(LIKES))
def test_like(reader: Reader, places: Places, pattern: str) -> None:
    def oracle(row: Row) -> Truth:
        return None if row["name"] is None else LIKES[pattern](row["name"])

    rows = places["places"]
    check(reader, rows, f"name LIKE '{pattern}'", oracle)
    check(reader, rows, f"name not like '{pattern}'", lambda row: _not(oracle(row)))


def test_between(reader: Reader, places: Places) -> None:
    rows = places["places"]
    for low, high in ((0, 100), (100.0, 1.0), (-5, 37), (1000000, 3000000)):

        def oracle(row: Row, low: float = low, high: float = high) -> Truth:
            return None if row["pop_other"] is None else low <= row["pop_other"] <= high

        check(reader, rows, f"pop_other BETWEEN {low} AND {high}", oracle)
        check(reader, rows, f"pop_other not between {low} and {high} and true", lambda row: _not(oracle(row)))


def test_in(reader: Reader, places: Places) -> None:
    rows = places["places"]
    moment = datetime(2022, 4, 16, 10, 13, 19, tzinfo=UTC)
    cases: list[tuple[str, str, set[Any]]] = [
        ("pop_other", "(1038288,1611692,3013258,3013257)", {1038288, 1611692, 3013258}),
        ("pop_other", "(-5)", {-5}),
        ("name", "('Kiev','kobenhavn','Berlin','athens','foo')", {"Kiev", "Berlin"}),
        ("boolean", "(true)", {True}),
        ("date", "(DATE('2021-04-16'),DATE('2022-04-18'))", {date(2021, 4, 16), date(2022, 4, 18)}),
        ("date", "('2022-04-16', '2022-04-15')", {date(2022, 4, 16)}),
        ("start", "(TIMESTAMP('2022-04-16T10:13:19Z'))", {moment}),
        ("start", "('2022-04-16T10:13:19Z', '2022-04-14T15:52:56Z')", {moment}),
    ]
    for name, listed, values in cases:

        def oracle(row: Row, name: str = name, values: set[Any] = values) -> Truth:
            return None if row[name] is None else row[name] in values

        assert check(reader, rows, f'"{name}" in {listed}', oracle)
        check(reader, rows, f'"{name}" NOT IN {listed}', lambda row: _not(oracle(row)))


# --- case-insensitive and accent-insensitive comparison ---


def _folded(text: str) -> str:
    return text.casefold()


def _bare(text: str) -> str:
    plain = "".join(c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c))
    return plain.translate(str.maketrans("øØłŁđĐ", "oOlLdD"))


@pytest.mark.parametrize(
    ("function", "normal", "values"),
    [
        (
            "CASEI({})",
            _folded,
            ["KIEV", "kiev", "København", "KØBENHAVN", "straße", "STRASSE", "ТАШКЕНТ", "foo"],
        ),
        ("accenti({})", _bare, ["København", "Kobenhavn", "Cote d''Azur", "AE", "Kiev", "äöüéáí"]),
        (
            "ACCENTI(casei({}))",
            lambda text: _bare(_folded(text)),
            ["KØBENHAVN", "kobenhavn", "ae", "ÄÉ", "CÔTE D''AZUR"],
        ),
    ],
)
def test_case_and_accents(
    reader: Reader, places: Places, function: str, normal: Callable[[str], str], values: list[str]
) -> None:
    rows = places["places"]
    name = function.format("name")
    for value in values:
        wanted = normal(value.replace("''", "'"))

        def oracle(row: Row, wanted: str = wanted) -> Truth:
            return None if row["name"] is None else normal(row["name"]) == wanted

        literal = function.format(f"'{value}'")
        check(reader, rows, f"{name} = {literal}", oracle)
        check(reader, rows, f"{name} <> {literal}", lambda row: _not(oracle(row)))
        check(reader, rows, f"{name} IN ({literal}, {function.format(chr(39) + 'x' + chr(39))})", oracle)
    for pattern in ("Ä%", "K_B%", "b_R%", "%E"):
        start = normal(pattern)

        def like(row: Row, start: str = start) -> Truth:
            if row["name"] is None:
                return None
            import re

            return (
                re.fullmatch(start.replace("%", ".*").replace("_", "."), normal(row["name"]), re.DOTALL)
                is not None
            )

        check(reader, rows, f"{name} LIKE {function.format(chr(39) + pattern + chr(39))}", like)


# --- spatial functions ---


SHAPES: dict[str, Any] = {
    "BBOX(0,40,10,50)": shapely.box(0, 40, 10, 50),
    "BBOX(0,40,-5,10,50,5)": shapely.box(0, 40, 10, 50),
    "BBOX(-180,-90,180,90)": shapely.box(-180, -90, 180, 90),
    "BBOX(150,-90,-150,90)": shapely.MultiPolygon(
        [shapely.box(150, -90, 180, 90), shapely.box(-180, -90, -150, 90)]
    ),
    "POINT(5 45)": shapely.Point(5, 45),
    "POINT Z(5 45 100)": shapely.Point(5, 45),
    "MULTIPOINT(5 45, 6 46)": shapely.MultiPoint([(5, 45), (6, 46)]),
    "MULTIPOINT((5 45),(6 46))": shapely.MultiPoint([(5, 45), (6, 46)]),
    "LINESTRING(0 40,10 50)": shapely.LineString([(0, 40), (10, 50)]),
    "MULTILINESTRING((0 40,10 50),(0 50,10 40))": shapely.MultiLineString(
        [[(0, 40), (10, 50)], [(0, 50), (10, 40)]]
    ),
    "POLYGON((0 40,10 40,10 50,0 50,0 40))": shapely.box(0, 40, 10, 50),
    "POLYGON((0 40,10 40,10 50,0 50,0 40),(2 42,4 42,4 44,2 44,2 42))": shapely.Polygon(
        shapely.box(0, 40, 10, 50).exterior, [shapely.box(2, 42, 4, 44).exterior]
    ),
    "MULTIPOLYGON(((0 40,5 40,5 50,0 50,0 40)),((6 40,9 40,9 45,6 45,6 40)))": shapely.MultiPolygon(
        [shapely.box(0, 40, 5, 50), shapely.box(6, 40, 9, 45)]
    ),
    "GEOMETRYCOLLECTION(POLYGON((0 40,5 40,5 50,0 50,0 40)),POLYGON((6 40,9 40,9 45,6 45,6 40)))": (
        shapely.MultiPolygon([shapely.box(0, 40, 5, 50), shapely.box(6, 40, 9, 45)])
    ),
}
RELATIONS: dict[str, Callable[[shapely.Geometry, shapely.Geometry], np.bool_]] = {
    "S_INTERSECTS": shapely.intersects,
    "S_DISJOINT": shapely.disjoint,
    "S_EQUALS": shapely.equals,
    "S_TOUCHES": shapely.touches,
    "S_CROSSES": shapely.crosses,
    "S_WITHIN": shapely.within,
    "S_CONTAINS": shapely.contains,
    "S_OVERLAPS": shapely.overlaps,
}


@pytest.mark.parametrize("relation", list(RELATIONS))
@pytest.mark.parametrize("collection", ["places", "countries", "rivers"])
def test_spatial_relations(reader: Reader, places: Places, relation: str, collection: str) -> None:
    relate = RELATIONS[relation]
    for text, shape in SHAPES.items():

        def oracle(row: Row, shape: Any = shape) -> Truth:
            return None if row["geom"] is None else bool(relate(row["geom"], shape))

        check(reader, places[collection], f"{relation}(geometry,{text})", oracle, collection)
    # Shapes that are themselves among the rows, so that equality, touching and overlapping occur.
    for row in [r for r in places[collection] if r["geom"] is not None][:12]:

        def same(other: Row, shape: Any = row["geom"]) -> Truth:
            return None if other["geom"] is None else bool(relate(other["geom"], shape))

        as_json = json.dumps(
            {"op": relation.lower(), "args": [{"property": "geometry"}, mapping(row["geom"])]}
        )
        expected = {each["uid"] for each in places[collection] if same(each)}
        assert reader.ids(collection, {"filter": as_json, "filter-lang": "cql2-json"}) == expected


def test_a_collection_of_points_lines_and_areas(reader: Reader, places: Places) -> None:
    text = "GEOMETRYCOLLECTION(POINT(5 45),LINESTRING(0 40,3 43),POLYGON((6 46,9 46,9 49,6 49,6 46)))"
    parts = [shapely.Point(5, 45), shapely.LineString([(0, 40), (3, 43)]), shapely.box(6, 46, 9, 49)]
    for collection in ("places", "countries", "rivers"):

        def meets(row: Row) -> Truth:
            return None if row["geom"] is None else any(row["geom"].intersects(part) for part in parts)

        check(reader, places[collection], f"S_INTERSECTS(geometry,{text})", meets, collection)
        check(
            reader,
            places[collection],
            f"S_DISJOINT(geometry,{text})",
            lambda row: _not(meets(row)),
            collection,
        )
    assert "not defined" in reader.refusal(
        "/collections/places/items", {"filter": f"S_WITHIN(geometry,{text})"}
    )


def test_combinations_of_spatial_predicates(reader: Reader, places: Places) -> None:
    one, other = shapely.box(0, 40, 10, 50), shapely.box(5, 45, 12, 60)

    def meets(row: Row, shape: Any) -> Truth:
        return None if row["geom"] is None else bool(shapely.intersects(row["geom"], shape))

    a, b = "S_INTERSECTS(geometry,BBOX(0,40,10,50))", "S_INTERSECTS(geometry,BBOX(5,45,12,60))"
    rows = places["countries"]
    check(reader, rows, f"{a} and {b}", lambda r: _and(meets(r, one), meets(r, other)), "countries")
    check(reader, rows, f"{a} and not {b}", lambda r: _and(meets(r, one), _not(meets(r, other))), "countries")
    check(reader, rows, f"{a} or {b}", lambda r: _or(meets(r, one), meets(r, other)), "countries")


@pytest.mark.parametrize(
    "shape",
    [
        "POINT(90 180)",
        "POINT(181 0)",
        "BBOX(0,0,1)",
        "BBOX(0,5,1,4)",
        "BBOX(0,0,200,1)",
        "LINESTRING(1 1)",
        "LINESTRING(1 1,1 1)",
        "POLYGON((0 0,1 1,1 0,0 1,0 0))",
        "POLYGON((0 0,1 0,1 1))",
        "POLYGON((0 0,1 0,0 0))",
        "POLYGON((0 0,10 0,10 10,0 10,0 0),(20 20,21 20,21 21,20 20))",
        "MULTIPOLYGON(((0 0,5 0,5 5,0 5,0 0)),((1 1,6 1,6 6,1 6,1 1)))",
        "POINT(1e400 0)",
        "POINT(1)",
        "POINT(1 2 3 4)",
        "POINT EMPTY",
        "CIRCLE(1 1)",
        "GEOMETRYCOLLECTION()",
    ],
)
def test_shapes_that_are_none(reader: Reader, places: Places, shape: str) -> None:
    assert "filter" in reader.refusal(
        "/collections/places/items", {"filter": f"S_INTERSECTS(geometry,{shape})"}
    )


# --- temporal functions ---

ENDS = [
    datetime(2021, 4, 16, 10, 15, 59, tzinfo=UTC),
    datetime(2022, 4, 16, 10, 13, 19, tzinfo=UTC),
    datetime(2022, 4, 16, 10, 15, 10, tzinfo=UTC),
    datetime(2022, 4, 16, 10, 16, 6, tzinfo=UTC),
]
LOW, HIGH = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
OF_ANY: dict[str, Callable[[Any, Any, Any, Any], bool]] = {
    "T_AFTER": lambda a, b, c, d: a > d,
    "T_BEFORE": lambda a, b, c, d: b < c,
    "T_DISJOINT": lambda a, b, c, d: b < c or a > d,
    "T_EQUALS": lambda a, b, c, d: a == c and b == d,
    "T_INTERSECTS": lambda a, b, c, d: not (b < c or a > d),
}
OF_INTERVALS: dict[str, Callable[[Any, Any, Any, Any], bool]] = {
    "T_CONTAINS": lambda a, b, c, d: a < c and d < b,
    "T_DURING": lambda a, b, c, d: c < a and b < d,
    "T_FINISHEDBY": lambda a, b, c, d: a < c and b == d,
    "T_FINISHES": lambda a, b, c, d: c < a and b == d,
    "T_MEETS": lambda a, b, c, d: b == c,
    "T_METBY": lambda a, b, c, d: a == d,
    "T_OVERLAPPEDBY": lambda a, b, c, d: c < a < d < b,
    "T_OVERLAPS": lambda a, b, c, d: a < c < b < d,
    "T_STARTEDBY": lambda a, b, c, d: a == c and d < b,
    "T_STARTS": lambda a, b, c, d: a == c and b < d,
}


def _z(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _relation(relate: Callable[[Any, Any, Any, Any], bool], *ends: Any) -> Truth:
    return None if None in ends else relate(*ends)


@pytest.mark.parametrize("name", list(OF_ANY))
def test_temporal_relations_of_instants(reader: Reader, places: Places, name: str) -> None:
    rows, relate = places["places"], OF_ANY[name]
    for moment in ENDS:

        def instant(row: Row, m: datetime = moment) -> Truth:
            return _relation(relate, row["start"], row["start"], m, m)

        check(reader, rows, f"{name}(start,TIMESTAMP('{_z(moment)}'))", instant)
    day = date(2022, 4, 16)
    check(
        reader,
        rows,
        f"{name.lower()}(\"date\",date('2022-04-16'))",
        lambda r: _relation(relate, r["date"], r["date"], day, day),
    )
    for low, high in ((date(2022, 1, 1), date(2022, 12, 31)), (day, day)):

        def within(row: Row, low: date = low, high: date = high) -> Truth:
            return _relation(relate, row["date"], row["date"], low, high)

        check(reader, rows, f"{name}(\"date\",interval('{low}','{high}'))", within)
    for low, high in itertools.combinations(ENDS, 2):

        def between(row: Row, low: datetime = low, high: datetime = high) -> Truth:
            return _relation(relate, row["start"], row["start"], low, high)

        check(reader, rows, f"{name}(start,INTERVAL('{_z(low)}','{_z(high)}'))", between)


@pytest.mark.parametrize("name", [*OF_ANY, *OF_INTERVALS])
def test_temporal_relations_of_intervals(reader: Reader, places: Places, name: str) -> None:
    rows, relate = places["places"], {**OF_ANY, **OF_INTERVALS}[name]
    found = 0
    for low, high in itertools.combinations(ENDS, 2):

        def oracle(row: Row, low: datetime = low, high: datetime = high) -> Truth:
            return _relation(relate, row["start"], row["end"], low, high)

        found += len(
            check(reader, rows, f"{name}(INTERVAL(start,end),INTERVAL('{_z(low)}','{_z(high)}'))", oracle)
        )

        def mirrored(row: Row, low: datetime = low, high: datetime = high) -> Truth:
            return _relation(relate, low, high, row["start"], row["end"])

        swapped = f"{name}(INTERVAL('{_z(low)}','{_z(high)}'),INTERVAL(start,end))"
        check(reader, rows, swapped, mirrored)
    assert found, "no row is in this relation, so this shows nothing"
    middle = _z(ENDS[2])
    check(
        reader,
        rows,
        f"{name}(INTERVAL(start,end),INTERVAL('..','{middle}'))",
        lambda r: _relation(relate, r["start"], r["end"], LOW, ENDS[2]),
    )
    check(
        reader,
        rows,
        f"{name}(INTERVAL(start,end),INTERVAL('{middle}','..'))",
        lambda r: _relation(relate, r["start"], r["end"], ENDS[2], HIGH),
    )


def test_days_and_moments_together_are_days_of_utc(reader: Reader, places: Places) -> None:
    rows = places["places"]
    moment = datetime(2022, 4, 16, 10, 13, 19, tzinfo=UTC)

    def first(day: date) -> datetime:
        return datetime.combine(day, time.min, UTC)

    check(
        reader,
        rows,
        "T_INTERSECTS(\"date\",TIMESTAMP('2022-04-16T10:13:19Z'))",
        lambda r: (
            None if r["date"] is None else first(r["date"]) <= moment < first(r["date"]) + timedelta(days=1)
        ),
    )
    check(
        reader,
        rows,
        "start > DATE('2022-04-16')",
        lambda r: None if r["start"] is None else r["start"] > first(date(2022, 4, 16)),
    )


@pytest.mark.parametrize("name", list(OF_INTERVALS))
def test_relations_of_intervals_refuse_instants(reader: Reader, places: Places, name: str) -> None:
    text = f"{name}(start,INTERVAL('2021-01-01T00:00:00Z','2021-12-31T23:59:59Z'))"
    assert "intervals" in reader.refusal("/collections/places/items", {"filter": text})


@pytest.mark.parametrize(
    "text",
    [
        "\"date\" = DATE('2022-02-30')",
        "\"date\" = DATE('2022-04-16T00:00:00Z')",
        "start = TIMESTAMP('2022-04-16')",
        "start = TIMESTAMP('2022-04-16T24:00:01Z')",
        "start = TIMESTAMP('0000-01-01T00:00:00Z')",
        "start = 'soon'",
        "start = 5",
        "T_AFTER(start, INTERVAL('2022-01-01T00:00:00Z','2021-01-01T00:00:00Z'))",
        "T_AFTER(start, INTERVAL('2022-01-01T00:00:00Z'))",
        "T_AFTER(start, INTERVAL('x','y'))",
        "T_AFTER(name, DATE('2022-04-16'))",
        "T_AFTER(geometry, DATE('2022-04-16'))",
        "start = INTERVAL('2021-01-01','2022-01-01')",
    ],
)
def test_times_that_are_none(reader: Reader, places: Places, text: str) -> None:
    assert "filter" in reader.refusal("/collections/places/items", {"filter": text})


# --- property-property, arithmetic ---


def test_properties_and_literals_on_either_side(reader: Reader, places: Places) -> None:
    rows = places["places"]
    check(
        reader,
        rows,
        "start < end",
        lambda r: None if None in (r["start"], r["end"]) else r["start"] < r["end"],
    )
    check(reader, rows, "end = end", lambda r: None if r["end"] is None else True)
    check(reader, rows, "'København' = name", compared("name", operator.eq, "København"))
    check(reader, rows, "37 > pop_other", compared("pop_other", operator.lt, 37))
    check(
        reader,
        rows,
        "share > pop_other",
        lambda r: None if r["pop_other"] is None else r["share"] > r["pop_other"],
    )
    check(reader, rows, "1 < 2", lambda r: True)
    check(reader, rows, "'a' = 'b'", lambda r: False)
    check(
        reader,
        rows,
        "5 BETWEEN pop_other AND 100",
        lambda r: None if r["pop_other"] is None else r["pop_other"] <= 5,
    )
    check(
        reader,
        rows,
        "S_WITHIN(POINT(5 45),geometry)",
        lambda r: None if r["geom"] is None else r["geom"].contains(shapely.Point(5, 45)),
    )
    check(reader, rows, "S_CROSSES(LINESTRING(0 0,9 9),POLYGON((2 2,4 2,4 4,2 4,2 2)))", lambda r: True)
    inner = "INTERVAL('1969-07-20T20:17:40Z','1969-07-21T17:54:00Z')"
    during = f"T_DURING({inner},INTERVAL('1969-07-16T13:32:00Z','1969-07-24T16:50:35Z'))"
    check(reader, rows, during, lambda r: True)


ARITHMETIC: list[tuple[str, Callable[[float], bool]]] = [
    ("pop_other=1038280+8", lambda p: p == 1038288),
    ("pop_other>=1038290-2*2^0", lambda p: p >= 1038288),
    ("pop_other>1038290-20/10", lambda p: p > 1038288),
    ("pop_other>1038290-21 div 10", lambda p: p > 1038288),
    ("pop_other>1038290-5%2", lambda p: p > 1038289),
    ("pop_other<=1038200+8*11", lambda p: p <= 1038288),
    ("pop_other<1038280+2^3", lambda p: p < 1038288),
    ("pop_other<>1038290-2^1", lambda p: p != 1038288),
    ("pop_other between 4000000/4 and (3*(900000+100000))", lambda p: 1e6 <= p <= 3e6),
    ("pop_other in (1000000+38288,1000000+600000+11692)", lambda p: p in (1038288, 1611692)),
    ("1038280+8=pop_other", lambda p: p == 1038288),
    ("pop_other / 2 = 18.5", lambda p: p == 37),
    ("pop_other div 2 = 18", lambda p: p == 37),
    ("-pop_other = 5", lambda p: p == -5),
    ("pop_other-37 = 0", lambda p: p == 37),
    ("pop_other -37=0", lambda p: p == 37),
    ("10-3-2 = 5", lambda p: True),
    ("16/4/2 = 2", lambda p: True),
    ("2+3*4 = 14", lambda p: True),
    ("(2+3)*4 = 20", lambda p: True),
    ("-(2+3) = -5", lambda p: True),
    ("pop_other / 0 = 1", lambda p: False),
    ("pop_other % 0 = 1", lambda p: False),
    ("pop_other div 0 = 1", lambda p: False),
]


@pytest.mark.parametrize(("text", "holds"), ARITHMETIC)
def test_arithmetic(reader: Reader, places: Places, text: str, holds: Callable[[float], bool]) -> None:
    def oracle(row: Row) -> Truth:
        if "pop_other" not in text:
            return True
        return None if row["pop_other"] is None else holds(row["pop_other"])

    check(reader, places["places"], text, oracle)


# --- cql2-text, cql2-json ---


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("a=1", {"op": "=", "args": [{"property": "a"}, 1]}),
        ("NOT a IS NULL", {"op": "not", "args": [{"op": "isNull", "args": [{"property": "a"}]}]}),
        ("a NOT IN (1,2)", {"op": "not", "args": [{"op": "in", "args": [{"property": "a"}, [1, 2]]}]}),
        (
            "casei(a) = casei('X')",
            {
                "op": "=",
                "args": [{"op": "casei", "args": [{"property": "a"}]}, {"op": "casei", "args": ["X"]}],
            },
        ),
        ("a AND b AND c", {"op": "and", "args": [{"property": name} for name in "abc"]}),
        (
            "t_after(a,INTERVAL('..',b))",
            {"op": "t_after", "args": [{"property": "a"}, {"interval": ["..", {"property": "b"}]}]},
        ),
        ("eo:cloud.cover > .5", {"op": ">", "args": [{"property": "eo:cloud.cover"}, 0.5]}),
        ("ustun_ў = 'ш'", {"op": "=", "args": [{"property": "ustun_ў"}, "ш"]}),
        ("\na\t=\u00a01\r\n", {"op": "=", "args": [{"property": "a"}, 1]}),
        (
            "avg(a,'x',TRUE) = f()",
            {
                "op": "=",
                "args": [{"op": "avg", "args": [{"property": "a"}, "x", True]}, {"op": "f", "args": []}],
            },
        ),
        (
            "order_date = 1 OR inside = 2",
            {
                "op": "or",
                "args": [
                    {"op": "=", "args": [{"property": "order_date"}, 1]},
                    {"op": "=", "args": [{"property": "inside"}, 2]},
                ],
            },
        ),
    ],
)
def test_text_is_read_as_its_json(text: str, written: Any) -> None:
    assert read_filter(text, "cql2-text") == written


@pytest.mark.parametrize(
    "document",
    [
        "",
        "null",
        "5",
        '"name"',
        "[]",
        "{}",
        '{"op":"="}',
        '{"op":"=","args":[]}',
        '{"op":"=","args":[1]}',
        '{"op":"=","args":[1,2,3]}',
        '{"op":5,"args":[1,2]}',
        '{"op":"=","args":{"a":1}}',
        '{"op":"=","args":[null,1]}',
        '{"op":"=","args":[[1],1]}',
        '{"op":"and","args":[true]}',
        '{"op":"not","args":[]}',
        '{"op":"not","args":[5]}',
        '{"op":"in","args":[{"property":"name"},[]]}',
        '{"op":"in","args":[{"property":"name"},"a"]}',
        '{"op":"=","args":[{"property":5},1]}',
        '{"op":"=","args":[{"property":"pop_other"},NaN]}',
        '{"op":"=","args":[{"property":"pop_other"},1e999]}',
        '{"op":"=","args":[{"property":"pop_other"},' + "9" * 5000 + "]}",
        '{"op":"=","args":[{"property":"pop_other"},' + "9" * 400 + "]}",
        '{"op":"=","args":[{"property":"name"},"a\\u0000b"]}',
        '{"op":"=","args":[{"property":"name"},"\\ud800"]}',
        '{"op":"s_intersects","args":[{"property":"geometry"},{"type":"Point"}]}',
        '{"op":"s_intersects","args":[{"property":"geometry"},{"type":"Point","coordinates":"x"}]}',
        '{"op":"s_intersects","args":[{"property":"geometry"},{"type":"Point","coordinates":[true,1]}]}',
        '{"op":"s_intersects","args":[{"property":"geometry"},{"type":"Polygon","coordinates":[1,2]}]}',
        '{"op":"s_intersects","args":[{"property":"geometry"},{"type":"Polygon","coordinates":[]}]}',
        '{"op":"s_intersects","args":[{"property":"geometry"},{"type":"MultiPolygon","coordinates":[[]]}]}',
        '{"op":"s_intersects","args":[{"property":"geometry"},{"type":"Feature","geometry":null}]}',
        '{"op":"s_intersects","args":[{"property":"geometry"},{"type":"GeometryCollection","geometries":[]}]}',
        '{"op":"s_intersects","args":[{"property":"geometry"},{"bbox":[1,2,"a",4]}]}',
        '{"op":"s_intersects","args":[{"property":"geometry"},{"bbox":5}]}',
        '{"op":"t_after","args":[{"property":"start"},{"interval":["..",5]}]}',
        '{"op":"t_after","args":[{"property":"start"},{"timestamp":5}]}',
        '{"op":"=","args":[{"date":null},{"date":"2020-01-01"}]}',
        '{"op":"casei","args":["a"]}',
        '{"op":"like","args":[{"property":"name"},5]}',
        '{"op":"between","args":[{"property":"name"},"a","b"]}',
        '{"op":"+","args":[{"property":"name"},1]}',
        '{"op":"=","args":[{"property":"geometry"},1]}',
        '{"op":"AND","args":[true,true]}',
        "{" * 5000,
        "[" * 50_000,
        '{"op":"not","args":[' * 300 + "true" + "]}" * 300,
    ],
)
def test_json_that_is_no_filter_is_400(reader: Reader, places: Places, document: str) -> None:
    assert "filter" in reader.refusal(
        "/collections/places/items", {"filter": document, "filter-lang": "cql2-json"}
    )
