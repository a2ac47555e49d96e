"""$filter: operators and functions, with the semantics of the standard's test suites."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.sensors.sensorthings.conftest import Sta, datastream, feature, location, observed_property, thing

Observe = Callable[..., Any]

# 0 to 7 are instants with a result time, 8 to 20 intervals with a valid time, then other years.
_DAY = "2016-01-01T"
_INSTANTS = ["06:00", "06:59", "07:00", "07:01", "07:59", "08:00", "08:01", "09:00"]
_INTERVALS = [
    ("06:00", "06:59"),
    ("06:00", "07:00"),
    ("06:00", "07:01"),
    ("07:00", "08:00"),
    ("07:01", "07:59"),
    ("07:59", "09:00"),
    ("08:00", "09:00"),
    ("08:01", "09:00"),
    ("06:59", "08:01"),
    ("07:00", "07:59"),
    ("07:00", "08:01"),
    ("06:59", "08:00"),
    ("07:01", "08:00"),
]
T7, T8, T9 = (f"{_DAY}{hour}:00:00Z" for hour in ("07", "08", "09"))
I78 = f"{T7}/{T8}"
I67, I89 = f"{_DAY}06:00:00Z/{T7}", f"{T8}/{T9}"


@pytest.fixture
def times(sta: Sta, observe: Observe) -> list[Any]:
    ids = []
    for number, clock in enumerate(_INSTANTS):
        stamp = f"{_DAY}{clock}:00Z"
        ids.append(observe(number, stamp, resultTime=stamp))
    for number, (start, end) in enumerate(_INTERVALS, len(_INSTANTS)):
        span = f"{_DAY}{start}:00Z/{_DAY}{end}:00Z"
        ids.append(observe(number, span, validTime=span))
    for number, stamp in ((21, "2015-01-01T06:00:00Z"), (22, "2017-01-01T09:00:00Z")):
        ids.append(observe(number, stamp, resultTime=stamp))
    ids.append(
        observe(
            23,
            "2015-01-01T06:00:00Z/2015-01-01T07:00:00Z",
            resultTime="2015-01-01T06:00:00Z",
            validTime="2015-01-01T06:00:00Z/2015-01-01T07:00:00Z",
        )
    )
    ids.append(
        observe(
            24,
            "2017-01-01T09:00:00Z/2017-01-01T10:00:00Z",
            resultTime="2017-01-01T10:00:00Z",
            validTime="2017-01-01T09:00:00Z/2017-01-01T10:00:00Z",
        )
    )
    return ids


_BEFORE_7 = ([0, 1, 21, 23], [8, 9, 23])
_AFTER_7 = ([3, 4, 5, 6, 7, 22, 24], [12, 13, 14, 15, 20, 24])
_AFTER_78 = ([5, 6, 7, 22, 24], [14, 15, 24])
# template with the property and the constant; expected for resultTime and for validTime. phenomenonTime has both.
_TIME_CASES = [
    ("{p} lt {c}", T7, *_BEFORE_7),
    ("{p} lt {c}", I78, *_BEFORE_7),
    ("{c} lt {p}", T7, *_AFTER_7),
    ("{c} lt {p}", I78, *_AFTER_78),
    ("{p} gt {c}", T7, *_AFTER_7),
    ("{p} gt {c}", I78, *_AFTER_78),
    ("{p} le {c}", T7, [0, 1, 2, 21, 23], [8, 9, 23]),
    ("{p} le {c}", I78, [0, 1, 2, 21, 23], [8, 9, 10, 11, 17, 19, 23]),
    ("{p} ge {c}", T7, [2, 3, 4, 5, 6, 7, 22, 24], [11, 12, 13, 14, 15, 17, 18, 20, 24]),
    ("{p} ge {c}", I78, [5, 6, 7, 22, 24], [11, 13, 14, 15, 18, 20, 24]),
    ("{c} ge {p}", I78, [0, 1, 2, 21, 23], [8, 9, 10, 11, 17, 19, 23]),
    ("{p} eq {c}", T7, [2], []),
    ("{p} eq {c}", I78, [], [11]),
    ("before({p},{c})", T7, *_BEFORE_7),
    ("before({c},{p})", I78, *_AFTER_78),
    ("after({p},{c})", T7, *_AFTER_7),
    ("after({c},{p})", T7, *_BEFORE_7),
    ("meets({p},{c})", T7, [2], [9, 11, 17, 18]),
    ("meets({p},{c})", I78, [2, 5], [9, 14]),
    ("during({p},{c})", I78, [2, 3, 4], [11, 12, 17, 20]),
    ("overlaps({p},{c})", T7, [2], [10, 11, 16, 17, 18, 19]),
    ("overlaps({c},{p})", I78, [2, 3, 4], [10, 11, 12, 13, 16, 17, 18, 19, 20]),
    ("starts({p},{c})", T7, [2], [11, 17, 18]),
    ("starts({p},{c})", I78, [2], [11, 17, 18]),
    ("finishes({p},{c})", T7, [2], [9]),
    ("finishes({p},{c})", I78, [5], [11, 19, 20]),
    ("year({p}) eq {c}", "2015", [21, 23], [23]),
    ("{p} add duration'PT1H' gt {c}", T9, [6, 7, 22, 24], [15, 24]),
    ("{p} gt {c} sub duration'PT1H'", T9, [6, 7, 22, 24], [15, 24]),
    ("{p} sub duration'PT1H' gt {c}", T7, [6, 7, 22, 24], [15, 24]),
    ("{p} lt {c} add duration'PT1H'", I67, *_BEFORE_7),
    ("{p} gt {c} sub duration'PT1H'", I89, [5, 6, 7, 22, 24], [14, 15, 24]),
    (
        "not {p} lt {c} and not {p} ge 2016-01-01T08:00Z",
        T7,
        [2, 3, 4],
        [10, 11, 12, 13, 16, 17, 18, 19, 20],
    ),
]


@pytest.mark.parametrize(
    ("template", "constant", "result_time", "valid_time"),
    _TIME_CASES,
    ids=[f"{case[0]} {case[1][11:16]}" for case in _TIME_CASES],
)
def test_times_compare_as_half_open_intervals(
    sta: Sta, times: list[Any], template: str, constant: str, result_time: list[int], valid_time: list[int]
) -> None:
    # The phenomenon of 23 and 24 is their valid time's; that of 21 and 22 an instant.
    phenomenon = sorted({*result_time, *valid_time} - {23, 24} | ({*valid_time} & {23, 24}))
    for name, expected in (
        ("resultTime", result_time),
        ("validTime", valid_time),
        ("phenomenonTime", phenomenon),
    ):
        found = sta.ids("Observations", filter=template.format(p=name, c=constant), top=1000)
        assert sorted(times.index(one) for one in found) == sorted(expected), name


def test_a_difference_of_times_is_a_duration(sta: Sta, times: list[Any]) -> None:
    assert sta.ids("Observations", filter=f"phenomenonTime sub {T8} eq duration'PT1H'") == [times[7]]


@pytest.mark.parametrize("name", ["resultTime", "validTime", "phenomenonTime"])
def test_nothing_is_during_an_instant(sta: Sta, times: list[Any], name: str) -> None:
    assert sta.get("Observations", filter=f"during({name},{T7})").status == 400


def test_the_extent_of_a_datastream_compares_too(sta: Sta, times: list[Any], stream: int) -> None:
    for name in ("phenomenonTime", "resultTime"):
        whole = "2015-01-01T06:00:00Z/2017-01-01T10:00:00Z"
        assert sta.ids("Datastreams", filter=f"{name} eq {whole}") == [stream], name
        assert sta.ids("Datastreams", filter=f"overlaps({name},{T7})") == [stream]
        assert sta.ids("Datastreams", filter=f"{name} lt 2017-01-01T10:00Z") == [stream]
        assert sta.ids("Datastreams", filter=f"{name} lt 2017-01-01T09:59Z") == []


# (filter, numbers of the observations with results -2.5, 0, 3, 4.5, 7, "text", true)
_VALUES: list[Any] = [-2.5, 0, 3, 4.5, 7, "text", True]
_VALUE_CASES = [
    ("result eq 3", [2]),
    ("result ne 3", [0, 1, 3, 4]),
    ("result gt 3", [3, 4]),
    ("result ge 3", [2, 3, 4]),
    ("result lt 0", [0]),
    ("result le 0", [0, 1]),
    ("result eq 'text'", [5]),
    ("result eq true", [6]),
    ("result gt 2 and result lt 5", [2, 3]),
    ("result lt 0 or result gt 5", [0, 4]),
    ("not (result gt 0)", [0, 1]),
    ("result add 2.5 eq 0", [0]),
    ("result sub 1 eq 2", [2]),
    ("result mul 2 eq 9", [3]),
    ("result div 2 eq 3.5", [4]),
    ("result mod 2 eq 1", [2, 4]),
    ("1 add 2 mul 3 eq result", [4]),
    ("(1 add 2) mul 3 eq result add 2", [4]),
    ("result div 0 eq 1", []),
    ("round(result) eq 5", [3]),
    ("round(result) eq -3", [0]),
    ("floor(result) eq -3", [0]),
    ("ceiling(result) eq 5", [3]),
    ("result in (3, 7, 'text')", [2, 4, 5]),
    ("result eq null", []),
    ("result ne null", [0, 1, 2, 3, 4, 5, 6]),
]


@pytest.mark.parametrize(("text", "expected"), _VALUE_CASES, ids=[case[0] for case in _VALUE_CASES])
def test_results_compare_and_compute(sta: Sta, observe: Observe, text: str, expected: list[int]) -> None:
    ids = [observe(value, f"2020-01-01T0{hour}:00:00Z") for hour, value in enumerate(_VALUES)]
    assert sorted(ids.index(one) for one in sta.ids("Observations", filter=text)) == expected


_TEXT_CASES = [
    ("name eq 'Alpha O''Hara'", [0]),
    ("substringof('lph', name)", [0]),
    ("endswith(name, 'mma')", [2]),
    ("startswith(name, 'Be')", [1]),
    ("not startswith(name, 'Be')", [0, 2]),
    ("length(name) eq 5", [2]),
    ("indexof(name, 'et') eq 1", [1]),
    ("substring(name, 1) eq 'eta Z'", [1]),
    ("substring(name, 1, 2) eq 'am'", [2]),
    ("tolower(name) eq 'gamma'", [2]),
    ("toupper(name) eq 'GAMMA'", [2]),
    ("trim(concat('  ', name)) eq 'Gamma'", [2]),
    ("concat(concat(name, ', '), description) eq 'Gamma, a thing'", [2]),
    ("name gt 'B'", [1, 2]),
    ("name eq 'x' or true", [0, 1, 2]),
    ("properties/n eq 2", [1]),
    ("properties/n gt 1", [1, 2]),
    ("properties/n eq '2'", [1]),
    ("properties/flag", [0]),
    ("not properties/flag", [1]),
    ("properties/flag eq false", [1]),
    ("properties/list[1] eq 20", [0]),
    ("properties/list[0]/deep eq 'x'", [2]),
    ("20 in properties/list", [0]),
    ("properties/n in (1, 3)", [0, 2]),
    ("properties/missing eq null", [0, 1, 2]),
    ("properties/list ne null", [0, 2]),
    ("properties/n eq properties/same", [0]),
]


@pytest.mark.parametrize(("text", "expected"), _TEXT_CASES, ids=[case[0] for case in _TEXT_CASES])
def test_texts_and_json(sta: Sta, text: str, expected: list[int]) -> None:
    ids = [
        sta.made(
            "Things", thing("Alpha O'Hara", properties={"n": 1, "same": 1, "flag": True, "list": [1, 20]})
        ),
        sta.made("Things", thing("Beta Z", properties={"n": 2, "same": 3, "flag": False})),
        sta.made("Things", thing("Gamma", properties={"n": 3, "flag": "true", "list": [{"deep": "x"}]})),
    ]
    assert [ids.index(one) for one in sta.ids("Things", filter=text)] == expected


_DATE_CASES = [
    ("year(phenomenonTime) eq 2021", [0, 1]),
    ("month(phenomenonTime) eq 3", [0]),
    ("day(phenomenonTime) eq 4", [0]),
    ("hour(phenomenonTime) eq 5", [0]),
    ("minute(phenomenonTime) eq 6", [0]),
    ("second(phenomenonTime) eq 7", [0]),
    ("fractionalseconds(phenomenonTime) eq 0.25", [0]),
    ("date(phenomenonTime) eq 2021-03-04", [0]),
    ("time(phenomenonTime) lt 06:00", [0]),
    ("totaloffsetminutes(phenomenonTime) eq 0", [0, 1]),
    ("phenomenonTime lt now()", [0, 1]),
    ("phenomenonTime gt mindatetime() and phenomenonTime lt maxdatetime()", [0, 1]),
    ("phenomenonTime gt 2021-03-04T10:06:07.3+05:00", [1]),
    ("phenomenonTime gt 2021-04-01", [1]),
]


@pytest.mark.parametrize(("text", "expected"), _DATE_CASES, ids=[case[0] for case in _DATE_CASES])
def test_dates(sta: Sta, observe: Observe, text: str, expected: list[int]) -> None:
    ids = [observe(1, "2021-03-04T05:06:07.25Z"), observe(2, "2021-12-31T23:59:58Z")]
    assert [ids.index(one) for one in sta.ids("Observations", filter=text)] == expected


_POLYGON = "geography'POLYGON((7 50, 9 50, 9 52.5, 7 52.5, 7 50))'"
# of POINT(8 51), POINT(8 53), the polygon of these corners and a line of length 1
_GEO_CASES = [
    ("geo.distance(location, geography'POINT(8 53.6)') lt 1", [1]),
    ("geo.length(location) eq 1", [3]),
    ("geo.length(location) lt 1", [0, 1, 2]),
    ("geo.intersects(location, geography'LINESTRING(7.5 49, 7.5 54)')", [2]),
    (f"st_within(location, {_POLYGON})", [0, 2]),
    (f"st_equals(location, {_POLYGON})", [2]),
    (f"st_disjoint(location, {_POLYGON})", [1, 3]),
    ("st_equals(location, geography'SRID=4326;POINT(8 53)')", [1]),
    ("st_touches(location, geography'LINESTRING(9 50, 12 50)')", [2]),
    ("st_contains(location, geography'POINT(8 51)')", [0, 2]),
    ("st_crosses(location, geography'LINESTRING(4 52.5, 6 52.5)')", [3]),
    ("st_overlaps(location, geography'POLYGON((8 49, 10 49, 10 51, 8 51, 8 49))')", [2]),
    ("st_intersects(location, geography'POINT(8 53)')", [1]),
    ("st_relate(location, geography'POINT(8 53)', 'T********')", [1]),
]


@pytest.mark.parametrize(("text", "expected"), _GEO_CASES, ids=[case[0][:30] for case in _GEO_CASES])
def test_places(sta: Sta, text: str, expected: list[int]) -> None:
    polygon = {"type": "Polygon", "coordinates": [[[7, 50], [9, 50], [9, 52.5], [7, 52.5], [7, 50]]]}
    line = {"type": "LineString", "coordinates": [[5, 52], [5, 53]]}
    ids = [
        sta.made("Locations", location(8, 51)),
        sta.made("Locations", location(8, 53)),
        sta.made("Locations", {**location(), "location": polygon}),
        sta.made("Locations", {**location(), "location": line}),
    ]
    assert [ids.index(one) for one in sta.ids("Locations", filter=text)] == expected


def test_filters_go_ways_to_other_entities(sta: Sta) -> None:
    one = sta.made(
        "Things", thing("one", properties={"f": 1}, Locations=[location(name="L 1", properties={"f": 1})])
    )
    two = sta.made(
        "Things", thing("two", properties={"f": 5}, Locations=[location(name="L 2", properties={"f": 2})])
    )
    three = sta.made("Things", thing("three"))
    stream = sta.made(
        f"Things({one})/Datastreams", datastream("A", ObservedProperty=observed_property("heat"))
    )
    other = sta.made(
        f"Things({one})/Datastreams", datastream("B", ObservedProperty=observed_property("cold"))
    )
    low = sta.made(
        f"Datastreams({stream})/Observations", {"result": 1, "phenomenonTime": "2020-01-01T00:00:00Z"}
    )
    high = sta.made(
        f"Datastreams({other})/Observations", {"result": 9, "phenomenonTime": "2020-01-01T00:00:00Z"}
    )

    assert sta.ids("Things", filter="Locations/name eq 'L 2'") == [two]
    assert sta.ids("Things", filter="HistoricalLocations/Locations/properties/f eq properties/f") == [one]
    assert sta.ids("Things", filter="Datastreams/id eq null") == [two, three]
    assert sta.ids("Things", filter="Datastreams/id ne null") == [one]
    assert sta.ids("Things", filter="Datastreams/Observations/result gt 5") == [one]
    assert sta.ids("Datastreams", filter="Observations/result gt 5") == [other]
    assert sta.ids("Datastreams", filter="Thing/Datastreams/ObservedProperty/name eq 'heat'") == [
        stream,
        other,
    ]
    assert sta.ids("Observations", filter="Datastream/ObservedProperty/name eq 'heat'") == [low]
    assert sta.ids("Observations", filter="Datastream/Thing/name eq 'one' and result gt 5") == [high]
    assert sta.ids("Observations", filter=f"Datastream/id eq {stream}") == [low]
    assert sta.ids("Observations", filter=f"id eq '{high}'") == [high]
    assert sta.ids("Things", filter=f"id eq {two} or @iot.id eq {three}") == [two, three]
    assert sta.ids(
        "Observations", filter="geo.distance(FeatureOfInterest/feature, geography'POINT(69.2 41.3)') lt 0.1"
    )


def test_features_of_observations_are_about_places(sta: Sta, observe: Observe, stream: int) -> None:
    near = observe(1, "2020-01-01T00:00:00Z", FeatureOfInterest=feature(8, 51))
    observe(2, "2020-01-01T01:00:00Z", FeatureOfInterest=feature(8, 54))
    assert sta.ids(
        "Observations", filter="geo.distance(FeatureOfInterest/feature, geography'POINT(8 51)') lt 1"
    ) == [near]
    area = "geography'POLYGON((7 50, 9 50, 9 52, 7 52, 7 50))'"
    assert sta.ids("Datastreams", filter=f"geo.intersects(observedArea, {area})") == [stream]
    assert sta.ids("Datastreams", filter="geo.intersects(observedArea, geography'POINT(1 1)')") == []
