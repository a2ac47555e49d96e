"""A route as a file for a controller's handheld, and the file back: each row told what became of it."""

import csv
import io
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db.backends.postgresql.psycopg_any import DateRange
from django.test import Client
from django.utils import timezone

from billing.exchange.selectors.handheld import (
    HANDHELD_COLUMNS,
    HANDHELD_TEXT_COLUMNS,
    HandheldRoute,
    HandheldRow,
    handheld_cells,
    handheld_rows,
)
from billing.exchange.services.handheld import HandheldReport, take_handheld_file
from billing.ledger.selectors.places import asked_place, place_named
from billing.models import Meter, MeterInstallation, MeterRemark, Reading, Subscriber
from billing.selectors.reading_routes import reading_progress, reading_route
from gis_core.access import NotVisible
from gis_core.errors import ReportedError
from gis_core.models import AuditEvent, Division, User
from gis_core.table_files import table_file
from gis_core.table_reading import read_table
from tests.billing.conftest import read
from tests.gis_core.test_commands import run
from tests.sign_in import confirmed
from tests.world import World, make_world

MARCH = date(2026, 3, 1)
Values = dict[str, Any]


@pytest.fixture
def clerk(make_user: Callable[..., User], district: Division) -> User:
    return make_user("clerk", district)


def out(viewer: User | None, **options: Any) -> list[HandheldRow]:
    place = asked_place(viewer, None) if viewer else place_named("")
    return handheld_rows(HandheldRoute(place, MARCH, **options), viewer, 100)


def filled(rows: list[HandheldRow], said: dict[str, Values], file_format: str = "csv") -> bytes:
    """The file as a handheld gives it back; `said` by the meter's number."""
    cells = [dict(zip(HANDHELD_COLUMNS, row, strict=True)) for row in handheld_cells(rows, file_format)]
    told = [row | said.get(row["meter"], {}) for row in cells]
    return table_file(
        file_format,
        HANDHELD_COLUMNS,
        [[row[name] for name in HANDHELD_COLUMNS] for row in told],
        text_columns=HANDHELD_TEXT_COLUMNS,
    )


def take(data: bytes, user: User | None = None, *, is_trial: bool = False) -> HandheldReport:
    return take_handheld_file(data=data, file="h.csv", is_trial=is_trial, acting_user=user, most_rows=100)


def said(*arguments: str) -> dict[str, Any]:
    code, document = run(*arguments)
    assert code == 0, document
    return document


def told(report: HandheldReport) -> dict[str, tuple[str, str]]:
    """By the meter's number: what became of its row, and why."""
    return {line["key"].split()[0]: (line["outcome"], str(line["reason"])) for line in report.lines}


def test_a_route_goes_out_with_what_is_plausible_on_it(world: World, clerk: User) -> None:
    read(world, 0, date(2026, 2, 1), "118.25")
    read(world, 1, date(2026, 3, 2), "5")
    Subscriber.objects.filter(accounts=world.account(2)).update(house="1")
    rows = out(clerk)
    assert [row.walking_order for row in rows] == [1, 2, 3, 4, 5]
    by_meter = {row.meter: row for row in rows}
    first = by_meter["S0"]
    assert (first.account, first.service_point) == ("17000", "SP-17000")
    assert (first.previous_index_m3, first.previous_read_on) == (Decimal("118.25"), date(2026, 2, 1))
    # 200 m3 a day from 1 February to 31 March.
    assert (first.least_index_m3, first.most_index_m3) == (Decimal("118.25"), Decimal("11718.25"))
    assert (by_meter["S4"].previous_index_m3, by_meter["S4"].most_index_m3) == (
        None,
        Decimal("99999.999"),
    )
    assert {row.meter for row in out(clerk, is_missing_only=True)} == {"S0", "S2", "S3", "S4"}
    with pytest.raises(ReportedError, match="more than 4 meters"):
        handheld_rows(HandheldRoute(asked_place(clerk, None), MARCH), clerk, 4)


@pytest.mark.parametrize("file_format", ["csv", "xlsx"])
def test_the_file_comes_back_once(world: World, clerk: User, file_format: str) -> None:
    read(world, 1, date(2026, 2, 1), "50")
    read(world, 2, date(2026, 2, 1), "50")
    day = date(2026, 3, 5)
    data = filled(
        out(clerk),
        {
            "S0": {"read_on": day, "index_m3": "7.5"},
            "S1": {"read_on": day, "index_m3": "49"},
            "S2": {"read_on": day, "index_m3": "90000", "remark": "glass broken"},
            "S3": {"read_on": day, "remark": "no access"},
        },
        file_format,
    )
    assert data.startswith(b"\xef\xbb\xbf" if file_format == "csv" else b"PK")
    before = Reading.objects.count()
    trial = take(data, clerk, is_trial=True)
    assert (trial.is_written, Reading.objects.count(), MeterRemark.objects.count()) == (False, before, 0)
    report = take(data, clerk)
    assert (
        told(report)
        == told(trial)
        == {
            "S0": ("taken", ""),
            "S1": ("queued", "waits for a decision: backwards"),
            "S2": ("queued", "waits for a decision: implausibly high"),
            "S3": ("remarked", ""),
            "S4": ("not_read", ""),
        }
    )
    entered = Reading.objects.get(installation=world.installations[0])
    assert (entered.index_m3, entered.source, entered.state) == (Decimal("7.5"), "handheld", "accepted")
    assert set(MeterRemark.objects.values_list("text", "entered_by__username")) == {
        ("glass broken", clerk.username),
        ("no access", clerk.username),
    }
    event = AuditEvent.objects.get(action="take handheld file")
    assert event.new_values is not None
    assert event.new_values["readings accepted"] == 1
    again = take(data, clerk)
    assert (again.is_written, Reading.objects.count(), MeterRemark.objects.count()) == (False, before + 3, 2)
    assert again.counts["duplicate"] == 4
    # The route shows what was noted at those who have not reported.
    [street] = reading_progress(clerk, MARCH)
    _row, meters = reading_route(clerk, street.key, MARCH)
    noted = {meter.serial: meter.remark for meter in meters}
    assert (noted["S3"], noted["S0"]) == ("no access", None)
    client = Client()
    client.force_login(clerk)
    assert "no access" in client.get(f"/readings/?street={street.key}&since=2026-03-01").content.decode()


def test_rows_that_do_not_fit_are_told_and_hold_up_no_other(world: World, clerk: User) -> None:
    day = date(2026, 3, 5)
    rows = out(clerk)
    # S1 is exchanged for NEW after the file went out.
    old = world.installations[1]
    MeterInstallation.objects.filter(pk=old.pk).update(
        validity=DateRange(old.validity.lower, date(2026, 3, 1))
    )
    new = Meter.objects.create(division=world.district, serial="NEW", model_name="SGV-15")
    MeterInstallation.objects.create(
        meter=new, service_point=old.service_point, validity=DateRange(date(2026, 3, 1), None)
    )
    index = {"read_on": day, "index_m3": "7.5"}
    data = filled(
        rows,
        {
            "S0": index,
            "S1": index,
            "S2": {**index, "service_point": "SP-17000"},
            "S3": {**index, "meter": "X9"},
            "S4": {**index, "account": "17000"},
        },
    )
    assert told(take(data, clerk)) == {
        "S0": ("taken", ""),
        "S1": ("exchanged", "the meter S1 was taken down on 2026-03-01; NEW hangs there now"),
        "S2": ("other_point", "the meter S2 hangs at SP-17002, not at SP-17000"),
        "X9": ("unknown_meter", "there is no meter X9 here"),
        "S4": ("other_point", "the account 17000 is none of the service point SP-17004"),
    }
    # What was read before the exchange is of the old meter.
    early = filled(rows, {"S1": {"read_on": date(2026, 2, 20), "index_m3": "3"}})
    assert told(take(early, clerk))["S1"] == ("taken", "")


def test_unreadable_cells_are_told_with_their_row(world: World, clerk: User) -> None:
    tomorrow = timezone.localdate() + timedelta(days=1)
    rows = out(clerk)
    data = filled(
        rows,
        {
            "S0": {"read_on": date(2026, 3, 5), "index_m3": "FORMULA"},
            "S1": {"index_m3": "7"},
            "S2": {"read_on": tomorrow, "index_m3": "7"},
            "S3": {"read_on": date(2026, 3, 5), "index_m3": "100000"},
            "S4": {"read_on": date(2026, 3, 5), "index_m3": "8", "remark": "SPOILT"},
        },
    )
    data = data.replace(b"FORMULA", b"=1+1").replace(b"SPOILT", "нет".encode("cp1251"))
    report = take(data, clerk)
    assert {serial: outcome for serial, (outcome, _why) in told(report).items()} == dict.fromkeys(
        [f"S{number}" for number in range(5)], "unreadable"
    )
    columns = {line["key"].split()[0]: line["column"] for line in report.lines}
    assert columns == {"S0": "index_m3", "S1": "read_on", "S2": "read_on", "S3": "index_m3", "S4": "remark"}
    assert (Reading.objects.count(), MeterRemark.objects.count()) == (0, 0)
    with pytest.raises(ReportedError, match="lacks the columns service_point"):
        take(b"meter;remark;read_on\nS0;x;2026-03-05\n", clerk)


def test_others_meters_are_unknown(
    world: World, clerk: User, make_user: Callable[..., User], other_district: Division
) -> None:
    make_world(other_district, network_code="N2", enterprise_code="ALIEN", first=5)
    alien = make_user("clerk", other_district, username="alien")
    assert {row.meter for row in out(alien)} == {f"S{number}" for number in range(5, 10)}
    data = filled(out(clerk), {"S0": {"read_on": date(2026, 3, 5), "index_m3": "7"}})
    assert told(take(data, alien))["S0"][0] == "unknown_meter"
    with pytest.raises(NotVisible):
        take(data, make_user("cashier", other_district, username="cashier"))


def test_over_rest(world: World, clerk: User) -> None:
    client = confirmed(clerk)
    [street] = reading_progress(clerk, MARCH)
    answer = client.get(f"/api/v1/handheld-files/?route={street.key}&month=2026-03")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert (tuple(rows[0]), len(rows)) == (HANDHELD_COLUMNS, 5)
    assert (
        client.get("/api/v1/handheld-files/?division=QIBRAY&route=QIBRAY/1&month=2026-03").status_code == 400
    )
    assert client.get("/api/v1/handheld-files/?division=NONE&month=2026-03").status_code == 404
    sheet = client.get("/api/v1/handheld-files/?division=QIBRAY&month=2026-03&format=xlsx")
    assert len(read_table(b"".join(sheet), "h.xlsx", most_rows=10).rows) == 5
    data = filled(out(clerk), {"S0": {"read_on": date(2026, 3, 5), "index_m3": "7"}})
    sent = client.post("/api/v1/handheld-imports/", {"file": SimpleUploadedFile("h.csv", data)}).json()
    assert (sent["counts"]["taken"], sent["written"], sent["message"]) == (
        1,
        True,
        "The handheld’s file was taken in.",
    )


def test_by_command(world: World, tmp_path: Path) -> None:
    file, protocol = tmp_path / "h.csv", tmp_path / "p.csv"
    made = said("handheld_file", str(file), "--division", "QIBRAY", "--month", "2026-03")
    assert made["rows"] == 5
    file.write_bytes(filled(out(None), {"S0": {"read_on": date(2026, 3, 5), "index_m3": "7"}}))
    tried = said("import_handheld", str(file), "--dry-run", "--protocol", str(protocol))
    assert (tried["written"], tried["counts"]["taken"], Reading.objects.count()) == (False, 1, 0)
    assert protocol.read_text(encoding="utf-8-sig").splitlines()[1].startswith("2,taken,S0")
    assert said("import_handheld", str(file))["written"]
