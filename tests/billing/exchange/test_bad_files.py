"""What is wrong is told by row and column, and nothing of the file is done."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from billing.exchange.selectors.kinds import KINDS
from billing.models import (
    Absence,
    Account,
    AccountValue,
    Contract,
    ContractService,
    Meter,
    MeterInstallation,
    Reading,
    ServicePoint,
    Subscriber,
    SuppliedService,
    Tariff,
)
from gis_core.errors import ReportedError
from gis_core.models import AuditEvent, Street
from tests.billing.exchange.conftest import bring, bring_file, reasons, taken
from tests.world import World, make_world

RESIDENTS = ("account", "valid_from", "residents")
READINGS = ("meter", "read_on", "index_m3")
INSTALLATIONS = ("meter", "service_point", "installed_on", "removed_on")
NEW = {
    "registry_number": "5001",
    "subscriber_class": "household",
    "name": "Karimova",
    "street_division": "QIBRAY-M",
    "street": "1",
    "house": "9",
    "first_day": "2026-01-01",
}


def subscriber(**changes: Any) -> Any:
    """A report on a file of one subscriber."""
    values = {**NEW, **changes}
    return bring("subscribers", list(values), [list(values.values())])


@pytest.mark.parametrize(
    ("cells", "column", "words"),
    [
        (("17000", "2026-02-30", "3"), "valid_from", "is not a day"),
        (("17000", "1.2.26", "3"), "valid_from", "is not a day"),
        (("17000", "1750-01-01", "3"), "valid_from", "years 1900 to 2100"),
        (("17000", "2026-01-01", "2,5"), "residents", "whole number"),
        (("17000", "2026-01-01", "-1"), "residents", "not from 0 to 32767"),
        (("17000", "2026-01-01", "99999999999999999999"), "residents", "not from 0 to 32767"),
        (("17000", "2026-01-01", "three"), "residents", "not a number"),
        (("17000", "2026-01-01", "NaN"), "residents", "not a number"),
        (("17000", "2026-01-01", ""), "residents", "is required"),
        (("", "2026-01-01", "3"), "account", "is required"),
        (("NONE", "2026-01-01", "3"), "account", "SUV has no account NONE here"),
        (("x" * 300, "2026-01-01", "3"), "account", "longer than 200"),
    ],
)
def test_a_wrong_cell_refuses_its_row_and_the_file(
    world: World, cells: tuple[str, ...], column: str, words: str
) -> None:
    good = ("17001", "2026-01-01", "4")
    report = bring("residents", RESIDENTS, [good, cells])
    assert report.counts == {"created": 1, "changed": 0, "unchanged": 0, "refused": 1}
    ((row, named, reason),) = reasons(report)
    assert (row, named) == (3, column)
    assert words in reason
    assert not report.is_written
    assert str(report.summary) == "1 row is refused; nothing is written."
    assert not AccountValue.objects.exists()
    report = bring("residents", RESIDENTS, [good, cells], skips_refused=True)
    assert report.is_written
    assert AccountValue.objects.get().account.number == "17001"


def test_a_formula_is_refused_and_all_wrong_cells_of_a_row_are_told(world: World) -> None:
    report = bring_file("residents", b"account;valid_from;residents\n=A1;=B1;=C1\n")
    assert [(row, column) for row, column, _reason in reasons(report)] == [
        (2, "account"),
        (2, "valid_from"),
        (2, "residents"),
    ]
    assert {reason for _row, _column, reason in reasons(report)} == {
        "a formula is not taken; write its value"
    }


@pytest.mark.parametrize(
    ("header", "code", "words"),
    [
        ("account,valid_from", "missing_columns", "lacks the columns residents"),
        ("a,b,c", "missing_columns", "account, valid_from, residents"),
        ("account,Account number,valid_from,residents", "column_twice", "account twice"),
        ("meter,model", "other_register", "(meters), not of Registered residents"),
        ("meter,read_on,index_m3", "other_register", "Readings (readings)"),
        ("account,kind,valid_from,value", "other_register", "(account_values)"),
        ("account,first_day,last_day,residents", "other_register", "(absences)"),
    ],
)
def test_a_header_that_is_not_the_registers_refuses_the_file(
    world: World, header: str, code: str, words: str
) -> None:
    with pytest.raises(ReportedError) as refused:
        bring_file("residents", f"{header}\n1,2,3,4\n".encode())
    assert refused.value.code == code
    assert words in refused.value.message


def test_no_register_is_taken_for_another(full_world: World) -> None:
    """Each export that is brought in as another register is recognised."""
    mistaken = [
        (kind, other)
        for kind in KINDS
        for content in [taken(kind)]
        for other in KINDS
        if other != kind and refused_as(other, content) not in ("other_register", "missing_columns")
    ]
    assert mistaken == []


def refused_as(kind: str, content: bytes) -> str:
    try:
        bring_file(kind, content, is_trial=True)
    except ReportedError as error:
        return error.code
    return ""


def test_unknown_columns_are_named_and_passed_over(world: World) -> None:
    report = bring("residents", (*RESIDENTS, "colour"), [("17000", "2026-01-01", "3", "red")])
    assert [str(warning) for warning in report.sheet.warnings] == [
        "The column colour is not known and was not read."
    ]
    assert report.is_written


def test_a_row_that_stands_twice_is_refused_the_second_time(world: World) -> None:
    rows = [("17000", "2026-01-01", "3"), ("17001", "2026-01-01", "3"), ("17000", "01.01.2026", "4")]
    assert reasons(bring("residents", RESIDENTS, rows)) == [(4, "account", "stands in row 2 already")]


def test_several_enterprises_must_be_told_apart(world: World, other_district: Any) -> None:
    make_world(other_district, network_code="N2", enterprise_code="OTHER", first=50)
    with pytest.raises(ReportedError, match="OTHER, SUV") as refused:
        bring("residents", RESIDENTS, [("17000", "2026-01-01", "3")], enterprise="")
    assert refused.value.code == "enterprise_needed"


# --- readings


@pytest.mark.parametrize(
    ("cells", "column", "words"),
    [
        (("NONE", "2026-01-01", "5"), "meter", "no meter NONE here"),
        (("S0", "2025-10-31", "5"), "read_on", "was not installed on 2025-10-31"),
        (("S0", "2026-01-01", "-5"), "index_m3", "not from 0"),
        (("S0", "2026-01-01", "100000"), "index_m3", "does not fit a meter of 5 digits"),
        (("S0", "2026-01-01", "5.0001"), "index_m3", "more than 3 digits"),
        (("S0", "2099-01-01", "5"), "read_on", "too far in the future"),
    ],
)
def test_a_reading_that_cannot_be_is_refused(
    world: World, cells: tuple[str, ...], column: str, words: str
) -> None:
    ((row, named, reason),) = reasons(bring("readings", READINGS, [cells]))
    assert (row, named) == (2, column)
    assert words in reason
    assert not Reading.objects.exists()


def test_implausible_readings_are_kept_and_wait(world: World) -> None:
    rows = [
        ("S0", "01.12.2025", "100"),
        ("S0", "01.01.2026", "90"),
        ("S0", "01.02.2026", "99000"),
        ("S1", "01.12.2025", "5,5"),
    ]
    report = bring("readings", READINGS, rows)
    assert report.is_written
    assert [(line["row"], str(line["reason"])) for line in report.lines if line["reason"]] == [
        (3, "waits for a decision: backwards"),
        (4, "waits for a decision: implausibly high"),
    ]
    found = Reading.objects.order_by("installation", "read_on").values_list(
        "index_m3", "state", "queue_reason", "source"
    )
    assert list(found) == [
        (Decimal(100), "accepted", "", "import"),
        (Decimal(90), "queued", "backwards", "import"),
        (Decimal(99000), "queued", "implausibly high", "import"),
        (Decimal("5.5"), "accepted", "", "import"),
    ]
    again = bring("readings", READINGS, rows)
    assert again.counts == {"created": 0, "changed": 0, "unchanged": 4, "refused": 0}
    other = bring("readings", READINGS, [("S0", "01.12.2025", "101")])
    assert [str(line["reason"]) for line in other.lines] == [
        "waits for a decision: another reading of that day"
    ]


# --- meters and installations


def test_a_read_meter_keeps_its_digits(full_world: World) -> None:
    report = bring("meters", ("meter", "model", "digits"), [("S0", "X", "6"), ("S1", "X", "6")])
    assert reasons(report) == [(2, "digits", "the meter has readings: its digits stay, and its multiplier")]
    report = bring("meters", ("meter", "model", "digits"), [("S0", "X", ""), ("S1", "X", "6")])
    assert report.counts["changed"] == 2
    assert list(
        Meter.objects.filter(serial__in=["S0", "S1"]).order_by("serial").values_list("model_name", "digits")
    ) == [
        ("X", 5),
        ("X", 6),
    ]


@pytest.mark.parametrize(
    ("cells", "column", "words"),
    [
        (
            ("0099", "SP-17000", "2026-01-01", ""),
            "installed_on",
            "overlaps what is stored from 2025-11-01 on",
        ),
        (("S0", "SP-TAP", "2026-01-01", ""), "installed_on", "overlaps what is stored from 2025-11-01 on"),
        (("S0", "SP-17000", "2025-11-01", "2025-12-15"), "removed_on", "was read there on 2026-02-01"),
        (("S0", "SP-17000", "2025-11-01", "2025-11-01"), "removed_on", "does not lie after"),
        (("0099", "NOWHERE", "2026-01-01", ""), "service_point", "no service point NOWHERE here"),
        (("NONE", "SP-TAP", "2026-01-01", ""), "meter", "no meter NONE here"),
    ],
)
def test_a_meter_hangs_in_one_place_and_a_place_has_one(
    full_world: World, cells: tuple[str, ...], column: str, words: str
) -> None:
    ((row, named, reason),) = reasons(bring("installations", INSTALLATIONS, [cells]))
    assert (row, named) == (2, column)
    assert words in reason


def test_an_exchange_is_one_file(full_world: World) -> None:
    rows = [
        ("0099", "SP-17000", "2026-02-01", ""),
        ("S0", "SP-17000", "2025-11-01", "2026-02-01"),
        ("S1", "SP-TAP", "2026-03-01", ""),
    ]
    report = bring("installations", INSTALLATIONS, rows)
    assert reasons(report) == [(4, "installed_on", "overlaps what is stored from 2025-11-01 on")]
    report = bring("installations", INSTALLATIONS, rows[:2])
    assert report.counts == {"created": 1, "changed": 1, "unchanged": 0, "refused": 0}
    hung = MeterInstallation.objects.filter(service_point__code="SP-17000").order_by("validity")
    assert [(one.meter.serial, one.validity.upper) for one in hung] == [
        ("S0", date(2026, 2, 1)),
        ("0099", None),
    ]


# --- accounts


def test_days_outside_the_contract_are_refused(full_world: World) -> None:
    Contract.objects.filter(account__number="17003").update(validity=("2025-11-01", "2026-03-01"))
    columns = ("account", "first_day", "last_day", "residents")
    rows = [
        ("17000", "2025-01-01", "2025-02-01", "1"),
        ("17003", "2026-05-01", "2026-06-01", "1"),
        ("17003", "2026-01-10", "2026-01-05", "1"),
    ]
    assert reasons(bring("absences", columns, rows)) == [
        (2, "first_day", "lies before the account’s first contract, which begins on 2025-11-01"),
        (3, "first_day", "lies after the end of the account’s last contract"),
        (4, "last_day", "2026-01-05 lies before 2026-01-10"),
    ]
    assert Absence.objects.count() == 1
    columns = ("account", "service", "first_day", "last_day")
    rows = [
        ("17003", "upkeep", "2026-01-01", ""),
        ("17003", "cold_water", "2026-01-01", "2026-02-28"),
        ("17000", "upkeep", "2026-06-01", "2027-06-01"),
        ("17003", "nothing", "2026-01-01", "2026-02-28"),
    ]
    assert reasons(bring("contract_services", columns, rows)) == [
        (2, "first_day", "the days do not lie within those of the contract C-17003"),
        (3, "service", "cold_water needs a service point, or is charged once"),
        (4, "first_day", "overlaps what is stored from 2026-01-01 to 2026-12-31"),
        (5, "service", "the nomenclature has no service nothing"),
    ]
    assert ContractService.objects.count() == 1


def test_values_fit_their_kind(full_world: World) -> None:
    columns = ("account", "kind", "service", "valid_from", "value")
    rows = [
        ("17000", "norm", "", "2026-01-01", "150"),
        ("17000", "area", "upkeep", "2026-01-01", "50"),
        ("17000", "colour", "", "2026-01-01", "1"),
        ("17000", "area", "", "2026-01-01", "123456789012"),
        ("17000", "area", "", "2026-01-01", "1.23456789"),
    ]
    assert [(row, column) for row, column, _reason in reasons(bring("account_values", columns, rows))] == [
        (2, "service"),
        (3, "service"),
        (4, "kind"),
        (5, "value"),
        (6, "value"),
    ]


def test_a_month_has_one_subsidy_for_a_service_and_quantities_fit_theirs(full_world: World) -> None:
    columns = ("account", "month", "amount", "document", "services")
    rows = [
        ("17001", "2026-01", "1", "another", "cold_water|sewerage"),
        ("17001", "01.2026", "1", "third", "cold_water"),
        ("17001", "2026-13", "1", "", "cold_water"),
        ("17001", "2026-02", "99999999999999999999", "", "cold_water"),
        ("17001", "2026-02", "1", "", "cold_water,cold_water"),
    ]
    assert reasons(bring("subsidies", columns, rows)) == [
        (2, "services", "sewerage is paid for by another subsidy of that month"),
        (3, "services", "cold_water is paid for by row 2 already"),
        (4, "month", "2026-13 is not a month; write it as 2026-01"),
        (5, "amount", "99999999999999999999 is not from 0 to 9999999999999999.99"),
        (6, "services", "names something twice"),
    ]
    columns = ("account", "service", "month", "charged_on", "quantity")
    rows = [
        ("17001", "repair", "2026-01", "", "1"),
        ("17001", "repair", "2026-01", "2026-02-01", "1"),
        ("17001", "cold_water", "2026-01", "2026-01-01", "1"),
        ("17001", "upkeep", "2026-01", "", "1"),
    ]
    assert [(row, column) for row, column, _reason in reasons(bring("given_quantities", columns, rows))] == [
        (2, "charged_on"),
        (3, "charged_on"),
        (4, "charged_on"),
        (5, "service"),
    ]


# --- prices


def test_tariffs_have_no_overlaps_and_one_form(full_world: World) -> None:
    columns = (
        "service",
        "subscriber_class",
        "first_day",
        "last_day",
        "form",
        "price",
        "part_names",
        "part_prices",
        "block_limits",
        "per_resident",
    )
    rows = [
        ("cold_water", "household", "2026-06-01", "", "", "1100", "", "", "", ""),
        ("repair", "household", "2026-01-01", "2026-06-30", "", "1", "", "", "", ""),
        ("repair", "household", "2026-06-30", "", "", "2", "", "", "", ""),
        ("repair", "legal_entity", "2026-01-01", "", "", "", "", "", "", ""),
        ("repair", "legal_entity", "2026-01-02", "", "blocks", "", "", "1|2", "5", ""),
        ("cold_water", "legal_entity", "2030-01-02", "", "blocks", "", "", "1|2|3", "5|4", ""),
        ("upkeep", "legal_entity", "2026-01-02", "", "components", "", "lift", "1|2", "", ""),
        ("sewerage", "legal_entity", "2026-01-02", "", "", "1", "", "", "", "yes"),
    ]
    assert reasons(bring("tariffs", columns, rows)) == [
        (2, "first_day", "overlaps what is stored from 2025-01-01 on"),
        (4, "first_day", "overlaps the days of row 3"),
        (5, "price", "is required"),
        (6, "form", "blocks are for services whose quantity is consumed"),
        (7, "block_limits", "limits rise from above zero"),
        (8, "part_names", "there are as many names as prices, and no limits"),
        (9, "per_resident", "only limits of blocks are for each resident"),
    ]
    new_price = [
        ("cold_water", "household", "2025-01-01", "2026-05-31", "", "1000", "", "", "", ""),
        ("cold_water", "household", "2026-06-01", "", "", "1100", "", "", "", ""),
    ]
    report = bring("tariffs", columns, new_price)
    assert report.counts == {"created": 1, "changed": 1, "unchanged": 0, "refused": 0}
    assert Tariff.objects.filter(service="cold_water", subscriber_class="household").count() == 2


def test_services_follow_what_is_consumed_and_stay_what_they_are(full_world: World) -> None:
    columns = ("code", "name", "unit", "basis", "base", "position", "is_water")
    rows = [
        ("a b", "X", "m3", "fixed", "", "50", ""),
        ("waste", "X", "m3", "of_service", "", "51", ""),
        ("waste", "X", "m3", "of_service", "upkeep", "51", ""),
        ("gas", "X", "m3", "meter", "", "10", ""),
        ("heat", "X", "kWh", "meter", "", "53", "yes"),
        ("cold_water", "X", "l", "meter", "", "10", "no"),
    ]
    assert [(row, column) for row, column, _reason in reasons(bring("services", columns, rows))] == [
        (2, "code"),
        (3, "base"),
        (4, "base"),
        (5, "position"),
        (6, "is_water"),
        (7, "basis"),
    ]
    made = [
        ("hot_waste", "Of hot", "m3", "of_service", "hot", "60", ""),
        ("hot", "Hot", "m3", "meter", "", "61", ""),
    ]
    assert bring("services", columns, made).is_written
    assert SuppliedService.objects.get(code="hot_waste").base_id == "hot"


def test_streets_have_one_name_in_a_division(world: World) -> None:
    columns = ("division", "code", "name")
    rows = [("QIBRAY-M", "2", "Navoiy ko‘chasi"), ("NOWHERE", "2", "Bobur"), ("qibray-m", "3", "Bobur")]
    assert reasons(bring("streets", columns, rows)) == [
        (2, "name", "is that of the street 1 already"),
        (3, "division", "there is no division NOWHERE here that you may change"),
    ]
    assert bring("streets", columns, rows[2:]).is_written
    assert bring("streets", columns, [("QIBRAY-M", "3", "Mirobod")]).counts["changed"] == 1
    assert list(Street.objects.order_by("code").values_list("code", "name")) == [
        ("1", "Navoiy ko‘chasi"),
        ("3", "Mirobod"),
    ]


# --- subscribers


@pytest.mark.parametrize(
    ("changes", "column", "words"),
    [
        ({"subscriber_class": "legal_entity"}, "tax_id", "needs its STIR of nine digits"),
        ({"tax_id": "12"}, "tax_id", "nine digits"),
        ({"personal_id": "12"}, "personal_id", "14 digits"),
        ({"street": "77"}, "street", "QIBRAY-M has no street 77"),
        ({"street_division": "NOWHERE"}, "street_division", "no division NOWHERE"),
        ({"account": "17000"}, "account", "cannot be used"),
        ({"node": "NONE"}, "node", "N1 has no node NONE"),
        ({"node": "A", "network": "N9"}, "network", "no network N9 here"),
        ({"longitude": "60", "latitude": "40"}, "longitude", "no pipe lies within 200 m"),
        ({"longitude": "69.4"}, "node", "needs a node, or longitude and latitude"),
        ({"longitude": "200", "latitude": "40"}, "longitude", "not from -180 to 180"),
        ({"service_point": "SP-NEW"}, "node", "needs a node"),
        ({"service_point": "SP-17000", "node": "A"}, "service_point", "another contract pays"),
        ({"node": "A", "meter": "S0", "model": "X"}, "meter", "hangs at another service point"),
        ({"node": "A", "meter": "NEW-1"}, "model", "required for a meter that is new"),
        ({"meter": "NEW-1", "model": "X"}, "meter", "name one, or a place"),
        ({"node": "A", "service": "nothing"}, "service", "no service nothing"),
        ({"last_day": "2025-12-31"}, "last_day", "lies before"),
        (
            {"registry_number": "17000", "name": "X"},
            "first_day",
            "does not change the days of the contract C-17000",
        ),
        (
            {"registry_number": "17000", "contract": "C-2"},
            "first_day",
            "overlaps the days of the contract C-17000",
        ),
    ],
)
def test_a_subscriber_that_cannot_be_is_refused(
    world: World, changes: dict[str, str], column: str, words: str
) -> None:
    before = (Subscriber.objects.count(), Account.objects.count(), ServicePoint.objects.count())
    ((row, named, reason),) = reasons(subscriber(**changes))
    assert (row, named) == (2, column)
    assert words in reason
    assert (Subscriber.objects.count(), Account.objects.count(), ServicePoint.objects.count()) == before


def test_a_subscriber_is_made_with_all_that_belongs_to_it(world: World) -> None:
    report = subscriber(node="A", meter="0007", model="SGV-15", phone="+998901234567", residents="3")
    assert report.counts["created"] == 1
    made = Subscriber.objects.get(registry_number="5001")
    assert (made.division, made.phone, made.residents, made.is_priority) == (
        world.district,
        "+998901234567",
        3,
        False,
    )
    account = made.accounts.get()
    assert (account.number, account.contracts.get().number) == ("5001", "C-5001")
    hung = MeterInstallation.objects.get(meter__serial="0007")
    assert (hung.service_point.code, hung.service_point.attachment.node.code) == ("SP-5001", "A")
    assert (hung.validity.lower, hung.meter.digits) == (date(2026, 1, 1), 5)
    assert (
        subscriber(node="A", meter="0007", model="SGV-15", phone="+998901234567", residents="3").counts[
            "unchanged"
        ]
        == 1
    )
    changed = subscriber(node="A", meter="0007", model="SGV-15", phone="", residents="4")
    assert [line["changes"] for line in changed.lines] == [
        {"phone": ["+998901234567", ""], "residents": ["3", "4"]}
    ]
    made.refresh_from_db()
    assert (made.phone, made.residents) == ("", 4)


def test_a_subscriber_by_coordinates_is_tapped_from_the_nearest_pipe(world: World) -> None:
    assert subscriber(longitude="69,4035", latitude="41,4003").is_written
    point = ServicePoint.objects.get(code="SP-5001")
    assert point.attachment.pipe_id in {pipe.pk for pipe in world.pipes.values() if not pipe.is_connector}
    assert 0 <= (point.attachment.position or 0) <= 1


def test_rows_of_one_subscriber_say_one_card(world: World) -> None:
    columns = [*NEW, "account", "node", "service_point"]
    rows = [
        [*NEW.values(), "5001", "A", ""],
        [*NEW.values(), "5002", "B", ""],
        [*({**NEW, "name": "Other"}).values(), "5003", "B", ""],
    ]
    assert reasons(bring("subscribers", columns, rows)) == [
        (4, "name", "row 2 says otherwise of the same subscriber")
    ]
    assert bring("subscribers", columns, rows[:2]).counts["created"] == 2
    made = Subscriber.objects.get(registry_number="5001")
    assert sorted(made.accounts.values_list("number", flat=True)) == ["5001", "5002"]


def test_the_protocol_of_what_was_written_is_kept(world: World) -> None:
    report = bring("residents", RESIDENTS, [("17000", "2026-01-01", "3")])
    kept = AuditEvent.objects.get(action="import register")
    assert kept.division == world.district
    assert kept.new_values is not None
    assert kept.new_values["sha256"] == report.sha256
    assert len(report.sha256) == 64
    assert kept.new_values["file"] == "residents.csv"
    assert kept.new_values["counts"] == {"created": 1, "changed": 0, "unchanged": 0, "refused": 0}
    assert kept.new_values["lines"][0]["key"] == "17000 2026-01-01"
