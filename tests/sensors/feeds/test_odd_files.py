"""Forms of files that a guess could read wrongly: each is read as it was meant, or not at all."""

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, connections, transaction

from gis_core.errors import ReportedError
from gis_core.models import Division
from sensors.feeds.services import file_ingestion
from sensors.feeds.services.blocks import Block
from sensors.feeds.services.file_ingestion import ingest_path
from sensors.feeds.services.forms import read_form
from sensors.feeds.services.sniffing import complete
from sensors.feeds.services.tables import TableReader
from sensors.models import Datastream, FeedFile, FeedProfile, QuarantinedRow, SeriesEdit
from tests.sensors.feeds.conftest import make_stream, stored

ROME = {"time": {"zone": "Europe/Rome"}}


def test_the_hour_that_comes_twice_is_known_where_one_of_its_values_is_missing(take):
    text = "Time;P1;P2\n31/10/2021 01:00;1;1\n31/10/2021 02:00;;2\n31/10/2021 02:00;3;NaN\n31/10/2021 03:00;4;4\n"
    result = take(text, ROME)
    assert (result["inserted"], result["missing"], result["quarantined"]) == (6, 2, 0)
    assert stored("P1")[1] == ("2021-10-31T01:00:00Z", 3.0)
    assert stored("P2")[1] == ("2021-10-31T00:00:00Z", 2.0)


def test_rows_closed_by_a_separator_below_a_header_that_is_not(take):
    rows = "".join(f"2021-01-01 00:{minute:02};1;2;\n" for minute in range(0, 60, 5))
    assert take(f"Logger 7\nTime;P1;P2\n{rows}", ROME)["inserted"] == 24
    plain = "datastream,time,value\nF1,2021-01-01T00:00:00Z,1,\nF1,2021-01-01T01:00:00Z,2,\n"
    assert take(plain)["inserted"] == 2


def test_garbage_does_not_hide_the_header(take):
    noise = random.Random(4)
    garbage = "\n".join("".join(chr(noise.randrange(33, 127)) for _ in range(30)) for _ in range(40))
    text = f"datastream,time,value\nP1,2021-01-01T00:00:00Z,1\n{garbage}\nP1,2021-01-01T02:00:00Z,2\n"
    result = take(text)
    assert (result["inserted"], result["rows"]) == (2, 42)
    assert result["quarantined"] == QuarantinedRow.objects.count() == 40


@pytest.mark.parametrize(
    ("content", "settings", "words"),
    [
        ("datastream,time,value\n", "plain", "no rows below"),
        (b"PK\x03\x04\x14\x00\x00\x00,,\n,,\n", "plain", "unpack it"),
        (b"\x00\x01,\x02\x00,\x00\n\x00,\x00,\x00\n", "plain", "no columns"),
        ('Time,P1\n2021-01-01 00:00,"1,234"\n2021-01-01 00:05,950\n', ROME, "name `decimal`"),
    ],
)
def test_what_cannot_be_read_says_why(take, content, settings, words):
    with pytest.raises(ReportedError, match=words):
        take(content, settings)
    file = FeedFile.objects.get()
    assert file.state == "failed"
    assert words in file.error


def test_a_nul_in_a_header_is_passed_over(take):
    assert take("Time;P1;P\x002\n2021-01-01 00:00;1;2\n", ROME)["inserted"] == 2


def test_marks_between_thousands_stand_between_thousands(take):
    """1.5 must not become 15 where a point stands between thousands."""
    text = "Time;P1\n2021-01-01 00:00;1.234,5\n2021-01-01 01:00;1.5\n2021-01-01 02:00;12.34,5\n2021-01-01 03:00;-7\n"
    result = take(text, {**ROME, "decimal": ",", "thousands": "."})
    assert [value for _time, value in stored("P1")] == [1234.5, -7.0]
    assert result["quarantined"] == 2
    text = "Time;P2\n2021-01-01 00:00;1 234,5\n2021-01-01 01:00;1\u202f234\u00a0567,5\n"
    take(text, {**ROME, "thousands": " "})
    assert [value for _time, value in stored("P2")] == [1234.5, 1234567.5]


@pytest.mark.parametrize("form", ["%m/%d/%Y %H:%M", "%d/%m/%Y %H:%M"])
def test_month_and_day_are_told_apart_by_rows_that_follow_each_other(take, form):
    """In the first days of a month both orders read every row."""
    start = datetime(2021, 1, 2, tzinfo=UTC)
    times = [start + timedelta(hours=hour) for hour in range(60)]
    take("Time,P1\n" + "".join(f"{time.strftime(form)},{n}\n" for n, time in enumerate(times)), ROME)
    assert stored("P1")[0][0] == "2021-01-01T23:00:00Z"
    assert stored("P1")[-1] == ("2021-01-04T10:00:00Z", 59.0)


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_without_a_mark(take, encoding):
    text = "Zeit;P1;P2\r\n01.02.2021 00:00;1,5;2,5\r\n01.02.2021 00:05;1,6;2,6\r\n"
    assert take(text.encode(encoding), ROME)["inserted"] == 4


def test_a_column_that_is_ignored_decides_nothing(take):
    text = "Time,P1,note\n2021-01-01 00:00,1.5,pump on\n2021-01-01 00:05,1.6,pump off\n"
    assert take(text, {**ROME, "ignore": ["note"]})["inserted"] == 2


def test_a_file_that_contradicts_itself_changes_nothing_the_second_time(take):
    text = (
        "datastream,time,value\nP1,2021-01-01T00:00:00Z,1\nP1,2021-01-01T00:00:00Z,2\n"
        "P1,2021-01-01T00:00:00Z,3\nP1,2021-01-01T01:00:00Z,4\nP2,2021-01-01T01:00:00Z,4\n"
    )
    first = take(text)
    assert (first["inserted"], first["corrected"]) == (3, 2)
    again = take(text, again=True)
    assert (again["inserted"], again["corrected"], again["unchanged"]) == (0, 0, 5)
    assert SeriesEdit.objects.count() == 2
    # A last word that is another one is taken, with what was said before it.
    other = take(text + "P1,2021-01-01T00:00:00Z,9\n")
    assert (other["corrected"], other["unchanged"]) == (4, 2)


def test_a_load_that_loses_a_deadlock_is_done_again(committing_database, tmp_path: Path, monkeypatch):
    """Two loads that need each other's rows: the database breaks one off, and it starts over."""
    stream = make_stream(Division.objects.get(code="UZ"), "P1")
    path = tmp_path / "logger.csv"
    path.write_text("datastream,time,value\nP1,2021-01-01T00:00:00Z,1\n")
    real, tries = file_ingestion.take_observations, []

    def take_after_a_deadlock(observations, **options):
        tries.append(1)
        if len(tries) == 1:
            break_off()
        return real(observations, **options)

    monkeypatch.setattr(file_ingestion, "take_observations", take_after_a_deadlock)
    profile = FeedProfile.objects.get(name="plain")
    result = ingest_path(path, profile=profile, acting_user=None, has_roll_ups=False)
    assert (result["inserted"], len(tries)) == (1, 2)
    assert stored(stream.code) == [("2021-01-01T00:00:00Z", 1.0)]


def break_off() -> None:
    """As the database does it to the one of two that it gives up."""
    with connection.cursor() as cursor:
        cursor.execute(
            "DO $$ BEGIN RAISE EXCEPTION 'deadlock detected' USING ERRCODE = 'deadlock_detected'; END $$"
        )


def test_a_new_month_is_made_while_others_read_and_write_the_series(committing_database):
    stream: Datastream = make_stream(Division.objects.get(code="UZ"), "P1")
    other = connections.create_connection("default")
    try:
        with other.cursor() as cursor, transaction.atomic():
            with connection.cursor() as own:
                own.execute(
                    "SELECT sensors_make_partition('2031-05-05'), sensors_make_partition('2031-06-05')"
                )
            cursor.execute("SET lock_timeout = '2s'")
            cursor.execute("SELECT count(*) FROM sensors_observation")
            cursor.execute("SELECT count(*) FROM sensors_correction")
            cursor.execute(
                "SELECT count(*) FROM sensors_final(ARRAY[%s]::bigint[], '2021-01-01', '2032-01-01', 'infinity')",
                [stream.pk],
            )
            assert cursor.fetchone() == (0,)
    finally:
        other.close()


def read_all(text: str, **settings: Any) -> tuple[list[float], list[str], list[int]]:
    """The values, reasons and times of a file's text, by what is found in it."""
    form = complete(read_form({"time": {"zone": "Asia/Tashkent"}, **settings}), text)
    reading = TableReader(form).read(Block(data=text.encode(), first_line=0))
    return reading.rows.values.tolist(), [bad.reason for bad in reading.bad], reading.rows.times_us.tolist()


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("+ 0.081", 0.081),
        ("- 0.559", -0.559),
        ("\u22120.5", -0.5),
        ("\u2212 0.5", -0.5),
        ("1 234.5", 1234.5),
        ("1\u00a0234.5", 1234.5),
        ("1'234.5", 1234.5),
        ("1.2E+03", 1200),
        ("\uff11\uff12.5", 12.5),
        ("<0.05", None),
        ("0.081-", None),
        ("12 %", None),
    ],
)
def test_numbers_are_read_as_they_are_written(cell: str, value: float | None) -> None:
    rows = "".join(f"2026/07/{day} 16:53\t{cell}\t{day}.5\n" for day in (13, 14, 15))
    values, reasons, _times = read_all("Time\tA\tB\n" + rows, series={"A": "A"})
    assert values == ([value] * 3 if value is not None else [])
    assert all("is not a number" in reason for reason in reasons)


@pytest.mark.parametrize("between", [" ", "   ", "\t", "\u00a0", " \u00a0 ", ", ", "T"])
def test_day_and_time_are_apart_by_whatever_is_blank(between: str) -> None:
    rows = "".join(f"  2026-08-14{between}15:{minute};1.5\n" for minute in (30, 45))
    values, reasons, times = read_all("Time;A\n" + rows, separator=";")
    assert (values, reasons) == ([1.5, 1.5], [])
    assert times[1] - times[0] == 900_000_000


@pytest.mark.parametrize(
    "written", ["14 август 2026 15:30", "14 avgust 2026 15:30", "14-Aug-2026 15:30", "14.авг.2026 15:30"]
)
def test_months_have_names_in_three_languages(written: str) -> None:
    values, _reasons, times = read_all(f"Time;A\n{written};1.5\n{written.replace('30', '45')};1.5\n")
    assert values == [1.5, 1.5]
    assert times[0] == 1786703400000000


@pytest.mark.parametrize("day", ["02/03/2026", "02-03-2026", "2/3/2026", "02/03/26"])
def test_a_day_of_two_readings_is_asked_about(day: str) -> None:
    rows = "".join(f"{day} 10:{minute};{minute}\n" for minute in (10, 15, 30))
    with pytest.raises(ReportedError, match=r"may be 2026-03-02 or 2026-02-03; name the format"):
        read_all("Time;A\n" + rows)
    # A day beyond 12 decides, and so does the profile.
    decided = rows + f"{day.replace('02', '13', 1).replace('2/3', '13/3')} 10:30;1\n"
    assert len(read_all("Time;A\n" + decided)[0]) == 4
    for format_ in ("%d/%m/%Y %H:%M", "%m/%d/%Y %H:%M"):
        slashed = rows.replace(day, "02/03/2026")
        assert len(read_all("Time;A\n" + slashed, time={"zone": "Asia/Tashkent", "format": format_})[0]) == 3
    assert read_all("Time;A\n" + rows.replace(day, "03/03/2026"))[0] == [10, 15, 30]


def test_a_year_that_may_be_a_day_is_asked_about() -> None:
    """26/03/02 of this year's logger is no day of 2002; where the day comes first the years are those of today."""
    year = datetime.now(UTC).year % 100
    rows = f"Time;P1\n{year}/03/02 10:00;1\n{year}/03/02 10:15;2\n"
    with pytest.raises(ReportedError, match="may have the day first or the year"):
        read_all(rows)
    named = {"zone": "Asia/Tashkent", "format": "%y/%m/%d %H:%M"}
    assert read_all(rows, time=named)[0] == [1, 2]
    assert read_all(f"Time;P1\n25/03/{year} 10:00;1\n25/03/{year} 10:15;2\n")[0] == [1, 2]
