"""CreateObservations: an answer for each row, and each answer true."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sensors.models import Observation, RichObservation
from sensors.sensorthings.selectors.grammar import instant
from sensors.sensorthings.services.iso_times import microseconds_of
from sensors.series.services.observation_arrays import microseconds
from tests.sensors.sensorthings.conftest import Sta, datastream, feature, multi_datastream, thing


def group(stream: int, rows: list[Any], *components: str) -> dict[str, Any]:
    return {
        "Datastream": {"@iot.id": stream},
        "components": list(components or ("phenomenonTime", "result")),
        "dataArray@iot.count": len(rows),
        "dataArray": rows,
    }


def results(sta: Sta, links: list[str]) -> list[Any]:
    """What each link leads to; None for an error."""
    found: list[Any] = []
    for link in links:
        if link == "error":
            found.append(None)
            continue
        answer = sta.get(link)
        assert answer.status == 200, link
        found.append(answer.json["result"])
    return found


def test_each_row_is_answered(sta: Sta, stream: int) -> None:
    about = sta.made("FeaturesOfInterest", feature())
    other = sta.made(f"Things({sta.made('Things', thing())})/Datastreams", datastream())
    body = [
        group(
            stream,
            [
                ["2010-12-23T10:20:00-07:00", 20, about],
                ["2010-12-23T10:21:00-07:00", 30, "no id"],
                ["2010-12-23T10:22:00-07:00", 40, about],
                ["2010-12-23T10:23:00-07:00", "text", None],
                ["not a time", 50, about],
                ["2010-12-23T10:24:00-07:00", 60],
                "no row",
                ["2010-12-23T10:25:00-07:00", True, about],
            ],
            "phenomenonTime",
            "result",
            "FeatureOfInterest/id",
        ),
        group(stream, [["2010-12-24T10:20:00-07:00", 65], ["2010-12-24T10:21:00.5Z", 66.5]]),
        group(987654, [["2010-12-23T10:20:00-07:00", 1]]),
        group(other, [["2010-12-23T10:20:00-07:00", 1]]),
        group(stream, [[1, 2]], "phenomenonTime", "unheard"),
    ]
    answer = sta.post("CreateObservations", body)
    assert answer.status == 201
    assert results(sta, answer.json) == [
        20,
        None,
        40,
        "text",
        None,
        None,
        None,
        True,
        65,
        66.5,
        None,
        None,
        None,
    ]
    assert len(sta.ids("Observations")) == 6
    assert sta.get(f"{answer.json[0]}/FeatureOfInterest").id == about
    last_two = {sta.get(f"{link}/FeatureOfInterest").id for link in answer.json[8:10]}
    assert len(last_two) == 1
    assert about not in last_two


def test_rows_may_come_twice(sta: Sta, stream: int) -> None:
    rows = [["2020-01-01T00:00:00Z", 1], ["2020-01-01T01:00:00Z", 2]]
    first = sta.post("CreateObservations", [group(stream, rows)]).json
    assert sta.post("CreateObservations", [group(stream, rows)]).json == first
    changed = sta.post("CreateObservations", [group(stream, [["2020-01-01T00:00:00Z", 7]])]).json
    assert changed == first[:1]
    assert results(sta, first) == [7, 2]
    assert sorted(Observation.objects.values_list("value", flat=True)) == [1.0, 2.0]


def test_an_instant_said_twice_in_one_request_ends_with_the_last_word(sta: Sta, stream: int) -> None:
    rows = [["2020-01-01T00:00:00Z", 1], ["2020-01-01T00:00:00Z", 1], ["2020-01-01T00:00:00Z", 3]]
    links = sta.post("CreateObservations", [group(stream, rows)]).json
    assert len(set(links)) == 1
    assert results(sta, links) == [3, 3, 3]
    assert Observation.objects.get().value == 1.0


def test_a_deleted_row_comes_back(sta: Sta, stream: int) -> None:
    rows = [["2020-01-01T00:00:00Z", 1], ["2020-01-01T01:00:00Z", 2]]
    links = sta.post("CreateObservations", [group(stream, rows)]).json
    assert sta.call("delete", links[0]).status == 200
    assert sta.post("CreateObservations", [group(stream, rows)]).json == links
    assert results(sta, links) == [1, 2]


def test_result_times_of_their_own_make_rich_rows(sta: Sta, stream: int) -> None:
    components = ("phenomenonTime", "result", "resultTime")
    stamps = [f"2020-01-01T0{hour}:00:00Z" for hour in range(4)]
    rows = [
        [stamps[0], 1, stamps[0]],
        [stamps[1], 2, stamps[1]],
        [stamps[2], 3, stamps[3]],
        [stamps[3], 4, None],
    ]
    links = sta.post("CreateObservations", [group(stream, rows, *components)]).json
    assert results(sta, links) == [1, 2, 3, 4]
    times = [sta.get(link).json["resultTime"] for link in links]
    assert times == [
        stamps[0],
        stamps[1],
        stamps[3],
        None,
    ]
    assert (Observation.objects.count(), RichObservation.objects.count()) == (2, 2)


def test_multi_datastreams_take_arrays(sta: Sta, stream: int) -> None:
    one = sta.get(f"Datastreams({stream})/Thing").id
    multi = sta.made(f"Things({one})/MultiDatastreams", multi_datastream())
    body = [
        {
            "MultiDatastream": {"@iot.id": multi},
            "components": ["phenomenonTime", "result"],
            "dataArray": [["2010-12-23T10:20:00-07:00", [5, 20]], ["2010-12-23T10:21:00-07:00", 30]],
        }
    ]
    answer = sta.post("CreateObservations", body)
    assert answer.status == 201
    assert results(sta, answer.json) == [[5, 20], None]


def test_what_is_no_data_array_is_refused(sta: Sta) -> None:
    wrong: Any
    for wrong in (3, "x", [3], [{}], [{"dataArray": 3}], None):
        assert sta.post("CreateObservations", wrong).status == 400, wrong
    assert sta.post("CreateObservations", []).json == []
    assert sta.get("CreateObservations").status == 404


def test_observations_come_as_data_arrays_too(sta: Sta, stream: int) -> None:
    start = datetime(2020, 1, 1, tzinfo=UTC)
    rows = [[(start + timedelta(hours=hour)).isoformat(), hour] for hour in range(5)]
    sta.post("CreateObservations", [group(stream, rows)])
    answer = sta.get(
        "Observations",
        resultFormat="dataArray",
        select="result,phenomenonTime",
        top=3,
        count="true",
        orderby="phenomenonTime desc",
    ).json
    assert answer["@iot.count"] == 5
    assert "@iot.nextLink" in answer
    array = answer["value"][0]
    assert array["Datastream@iot.navigationLink"].endswith(f"/Datastreams({stream})")
    assert array["components"] == ["result", "phenomenonTime"]
    assert array["dataArray@iot.count"] == 3
    assert [row[0] for row in array["dataArray"]] == [4, 3, 2]
    whole = sta.get("Observations", resultFormat="dataArray").json["value"][0]
    assert whole["components"][:2] == ["@iot.id", "phenomenonTime"]
    assert sta.get("Things", resultFormat="dataArray").status == 400


def _written(moment: datetime, form: str, offset: str) -> str:
    return moment.isoformat(timespec=form) + offset


@given(
    st.lists(
        st.builds(
            _written,
            st.datetimes(datetime(1950, 1, 1), datetime(2100, 1, 1)),  # noqa: DTZ001
            st.sampled_from(["seconds", "milliseconds", "microseconds"]),
            st.sampled_from(["Z", "+05:00", "-07:30", "+00:00"]),
        ),
        max_size=20,
    )
)
def test_many_times_are_read_as_one_is(stamps: list[str]) -> None:
    times, is_read = microseconds_of(stamps)
    assert is_read.all()
    assert times.tolist() == [microseconds(instant(stamp)) for stamp in stamps]


@pytest.mark.parametrize(
    "wrong",
    [
        "2020-02-30T00:00:00Z",
        "2020-01-01T24:00:00Z",
        "2020-01-01 00:00:00Z",
        "now",
        5,
        None,
        "2020-01-01T00:00:60Z",
        "2020-00-01T00:00:00Z",
        "2020-01-01T00:00:00X",
        "2020-01-01T00:00:00+5:00 ",
        "２020-01-01T00:00:00Z",
        "2020-01-01T00:00:00.1234567Z",
    ],
)
def test_what_is_no_time_is_not_read(wrong: Any) -> None:
    _times, is_read = microseconds_of(["2020-01-01T00:00:00Z", wrong])
    assert is_read.tolist() == [True, False]
