"""Charts, edits, files and live values through REST, and the commands of the store."""

import codecs
import csv
import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pyarrow.parquet as pq
import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client

from gis_core.models import Division
from sensors.models import Datastream
from sensors.series.selectors.charts import MOST_POINTS, chart_series
from sensors.series.services.ingestion import load_observations
from sensors.series.services.packing import pack_month
from sensors.series.services.roll_ups import refresh_roll_ups
from tests.sensors.test_series_store import make_stream

START = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def stream(district: Division) -> Datastream:
    return make_stream(district, "T1")


@pytest.fixture
def engineer(make_user: Any, district: Division) -> Client:
    client = Client()
    client.force_login(make_user("engineer", district))
    return client


def fill(stream: Datastream, count: int, leave_out: range = range(0)) -> None:
    load_observations(
        rows=[
            (stream.pk, START + timedelta(minutes=5 * n), (n % 288) / 4 + (1000 if n == 700 else 0))
            for n in range(count)
            if n not in leave_out
        ],
        acting_user=None,
        origin="test",
    )


@pytest.mark.parametrize(
    ("count", "is_rolled_up"),
    [
        *((count, False) for count in (1, 1000, 1001, 3000, 8928, 30_000)),
        # Without roll-ups, long series are charted from what the queue has rolled up so far.
        *((count, True) for count in (1001, 8928, 30_000, 105_120, 300_000)),
    ],
)
def test_any_span_gives_at_most_2000_points_and_keeps_the_extremes(
    stream: Datastream, count: int, is_rolled_up: bool
) -> None:
    stamps = [datetime(2023, 1, 1, tzinfo=UTC) + timedelta(minutes=5 * n) for n in range(count)]
    values = [(n * 7919) % 1000 / 10 for n in range(count)]
    values[count // 2], values[count // 3] = 5000.0, -5000.0
    load_observations(
        rows=[(stream.pk, stamp, value) for stamp, value in zip(stamps, values, strict=True)],
        acting_user=None,
        origin="test",
    )
    if is_rolled_up:
        refresh_roll_ups()
    series = chart_series(stream)
    assert len(series.time) <= MOST_POINTS
    assert sum(series.count) == count
    assert max(value for value in series.max if value is not None) == max(values)
    assert min(value for value in series.min if value is not None) == min(values)
    assert series.time == sorted(series.time)
    assert (series.resolution == "raw") == (count <= 1000)


def test_gaps_are_points_without_values(stream: Datastream) -> None:
    fill(stream, 300, leave_out=range(100, 150))
    series = chart_series(stream)
    (at,) = [place for place, count in enumerate(series.count) if count == 0]
    assert (series.mean[at], series.min[at], series.max[at]) == (None, None, None)
    assert series.time[at] == (START + timedelta(minutes=500)).timestamp()
    fill(stream, 8000, leave_out=range(300, 2000))
    refresh_roll_ups()
    series = chart_series(stream)
    assert series.resolution == "bins"
    assert series.count.count(0) == 1


def test_a_span_is_read_finer_than_the_whole(stream: Datastream, engineer: Client) -> None:
    fill(stream, 8928)
    refresh_roll_ups()
    whole, day = (
        engineer.get("/api/v1/series/", {"datastream": "T1:p", **span}).json()[0]
        for span in ({}, {"since": "2026-03-02T00:00:00Z", "until": "2026-03-03T00:00:00Z"})
    )
    assert (whole["resolution"], whole["source"], day["resolution"]) == ("bins", "hourly", "raw")
    assert len(day["time"]) == 288
    assert day["time"][0] == datetime(2026, 3, 2, tzinfo=UTC).timestamp()
    assert max(whole["max"]) == 1000 + 700 % 288 / 4


def test_packed_months_read_the_same_through_the_api(stream: Datastream, engineer: Client) -> None:
    fill(stream, 2000)
    refresh_roll_ups()
    address = f"/api/v1/datastreams/{stream.uid}/observations/"
    asked = {"since": "2026-03-01T20:00:00Z", "limit": "500"}
    before = (
        engineer.get(address, asked).json()["results"],
        engineer.get("/api/v1/series/?datastream=T1:p").json(),
    )
    pack_month(START.date())
    after = (
        engineer.get(address, asked).json()["results"],
        engineer.get("/api/v1/series/?datastream=T1:p").json(),
    )
    assert before == after
    assert len(before[0]) == 500


def test_wrong_requests_are_answered_with_400(stream: Datastream, engineer: Client) -> None:
    for query in (
        "",
        "?datastream=T1:p&since=yesterday",
        "?datastream=T1:p&since=2026-03-02T00:00:00Z&until=2026-03-01T00:00:00Z",
        "?datastream=T1:p&step=1",
        "?" + "&".join(f"datastream=D{n}" for n in range(51)),
    ):
        assert engineer.get("/api/v1/series/" + query).status_code == 400, query
    assert engineer.get("/api/v1/series/?datastream=NONE").status_code == 404


def test_an_edit_is_made_seen_and_undone(
    stream: Datastream, engineer: Client, make_user: Any, district: Division, other_district: Division
) -> None:
    fill(stream, 10)
    address = f"/api/v1/datastreams/{stream.uid}/edits/"
    body = {
        "code": "edited",
        "reason": "spike",
        "corrections": [
            {"time": "2026-03-01T00:05:00Z", "value": 42.0},
            {"time": "2026-03-01T00:10:00Z", "value": None},
        ],
    }
    others = Client()
    for role, where, status in (("engineer", other_district, 404), ("crew", district, 404)):
        others.force_login(make_user(role, where))
        assert others.post(address, body, content_type="application/json").status_code == status
    made = engineer.post(address, body, content_type="application/json")
    assert made.status_code == 201
    series = engineer.get("/api/v1/series/?datastream=T1:p").json()[0]
    assert series["mean"][1] == 42.0
    assert series["edited"] == [(START + timedelta(minutes=5)).timestamp()]
    assert len(engineer.get("/api/v1/series-edits/?datastream__code=T1:p").json()["results"]) == 1
    undo = f"/api/v1/series-edits/{made.json()['uid']}/undo/"
    assert engineer.post(undo, {"reason": "no"}, content_type="application/json").status_code == 201
    assert engineer.get("/api/v1/series/?datastream=T1:p").json()[0]["mean"][1] == 0.25
    as_of = {"datastream": "T1:p", "as_of": "2020-01-01T00:00:00Z"}
    assert engineer.get("/api/v1/series/", as_of).json()[0]["time"] == []
    for wrong in ({**body, "reason": " "}, {**body, "corrections": []}, {**body, "code": "resent"}):
        assert engineer.post(address, wrong, content_type="application/json").status_code == 400


def test_a_series_goes_out_as_csv_and_parquet(stream: Datastream, engineer: Client, tmp_path: Path) -> None:
    fill(stream, 600)
    refresh_roll_ups()
    address = f"/api/v1/datastreams/{stream.uid}/export/"
    answer = engineer.get(address, {"file_format": "csv"})
    content = answer.getvalue()
    # The mark by which spreadsheets know UTF-8: units are written m³/h.
    assert content.startswith(codecs.BOM_UTF8)
    rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))
    assert list(rows[0]) == ["time (Asia/Tashkent)", "value (m)", "edit"]
    assert [float(row["value (m)"]) for row in rows] == [n % 288 / 4 for n in range(600)]
    assert datetime.fromisoformat(rows[0]["time (Asia/Tashkent)"]) == START
    assert rows[0]["time (Asia/Tashkent)"].endswith("+05:00")
    hourly = engineer.get(address, {"file_format": "csv", "content": "hourly"}).getvalue().decode("utf-8-sig")
    assert hourly.splitlines()[0].startswith("hour (Asia/Tashkent),count,sum (m),mean (m),")
    assert all("+05:00," in line for line in hourly.splitlines()[1:])
    parquet = io.BytesIO(engineer.get(address, {"file_format": "parquet", "content": "hourly"}).getvalue())
    table = pq.read_table(parquet)
    assert (table.num_rows, table.column("count").to_pylist()) == (50, [12] * 50)
    for wrong in ({}, {"file_format": "xls"}, {"file_format": "csv", "content": "all"}):
        assert engineer.get(address, wrong).status_code == 400
    target = tmp_path / "out.parquet"
    call_command("export_series", "T1:p", str(target), "--content=daily", "--json", stdout=io.StringIO())
    assert pq.read_table(target).num_rows == 3
    assert list(tmp_path.iterdir()) == [target]


@pytest.fixture
def lasting_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    """The end of a streamed answer ends its request, which would close the test's connection."""
    monkeypatch.setattr(connection, "close_if_unusable_or_obsolete", lambda: None)


def test_live_values_come_as_events(
    stream: Datastream, engineer: Client, monkeypatch: pytest.MonkeyPatch, lasting_connection: None
) -> None:
    monkeypatch.setattr("sensors.series.api.series_views.LOOK_EVERY_S", 0)
    fill(stream, 2)
    answer = engineer.get("/api/v1/live/", {"datastream": "T1:p"}, headers={"Accept": "text/event-stream"})
    assert answer["Content-Type"] == "text/event-stream"
    # The answer streams, which the stubs of the test client know nothing of.
    events = iter(cast(Any, answer).streaming_content)
    first = next(events).decode()
    assert "event: values" in first
    assert json.loads(first.split("data: ")[1])[0]["value"] == 0.25
    assert next(events).startswith(b":")
    fill(stream, 4)
    assert json.loads(next(events).decode().split("data: ")[1])[0]["value"] == 0.75
    answer.close()
    assert engineer.get("/api/v1/live/").status_code == 400
    assert engineer.get("/api/v1/live/", {"network": "NONE"}).status_code == 404


def test_followers_are_bounded_and_places_come_back(
    stream: Datastream, engineer: Client, lasting_connection: None
) -> None:
    answers = [engineer.get("/api/v1/live/", {"datastream": "T1:p"}) for _ in range(9)]
    assert [answer.status_code for answer in answers] == [200] * 8 + [429]
    for answer in answers:
        answer.close()
    again = engineer.get("/api/v1/live/", {"datastream": "T1:p"})
    assert again.status_code == 200
    again.close()


def run(*arguments: str) -> dict[str, Any]:
    output = io.StringIO()
    call_command(*arguments, "--json", stdout=output)
    document: dict[str, Any] = json.loads(output.getvalue())
    return document


def test_months_are_packed_and_dropped_by_command(stream: Datastream) -> None:
    fill(stream, 500)
    assert run("roll_up")["datastream_days"] == 2
    assert run("pack_observations", "--dry-run") == {"months": ["2026-03"], "packed": []}
    assert run("pack_observations", "--month=2026-03")["packed"][0]["observations"] == 500
    assert run("drop_observations", "--before=2026-03")["dropped"] == []
    assert run("drop_observations", "--before=2026-04", "--dry-run") == {"months": ["2026-03"], "dropped": []}
    assert run("drop_observations", "--before=2026-04")["dropped"] == ["2026-03"]
    for wrong in (
        ["pack_observations", "--month=2026-13"],
        ["drop_observations", "--before=soon"],
        ["drop_observations"],
        ["export_series", "T1:p", "/tmp/x.csv", "--since=2026-01-01"],
    ):
        with pytest.raises(CommandError, match="Error: "):
            call_command(*wrong, stdout=io.StringIO())
