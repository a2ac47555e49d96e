"""What a price document must not say: each fault is named by its JSON Pointer, and the other cases are priced."""

import copy
import json
from collections.abc import Callable
from io import BytesIO, StringIO, TextIOWrapper
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from billing.pricing.selectors.documents import price_document
from gis_core.errors import ReportedError

pytestmark = pytest.mark.django_db

GOOD: dict[str, Any] = {
    "id": "G",
    "month": "2026-01",
    "class": "household",
    "contract": {"from": "2024-05-01", "to": None},
    "residents": [{"from": "2024-05-01", "count": 4}],
    "area_m2": [{"from": "2024-05-01", "value": "54.3"}],
    "vat": [{"from": "2023-01-01", "percent": "12"}],
    "parameters": {"absence_minimum_days": 5, "average_months": 12, "average_at_most_months": 3},
    "services": [
        {
            "service": "water",
            "basis": "meter",
            "unit": "m3",
            "tariff": [{"from": "2025-01-01", "blocks": [{"up_to": "5", "price": "1"}, {"price": "2"}]}],
            "norm_l_per_resident_day": [{"from": "2020-01-01", "value": "150"}],
            "installations": [
                {
                    "meter": "A1",
                    "from": "2024-05-01",
                    "to": "2026-03-01",
                    "digits": 5,
                    "multiplier": "1",
                    "quantity_factor": [{"from": "2024-05-01", "value": "1"}],
                    "readings": [{"on": "2026-01-01", "index": "7"}, {"on": "2026-03-01", "index": 12}],
                }
            ],
        },
        {
            "service": "sewerage",
            "basis": "of_service",
            "of": "water",
            "unit": "m3",
            "coefficient": [{"from": "2020-01-01", "value": "0.9"}],
            "tariff": [{"from": "2025-01-01", "price": "900", "vat_included": True}],
        },
        {
            "service": "upkeep",
            "basis": "area",
            "unit": "m2",
            "tariff": [{"from": "2025-01-01", "price": 1200}],
        },
        {
            "service": "seal",
            "basis": "one_off",
            "unit": "piece",
            "tariff": [{"from": "2025-01-01", "components": [{"name": "work", "price": "5"}]}],
            "on": "2026-01-05",
            "quantity": 1,
        },
        {
            "service": "common",
            "basis": "share",
            "unit": "m3",
            "tariff": [{"from": "2025-01-01", "price": "3"}],
            "shares": [{"month": "2026-01", "quantity": "4"}],
        },
    ],
    "benefits": [{"from": "2025-01-01", "services": ["water"], "residents": 1, "share_percent": "50"}],
    "absences": [{"from": "2026-01-03", "to": "2026-01-12", "residents": 1}],
    "quality_acts": [{"service": "water", "from": "2026-01-05", "to": "2026-01-08", "percent": "100"}],
    "subsidies": [{"month": "2026-01", "amount": "15", "services": ["water", "sewerage"]}],
}
BUILDING: dict[str, Any] = {
    "id": "B",
    "month": "2026-01",
    "building": {
        "service": "water",
        "quantity": "100",
        "share_by": "residents",
        "flats": [{"flat": "1", "residents": 3}, {"flat": "2", "residents": 1, "metered": "10"}],
    },
}
PENALTY: dict[str, Any] = {
    "id": "P",
    "penalty": {
        "as_of": "2025-04-01",
        "daily_percent": [{"from": "2020-01-01", "percent": "0.1"}],
        "grace_days": 10,
        "cap_percent": "50",
        "debts": [{"amount": "100", "due_on": "2025-01-31"}],
        "payments": [{"amount": "40", "on": "2025-03-01"}],
    },
}
PREPAID: dict[str, Any] = {
    "id": "V",
    "prepaid": {
        "tariff": [{"from": "2025-01-01", "price": "450"}],
        "vat": [{"from": "2023-01-01", "percent": "12"}],
        "protected_months": 2,
        "events": [{"on": "2025-11-10", "load": "500"}, {"on": "2025-12-01", "use": "3.5"}],
    },
}
GONE = object()
NO_NUMBERS: list[Any] = [None, True, [], {}, "9" * 60, 10**40]


def changed(document: dict[str, Any], pointer: str, value: Any) -> dict[str, Any]:
    """The document with another value at a pointer; GONE takes the key away, a list at "/…/-" gets one more."""
    made = copy.deepcopy(document)
    *way, last = pointer.strip("/").split("/")
    place: Any = made
    for step in way:
        place = place[int(step)] if isinstance(place, list) else place[step]
    if value is GONE:
        del place[last]
    elif last == "-":
        place.append(value)
    elif isinstance(place, list):
        place[int(last)] = value
    else:
        place[last] = value
    return made


def error_of(document: Any) -> dict[str, Any]:
    [answer] = price_document(json.dumps(document))["cases"]
    assert set(answer) == {"id", "error"}, answer
    assert answer["error"]["message"]
    return answer["error"]


W = "/services/0"
METER = f"{W}/installations/0"
# Where the document is changed, to what, and what the error points to.
FAULTS: list[tuple[str, Any, str]] = [
    # a key missing
    *((f"/{key}", GONE, f"/{key}") for key in ("id", "month", "contract", "services")),
    ("/contract/from", GONE, "/contract/from"),
    *((f"{W}/{key}", GONE, f"{W}/{key}") for key in ("service", "basis", "unit", "tariff", "installations")),
    ("/services/1/of", GONE, "/services/1/of"),
    ("/services/3/on", GONE, "/services/3/on"),
    ("/services/3/quantity", GONE, "/services/3/quantity"),
    ("/services/4/shares", GONE, "/services/4/shares"),
    ("/residents/0/count", GONE, "/residents/0/count"),
    ("/vat/0/from", GONE, "/vat/0/from"),
    *((f"{METER}/{key}", GONE, f"{METER}/{key}") for key in ("meter", "from", "digits", "readings")),
    (f"{METER}/readings/1/index", GONE, f"{METER}/readings/1/index"),
    ("/benefits/0/share_percent", GONE, "/benefits/0/share_percent"),
    ("/absences/0/residents", GONE, "/absences/0/residents"),
    ("/quality_acts/0/percent", GONE, "/quality_acts/0/percent"),
    ("/subsidies/0/amount", GONE, "/subsidies/0/amount"),
    (f"{W}/tariff/0/blocks/0/up_to", GONE, f"{W}/tariff/0/blocks/0/up_to"),
    # a key not on the page
    ("/colour", "red", "/colour"),
    ("/a~b", 1, "/a~0b"),
    (f"{W}/colour", "red", f"{W}/colour"),
    (f"{METER}/colour", "red", f"{METER}/colour"),
    (f"{W}/tariff/0/colour", "red", f"{W}/tariff/0/colour"),
    ("/parameters/colour", 1, "/parameters/colour"),
    ("/residents/0/value", "1", "/residents/0/value"),
    ("/benefits/0/colour", "red", "/benefits/0/colour"),
    # ends of values and of a service's days, which only documents have that registers printed
    ("/residents/0/to", "2030-01-01", "/residents/0/to"),
    ("/vat/0/to", None, "/vat/0/to"),
    (f"{W}/tariff/0/to", "2030-01-01", f"{W}/tariff/0/to"),
    (f"{METER}/quantity_factor/0/to", "2030-01-01", f"{METER}/quantity_factor/0/to"),
    (f"{W}/contract", {"from": "2024-05-01"}, f"{W}/contract"),
    ("/printed_from_registers", "yes", "/printed_from_registers"),
    # a number as a float, negative or unreadable
    ("/services/2/tariff/0/price", 5000.0, "/services/2/tariff/0/price"),
    ("/area_m2/0/value", 54.3, "/area_m2/0/value"),
    ("/residents/0/count", 1e2, "/residents/0/count"),
    (f"{METER}/readings/0/index", 7.0, f"{METER}/readings/0/index"),
    ("/services/2/tariff/0/price", -1, "/services/2/tariff/0/price"),
    ("/area_m2/0/value", "-54.3", "/area_m2/0/value"),
    *(
        ("/area_m2/0/value", value, "/area_m2/0/value")
        for value in ("", "abc", "1,5", "1e3", " 1", "١", "1_0", ".", "NaN")
    ),
    *(("/area_m2/0/value", value, "/area_m2/0/value") for value in NO_NUMBERS),
    ("/residents/0/count", "1.5", "/residents/0/count"),
    ("/parameters/average_months", "-1", "/parameters/average_months"),
    (f"{METER}/digits", 0, f"{METER}/digits"),
    (f"{METER}/digits", "5.5", f"{METER}/digits"),
    # a share or quality percent above 100
    ("/benefits/0/share_percent", "100.01", "/benefits/0/share_percent"),
    ("/quality_acts/0/percent", 101, "/quality_acts/0/percent"),
    # an impossible date
    ("/contract/from", "2026-02-30", "/contract/from"),
    ("/month", "2026-13", "/month"),
    ("/month", "2026-1", "/month"),
    ("/month", "2026-01-01", "/month"),
    ("/contract/from", "20260101", "/contract/from"),
    ("/contract/from", "2026-W01-1", "/contract/from"),
    ("/contract/from", 20260101, "/contract/from"),
    (f"{METER}/readings/0/on", "2025-02-29", f"{METER}/readings/0/on"),
    ("/services/3/on", "2026-00-10", "/services/3/on"),
    ("/services/4/shares/0/month", "2026-00", "/services/4/shares/0/month"),
    # `to` not after `from`
    ("/contract/to", "2024-05-01", "/contract/to"),
    (f"{METER}/to", "2024-04-30", f"{METER}/to"),
    ("/benefits/0/to", "2025-01-01", "/benefits/0/to"),
    ("/absences/0/to", "2026-01-03", "/absences/0/to"),
    ("/quality_acts/0/to", "2026-01-04", "/quality_acts/0/to"),
    # two values from one day: the second
    ("/residents/-", {"from": "2024-05-01", "count": 5}, "/residents/1/from"),
    ("/vat/-", {"from": "2023-01-01", "percent": "12"}, "/vat/1/from"),
    (f"{W}/tariff/-", {"from": "2025-01-01", "price": "5"}, f"{W}/tariff/1/from"),
    (
        f"{W}/norm_l_per_resident_day/-",
        {"from": "2020-01-01", "value": 1},
        f"{W}/norm_l_per_resident_day/1/from",
    ),
    (f"{METER}/quantity_factor/-", {"from": "2024-05-01", "value": 1}, f"{METER}/quantity_factor/1/from"),
    ("/services/4/shares/-", {"month": "2026-01", "quantity": 1}, "/services/4/shares/1/month"),
    # two readings on one day, one outside the installation or beyond its digits
    (f"{METER}/readings/-", {"on": "2026-01-01", "index": 8}, f"{METER}/readings/2/on"),
    (f"{METER}/readings/-", {"on": "2024-04-30", "index": 8}, f"{METER}/readings/2/on"),
    (f"{METER}/readings/-", {"on": "2026-03-02", "index": 8}, f"{METER}/readings/2/on"),
    (f"{METER}/readings/0/index", "100000", f"{METER}/readings/0/index"),
    # a tariff version of none or several of the forms
    (f"{W}/tariff/0", {"from": "2025-01-01"}, f"{W}/tariff/0"),
    (f"{W}/tariff/0/price", "5", f"{W}/tariff/0"),
    ("/services/2/tariff/0/per_resident", True, "/services/2/tariff/0/per_resident"),
    ("/services/3/tariff/0/components", [], "/services/3/tariff/0/components"),
    (f"{W}/tariff/0", {"from": "2025-01-01", "registers": {}}, f"{W}/tariff/0/registers"),
    (f"{W}/tariff/0", {"from": "2025-01-01", "registers": {"day": 1.5}}, f"{W}/tariff/0/registers/day"),
    ("/services/1/tariff/0/vat_included", "yes", "/services/1/tariff/0/vat_included"),
    # blocks that do not rise or whose last is limited, blocks where the rule has none
    (
        f"{W}/tariff/0/blocks",
        [{"up_to": 5, "price": 1}, {"up_to": 5, "price": 1}, {"price": 2}],
        f"{W}/tariff/0/blocks/1/up_to",
    ),
    (f"{W}/tariff/0/blocks/1/up_to", "9", f"{W}/tariff/0/blocks/1/up_to"),
    (f"{W}/tariff/0/blocks", [], f"{W}/tariff/0/blocks"),
    ("/services/2/tariff/0", {"from": "2025-01-01", "blocks": [{"price": 1}]}, "/services/2/tariff/0/blocks"),
    ("/services/3/tariff/0", {"from": "2025-01-01", "blocks": [{"price": 1}]}, "/services/3/tariff/0/blocks"),
    # a service listed twice, one named that the case lacks
    ("/services/2/service", "water", "/services/2/service"),
    ("/services/1/of", "gas", "/services/1/of"),
    ("/benefits/0/services/-", "gas", "/benefits/0/services/1"),
    ("/benefits/0/services/-", "water", "/benefits/0/services/1"),
    ("/quality_acts/0/service", "gas", "/quality_acts/0/service"),
    ("/subsidies/0/services/-", "gas", "/subsidies/0/services/2"),
    # `of` a basis other than a meter, norm or share
    ("/services/1/of", "upkeep", "/services/1/of"),
    ("/services/1/of", "seal", "/services/1/of"),
    ("/services/1/of", "sewerage", "/services/1/of"),
    # a service in two subsidies of a month
    (
        "/subsidies/-",
        {"month": "2026-01", "amount": 1, "services": ["upkeep", "water"]},
        "/subsidies/1/services/1",
    ),
    # other types
    (f"{W}/basis", "barter", f"{W}/basis"),
    ("/services", {}, "/services"),
    ("/contract", [], "/contract"),
    (f"{W}/unit", 5, f"{W}/unit"),
    (f"{W}/unit", "a\0b", f"{W}/unit"),
    ("/id", None, "/id"),
]
OTHER_FAULTS: list[tuple[dict[str, Any], str, Any, str]] = [
    (BUILDING, "/building/share_by", "noise", "/building/share_by"),
    (BUILDING, "/building/flats/0/residents", GONE, "/building/flats/0/residents"),
    (BUILDING, "/building/flats/1/metered", 1.5, "/building/flats/1/metered"),
    (BUILDING, "/services", [], "/services"),
    (PENALTY, "/penalty/as_of", "2025-04-31", "/penalty/as_of"),
    (
        PENALTY,
        "/penalty/daily_percent/-",
        {"from": "2020-01-01", "percent": 1},
        "/penalty/daily_percent/1/from",
    ),
    (PENALTY, "/penalty/cap_percent", GONE, "/penalty/cap_percent"),
    (PENALTY, "/penalty/debts/0/amount", "-1", "/penalty/debts/0/amount"),
    (PREPAID, "/prepaid/events/0/use", "1", "/prepaid/events/0"),
    (PREPAID, "/prepaid/events/0/load", GONE, "/prepaid/events/0"),
    (PREPAID, "/prepaid/events/0/load", 500.5, "/prepaid/events/0/load"),
    (
        PREPAID,
        "/prepaid/tariff/0",
        {"from": "2025-01-01", "blocks": [{"price": 1}]},
        "/prepaid/tariff/0/blocks",
    ),
]


def test_the_documents_are_well_formed_before_they_are_changed() -> None:
    answers = price_document(json.dumps({"cases": [GOOD, BUILDING, PENALTY, PREPAID]}))["cases"]
    assert not [answer for answer in answers if "error" in answer]
    assert answers[0]["exceptions"] == []


@pytest.mark.parametrize(("place", "value", "path"), FAULTS)
def test_a_fault_is_named_by_its_pointer(place: str, value: Any, path: str) -> None:
    assert error_of(changed(GOOD, place, value))["path"] == path


@pytest.mark.parametrize(("document", "place", "value", "path"), OTHER_FAULTS)
def test_a_fault_of_another_document(document: dict[str, Any], place: str, value: Any, path: str) -> None:
    assert error_of(changed(document, place, value))["path"] == path


def test_a_key_written_twice_is_a_fault() -> None:
    text = json.dumps(GOOD).replace('"count": 4', '"count": 4, "count": 5')
    [answer] = price_document(text)["cases"]
    assert answer["error"]["path"] == "/residents/0/count"


def test_one_malformed_case_leaves_the_others() -> None:
    bad = changed(GOOD, "/vat/0/percent", 12.0)
    answers = price_document(json.dumps({"cases": [GOOD, bad, 5, GOOD]}))["cases"]
    assert [set(answer) == {"id", "error"} for answer in answers] == [False, True, True, False]
    assert answers[1]["id"] == "G"
    assert answers[2] == {"id": None, "error": {"path": "", "message": answers[2]["error"]["message"]}}
    assert answers[0] == answers[3]
    assert answers[0]["lines"]


@pytest.mark.parametrize("text", ["", "{", "[1,]", "{'id': 1}", '{"cases": NaN}', "[" * 100_000])
def test_a_text_that_is_no_json_is_refused(text: str) -> None:
    with pytest.raises(ReportedError):
        price_document(text)


@pytest.mark.parametrize("text", ["5", "[]", '{"cases": 5}', '{"cases": [], "month": 1}'])
def test_json_of_another_form_is_refused(text: str) -> None:
    with pytest.raises(ReportedError):
        price_document(text)


def run(*arguments: str) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of `manage.py price`."""
    out, err = StringIO(), StringIO()
    try:
        call_command("price", *arguments, stdout=out, stderr=err)
    except SystemExit as end:
        return int(str(end.code)), out.getvalue(), err.getvalue()
    return 0, out.getvalue(), err.getvalue()


def test_the_command_prints_what_the_document_would_be_charged(tmp_path: Path) -> None:
    path = tmp_path / "case.json"
    path.write_text(json.dumps(GOOD), encoding="utf-8")
    code, out, _ = run(str(path), "--json")
    assert code == 0
    assert json.loads(out) == price_document(json.dumps(GOOD))
    code, out, _ = run(str(path))
    assert code == 0
    assert "sewerage" in out
    assert "Meter A1: 12 on 2026-03-01 less 7 on 2026-01-01" in out


def test_the_command_reads_stdin(monkeypatch: pytest.MonkeyPatch) -> None:
    stdin = TextIOWrapper(BytesIO(json.dumps(GOOD).encode()))
    monkeypatch.setattr("sys.stdin", stdin)
    code, out, _ = run("-", "--json")
    assert code == 0
    assert json.loads(out)["cases"][0]["lines"]


def test_signs_that_no_output_takes_are_a_fault() -> None:
    for text in (
        json.dumps(changed(GOOD, "/id", "\ud800")),
        json.dumps(GOOD).replace('"class"', '"\\udfff"'),
        json.dumps(changed(GOOD, "/services/0/unit", "\ud800")),
    ):
        [answer] = price_document(text)["cases"]
        assert json.dumps(answer["error"], ensure_ascii=False).encode()
        assert str(answer["id"]).encode()


def spoilt(tmp_path: Path, data: bytes) -> str:
    path = tmp_path / "case.json"
    path.write_bytes(data)
    return str(path)


@pytest.mark.parametrize(
    "name_of",
    [
        lambda folder: spoilt(folder, b"no json"),
        lambda folder: spoilt(folder, b"\xff\xfe{}"),
        lambda folder: str(folder / "missing.json"),
        str,
    ],
    ids=["no JSON", "no UTF-8", "no file", "a folder"],
)
def test_a_file_that_cannot_be_read_exits_1(tmp_path: Path, name_of: Callable[[Path], str]) -> None:
    code, out, err = run(name_of(tmp_path), "--json")
    assert code == 1
    assert json.loads(out)["error"]["message"] in err
