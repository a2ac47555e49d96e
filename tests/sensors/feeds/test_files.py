"""Logger files as they are found in the wild, taken in whole, and every bad row set aside with its reason."""

import gzip
import json
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core.management import call_command

from gis_core.errors import ReportedError
from sensors.feeds.services.forms import read_form
from sensors.models import FeedFile, FeedProfile, HourlyValue, Observation, QuarantinedRow
from tests.sensors.feeds.conftest import make_stream, stored

PLAIN = (
    "datastream,time,value\n"
    "P1,2026-01-01T00:00:00+05:00,31.5\n"
    "P2,2026-01-01T00:00:00Z,40\n"
    "P1,2026-01-01T01:00:00+05:00,31.25\n"
)


def reasons() -> list[tuple[int | None, str]]:
    return list(
        QuarantinedRow.objects.filter(state="waiting").order_by("line", "id").values_list("line", "code")
    )


def test_plain_rows_go_in_and_roll_ups_follow(take):
    result = take(PLAIN)
    assert (result["rows"], result["inserted"], result["quarantined"]) == (3, 3, 0)
    assert stored("P1") == [("2025-12-31T19:00:00Z", 31.5), ("2025-12-31T20:00:00Z", 31.25)]
    assert stored("P2") == [("2026-01-01T00:00:00Z", 40.0)]
    assert HourlyValue.objects.count() == 3


def test_the_same_file_twice_changes_nothing(take):
    take(PLAIN)
    again = take(PLAIN, name="under another name.csv")
    assert (again["state"], again["inserted"], again["unchanged"]) == ("already ingested", 0, 3)
    forced = take(PLAIN, again=True)
    assert (forced["state"], forced["inserted"], forced["unchanged"], forced["corrected"]) == (
        "done",
        0,
        3,
        0,
    )
    assert FeedFile.objects.count() == 1


def test_bad_rows_are_set_aside_with_their_reasons_and_the_rest_goes_in(take):
    rows = [
        "datastream,time,value",
        "P1,2026-01-01T00:00:00+05:00,1",
        "P1,2026-01-01T01:00:00,2",
        "P1,2026-02-30T01:00:00Z,3",
        "P1,yesterday,4",
        "P9,2026-01-01T02:00:00Z,5",
        "P1,2026-01-01T03:00:00Z,six",
        "P1,2026-01-01T03:00:00Z,",
        "P1,2026-01-01T04:00:00Z",
        "P1,2026-01-01T04:00:00Z,8,9",
        "P1,2026-01-01T05:00:00Z,NaN",
        "P1,2026-01-01T06:00:00Z,1e300",
        "P1,1926-01-01T06:00:00Z,1",
        '"P1,2026-01-01T07:00:00Z,7',
        "\x00\x01\x02",
        "P1,2026-01-01T25:00:00Z,7",
        "P2,2026-01-01T08:00:00.123456789Z,7.25",
        "",
        "P2,2026-01-01T09:00Z,8.5",
    ]
    result = take("\r\n".join(rows) + "\r\n")
    assert (result["rows"], result["inserted"], result["quarantined"]) == (17, 3, 14)
    assert reasons() == [
        (3, "no_offset"),
        (4, "bad_time"),
        (5, "bad_time"),
        (6, "unknown_datastream"),
        (7, "bad_value"),
        (8, "no_value"),
        (9, "bad_width"),
        (10, "bad_width"),
        (11, "bad_value"),
        (12, "bad_value"),
        (13, "bad_time"),
        (14, "bad_quotes"),
        (15, "bad_width"),
        (16, "bad_time"),
    ]
    assert stored("P2") == [("2026-01-01T08:00:00Z", 7.25), ("2026-01-01T09:00:00Z", 8.5)]
    assert QuarantinedRow.objects.get(line=7).raw == "P1,2026-01-01T03:00:00Z,six"


def test_taking_a_file_again_keeps_each_bad_row_once_and_settles_what_goes_in_now(take, district):
    text = PLAIN + "NEW,2026-01-01T00:00:00Z,1\nP1,never,1\n"
    take(text)
    take(text, again=True)
    assert QuarantinedRow.objects.count() == 2
    make_stream(district, "NEW")
    assert take(text, again=True)["inserted"] == 1
    assert dict(QuarantinedRow.objects.values_list("code", "state")) == {
        "unknown_datastream": "taken",
        "bad_time": "waiting",
    }


def test_semicolons_decimal_commas_a_preamble_and_a_windows_code_page(take):
    text = (
        "Датчик давления №7\r\nСерийный номер;4711\r\n\r\n"
        "Дата;Время;P1;T1;\r\n;;бар;°C;\r\n"
        "01.01.2026;00:00;3,5;-1,25;\r\n01.01.2026;01:00;3,6;---;\r\n"
    )
    settings = {
        "time": {"zone": "Asia/Tashkent"},
        "series": {"P1": {"datastream": "P1", "unit": "bar"}, "T1": "T1"},
    }
    result = take(text.encode("cp1251"), settings)
    assert (result["rows"], result["inserted"], result["missing"], result["quarantined"]) == (2, 3, 1, 0)
    assert stored("T1") == [("2025-12-31T19:00:00Z", -1.25)]
    assert [value for _time, value in stored("P1")] == pytest.approx([3.5 * 10.19716213, 3.6 * 10.19716213])


def test_a_wide_file_of_official_form(take):
    """Five-minute values of many sensors: semicolons, decimal commas, a time without offset."""
    text = "Timestamp;P1;P2\n2018-01-01 00:00:00;28,71;26,06\n2018-01-01 00:05:00;28,73;26,08\n"
    result = take(text, {"time": {"zone": "Europe/Nicosia"}})
    assert (result["rows"], result["inserted"]) == (2, 4)
    assert stored("P2") == [("2017-12-31T22:00:00Z", 26.06), ("2017-12-31T22:05:00Z", 26.08)]


@pytest.mark.parametrize(
    ("times", "zone"),
    [
        (("1/2/2026 1:30:00 PM", "1/13/2026 12:00:00 AM"), "UTC"),
        (("46024.5625", "46035"), "UTC"),
        (("1767360600", "1768262400"), ""),
        (("1767360600000", "1768262400000"), ""),
        (("02.01.26 13:30", "13.01.26 00:00"), "UTC"),
        (("2026/01/02 13:30:00", "2026/01/13 00:00:00"), "UTC"),
        (("20260102133000", "20260113000000"), "UTC"),
        (("02-Jan-2026 13:30", "12-Jan-2026 24:00"), "UTC"),
        (("2026-01-02T18:30:00+0500", "2026-01-13T05:00:00+05"), ""),
    ],
)
def test_times_of_many_forms(take, times, zone):
    rows = "".join(f"P1,{time},{value}\n" for value, time in enumerate(times))
    result = take(f"tag,when,value\n{rows}", {"time": {"zone": zone} if zone else {}})
    assert result["inserted"] == 2
    assert [time for time, _value in stored("P1")] == ["2026-01-02T13:30:00Z", "2026-01-13T00:00:00Z"]


def test_no_header_tabs_comments_and_units_in_a_column(take):
    text = (
        "# made by hand\nP1\t2026-01-01 00:00:00\t2\tbar\n# pause\n"
        "F1\t2026-01-01 00:00:00\t10\tl/s\nF1\t2026-01-01 01:00:00\t1\tfurlong\n"
    )
    settings = {
        "layout": "long",
        "separator": "tab",
        "header": False,
        "columns": {"datastream": 1, "time": 2, "value": 3, "unit": 4},
        "time": {"zone": "+05:00"},
    }
    result = take(text, settings)
    assert (result["rows"], result["inserted"], result["quarantined"]) == (3, 2, 1)
    assert stored("F1") == [("2025-12-31T19:00:00Z", 36.0)]
    assert reasons() == [(5, "unknown_unit")]


def test_one_datastream_a_file_named_after_it(take):
    result = take(
        "time,level\n2026-01-01T00:00Z,3\n", {"layout": "long", "template": "{file}"}, name="P2.csv"
    )
    assert result["inserted"] == 1
    assert stored("P2") == [("2026-01-01T00:00:00Z", 3.0)]


def test_thousands_and_utf_16(take):
    text = "time;F1\n2026-01-01 00:00;1 234,5\n2026-01-01 01:00;12 345\n"
    result = take(text.encode("utf-16"), {"thousands": " ", "decimal": ",", "time": {"zone": "UTC"}})
    assert result["inserted"] == 2
    assert [value for _time, value in stored("F1")] == [1234.5, 12345.0]


def test_a_packed_file_and_a_folder(take, tmp_path, streams):
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.csv.gz").write_bytes(gzip.compress(PLAIN.encode()))
    (folder / "b.csv").write_text("datastream,time,value\nF1,2026-01-01T00:00:00Z,1\n")
    (folder / "c.csv").write_text("")
    (folder / ".hidden.csv").write_text("no")
    (folder / "notes.pdf").write_text("no")
    from sensors.feeds.services.file_ingestion import ingest_path

    result = ingest_path(folder, profile=FeedProfile.objects.get(name="plain"), acting_user=None)
    assert (len(result["files"]), result["inserted"], result["failed"]) == (3, 4, 1)
    assert [file["state"] for file in result["files"]] == ["done", "done", "failed"]


# -- days when the clock changes ---------------------------------------------------------------------------------------


def local_rows(
    zone: str, since: datetime, until: datetime, step: timedelta, form: str
) -> list[tuple[str, datetime]]:
    """What a logger's local clock writes between two instants."""
    rows, moment = [], since
    while moment < until:
        rows.append((moment.astimezone(ZoneInfo(zone)).strftime(form), moment))
        moment += step
    return rows


@pytest.mark.parametrize("is_reversed", [False, True])
@pytest.mark.parametrize("minutes", [15, 60])
@pytest.mark.parametrize(
    ("zone", "day"),
    [
        ("Europe/Rome", datetime(2022, 10, 29, 12, tzinfo=UTC)),
        ("Europe/Rome", datetime(2022, 3, 26, 12, tzinfo=UTC)),
        ("Asia/Tashkent", datetime(2022, 10, 29, 12, tzinfo=UTC)),
    ],
)
def test_every_instant_of_a_changing_day_comes_back(take, zone, day, minutes, is_reversed):
    """Forward or newest first, two series beside each other: 23, 24 or 25 hours a day, none lost and none twice."""
    rows = local_rows(zone, day, day + timedelta(hours=36), timedelta(minutes=minutes), "%d/%m/%Y %H:%M")
    listed = rows[::-1] if is_reversed else rows
    text = "time;P1;P2\n" + "".join(
        f"{stamp};{number};{-number}\n" for number, (stamp, _moment) in enumerate(listed)
    )
    result = take(text, {"time": {"zone": zone}})
    assert (result["inserted"], result["quarantined"], result["unchanged"]) == (2 * len(rows), 0, 0)
    expected = {moment: number for number, (_stamp, moment) in enumerate(listed)}
    for code, sign in (("P1", 1), ("P2", -1)):
        there = dict(Observation.objects.filter(datastream__code=code).values_list("time", "value"))
        assert there == {moment: sign * number for moment, number in expected.items()}


def test_local_times_that_do_not_exist_or_could_be_two_are_set_aside(take):
    text = (
        "time,P1\n27/03/2022 01:30,1\n27/03/2022 02:30,2\n27/03/2022 03:30,3\n"
        "30/10/2022 01:30,4\n30/10/2022 02:30,5\n30/10/2022 03:30,6\n"
    )
    result = take(text, {"time": {"zone": "Europe/Rome"}})
    assert (result["inserted"], result["quarantined"]) == (4, 2)
    assert reasons() == [(3, "nonexistent_time"), (6, "ambiguous_time")]
    first = take(text, {"time": {"zone": "Europe/Rome", "fold": "first"}}, again=True)
    assert (first["inserted"], first["quarantined"]) == (1, 1)
    assert ("2022-10-30T00:30:00Z", 5.0) in stored("P1")


def test_a_clock_that_is_never_changed_has_a_fixed_offset(take):
    rows = local_rows(
        "Etc/GMT-1",
        datetime(2022, 10, 29, tzinfo=UTC),
        datetime(2022, 10, 31, tzinfo=UTC),
        timedelta(hours=1),
        "%Y-%m-%d %H:%M",
    )
    text = "time,P1\n" + "".join(f"{stamp},{number}\n" for number, (stamp, _moment) in enumerate(rows))
    assert take(text, {"time": {"zone": "+01:00"}})["inserted"] == 48


# -- profiles and commands ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "word"),
    [
        ({"separater": ";"}, "separater"),
        ({"separator": ";;"}, "separator"),
        ({"time": {"zone": "Mars/Olympus"}}, "time.zone"),
        ({"time": {"format": "%Q"}}, "time.format"),
        ({"time": {"format": "%H:%M"}}, "time.format"),
        ({"encoding": "klingon"}, "encoding"),
        ({"decimal": ";"}, "decimal"),
        ({"columns": {"time": True}}, "columns.time"),
        ({"series": {"A": 7}}, "series.A"),
        ({"template": "{colum}"}, "template"),
        ({"skip_lines": -1}, "skip_lines"),
        ([], "object"),
    ],
)
def test_wrong_settings_are_named(settings, word):
    with pytest.raises(ReportedError, match=word):
        read_form(settings)


def test_a_form_comes_back_from_its_settings():
    form = read_form(
        {
            "separator": "semicolon",
            "decimal": ",",
            "time": {"format": ["iso"], "zone": "UTC"},
            "missing": ["x"],
        }
    )
    assert read_form(form.as_settings()) == form


def test_a_profile_is_tried_saved_and_listed(db, tmp_path, capsys, streams):
    sample = tmp_path / "sample.csv"
    sample.write_text("Zeit;P1;X\n01.02.2026 10:00;1,5;2\n")
    settings = tmp_path / "settings.json"
    settings.write_text(json.dumps({"time": {"zone": "Europe/Rome"}}))
    call_command("feed_profile", "save", "italian", str(settings), "--division", "UZ-TO", "--json")
    capsys.readouterr()
    call_command("feed_profile", "test", "italian", str(sample), "--json")
    tried = json.loads(capsys.readouterr().out)
    assert tried["form"]["separator"] == ";"
    assert tried["form"]["decimal"] == ","
    assert tried["sample"][0] == {
        "line": 2,
        "datastream": "P1",
        "time": "2026-02-01T09:00:00+00:00",
        "value": 1.5,
    }
    assert {entry["datastream"]: entry["is_known"] for entry in tried["series"]} == {"P1": True, "X": False}
    assert Observation.objects.count() == 0
    call_command("feed_profile", "list", "--json")
    assert "italian" in [entry["name"] for entry in json.loads(capsys.readouterr().out)["profiles"]]
