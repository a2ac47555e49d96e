"""What the description of the charging rules leaves open, as ADR 25 decides it, by hand."""

from itertools import pairwise
from typing import Any

import pytest

from tests.billing.test_price_cases import priced

pytestmark = pytest.mark.django_db

NORM = [{"from": "2020-01-01", "value": "100"}]


def meter(name: str, *readings: tuple[str, Any], first: str = "2024-01-01", **more: Any) -> dict[str, Any]:
    listed = [{"on": day, "index": index} for day, index in readings]
    return {"meter": name, "from": first, "digits": 5, "readings": listed, **more}


def case(month: str, *installations: dict[str, Any], service: Any = None, **more: Any) -> dict[str, Any]:
    """Water at 10 with these meters; `service` changes the service, `more` the case."""
    water = {
        "service": "water",
        "basis": "meter",
        "unit": "m3",
        "tariff": [{"from": "2020-01-01", "price": 10}],
        "installations": list(installations),
        **(service or {}),
    }
    return {
        "id": month,
        "month": month,
        "contract": {"from": "2020-01-01"},
        "vat": [{"from": "2020-01-01", "percent": 12}],
        "services": [water, *more.pop("services", [])],
        **more,
    }


def lines(answer: dict[str, Any]) -> list[tuple[str, str, str, str]]:
    return [(line["kind"], line["from"], line["to"], line["quantity"]) for line in answer["lines"]]


def reasons(answer: dict[str, Any]) -> list[tuple[str, str]]:
    return [(found["service"], found["reason"]) for found in answer["exceptions"]]


def test_a_month_without_a_meter_ends_the_row_of_months_without_reading() -> None:
    # 30 m3 in 30 days of September; the meter is gone from 15 October, the next one comes on 10 December.
    old = meter("old", ("2025-08-31", 0), ("2025-09-30", 30), to="2025-10-15")
    new = meter("new", first="2025-12-10")
    months = ("2025-10", "2025-11", "2025-12", "2026-01")
    parameters = {"average_at_most_months": 1}
    norm = {"norm_l_per_resident_day": NORM}
    residents = [{"from": "2020-01-01", "count": 2}]
    october, november, december, january = priced(
        *(case(month, old, new, service=norm, parameters=parameters, residents=residents) for month in months)
    )
    assert lines(october) == [("estimate", "2025-10-01", "2025-10-15", "14.000")]
    assert (lines(november), reasons(november)) == ([], [("water", "no_meter")])
    assert lines(december) == [("estimate", "2025-12-10", "2026-01-01", "22.000")]
    # The second in a row: 0.1 x 2 residents x 31 days.
    assert lines(january) == [("norm", "2026-01-01", "2026-02-01", "6.200")]


def test_two_meters_at_once_add_up_to_the_average_day() -> None:
    # 30 and 60 m3 in the same 30 days are 3 m3 a day.
    first = meter("kitchen", ("2025-08-31", 0), ("2025-09-30", 30))
    second = meter("bath", ("2025-08-31", 0), ("2025-09-30", 60))
    [answer] = priced(case("2025-10", first, second))
    assert lines(answer) == [("estimate", "2025-10-01", "2025-11-01", "93.000")]


def test_what_is_read_at_last_replaces_the_estimates() -> None:
    """September to December are 122 days; the bills of all months sum to what the meter shows."""
    readings = [("2025-08-31", 0), ("2025-09-30", 31)]
    months = ("2025-09", "2025-10", "2025-11", "2025-12")
    guessed = priced(*(case(month, meter("A", *readings)) for month in months))
    assert [answer["lines"][0]["kind"] for answer in guessed] == ["consumption"] + ["estimate"] * 3
    known = priced(*(case(month, meter("A", *readings, ("2025-12-31", 100))) for month in months))
    # 69 m3 in 92 days from 30 September: 32, 30 and 30 days.
    assert [lines(answer)[0][3] for answer in known] == ["31.000", "24.000", "22.500", "22.500"]


def test_a_register_that_nobody_read_leaves_the_service_without_lines() -> None:
    day = meter("E", ("2026-01-01", 0), ("2026-02-01", 50), register="day")
    night = meter("E", register="night")
    service = {
        "tariff": [{"from": "2020-01-01", "registers": {"day": 4, "night": 2}}],
        "norm_l_per_resident_day": NORM,
    }
    [answer] = priced(case("2026-01", day, night, service=service))
    assert (lines(answer), reasons(answer)) == ([], [("water", "no_norm")])
    night = meter("E", ("2026-01-01", 0), ("2026-02-01", 5), register="night")
    [answer] = priced(case("2026-01", day, night, service=service))
    assert [(line["quantity"], line["price"]) for line in answer["lines"]] == [
        ("50.000", "4"),
        ("5.000", "2"),
    ]


def test_a_base_is_followed_without_its_price_but_not_without_its_vat() -> None:
    sewerage = {
        "service": "sewerage",
        "basis": "of_service",
        "of": "water",
        "unit": "m3",
        "tariff": [{"from": "2020-01-01", "price": 5}],
    }
    read = meter("A", ("2026-01-01", 0), ("2026-02-01", 31))
    late = {"tariff": [{"from": "2026-01-11", "price": 10}]}
    exempt_later = {"vat": [{"from": "2026-01-11", "percent": 0}]}
    without_price, without_vat = priced(
        *(case("2026-01", read, service=service, services=[sewerage]) for service in (late, exempt_later))
    )
    # The base's cuts stay, that of its price too.
    assert [line["quantity"] for line in without_price["lines"]] == ["10.000", "21.000"]
    assert reasons(without_price) == [("water", "no_price")]
    assert (lines(without_vat), reasons(without_vat)) == ([], [("water", "no_vat")])


def test_another_split_of_the_same_price_cuts_and_a_price_by_register_does_not() -> None:
    read = meter("A", ("2026-01-01", 0), ("2026-02-01", 31))
    parts = [
        {
            "from": "2020-01-01",
            "components": [{"name": "supply", "price": 8}, {"name": "transport", "price": 2}],
        },
        {
            "from": "2026-01-11",
            "components": [{"name": "supply", "price": 7}, {"name": "transport", "price": 3}],
        },
    ]
    [answer] = priced(case("2026-01", read, service={"tariff": parts}))
    assert [line["quantity"] for line in answer["lines"]] == ["10.000", "21.000"]
    forms = [{"from": "2020-01-01", "price": "10.0"}, {"from": "2026-01-11", "registers": {"day": 10}}]
    [answer] = priced(case("2026-01", {**read, "register": "day"}, service={"tariff": forms}))
    assert lines(answer) == [("consumption", "2026-01-01", "2026-02-01", "31.000")]


def test_a_benefit_that_follows_one_of_equal_terms_cuts_nothing() -> None:
    read = meter("A", ("2026-01-01", 0), ("2026-02-01", 31))
    terms = {"services": ["water"], "residents": 1, "share_percent": 50}
    benefits = [{"from": "2025-01-01", "to": "2026-01-11", **terms}, {"from": "2026-01-11", **terms}]
    [answer] = priced(case("2026-01", read, service={"norm_l_per_resident_day": NORM}, benefits=benefits))
    # 0.1 x 31 days at 10, half of it
    assert [(line["kind"], line["quantity"], line["net"]) for line in answer["lines"]] == [
        ("consumption", "31.000", "310.00"),
        ("benefit", "3.100", "-15.50"),
    ]


def test_a_benefit_without_a_norm_leaves_the_charge_and_says_so() -> None:
    read = meter("A", ("2026-01-01", 0), ("2026-02-01", 31))
    benefits = [{"from": "2025-01-01", "services": ["water"], "residents": 1, "share_percent": 50}]
    idle = meter("A", ("2026-01-01", 7), ("2026-02-01", 7))
    charged, nothing = priced(*(case("2026-01", each, benefits=benefits) for each in (read, idle)))
    assert (lines(charged), reasons(charged)) == (
        [("consumption", "2026-01-01", "2026-02-01", "31.000")],
        [("water", "no_norm")],
    )
    assert (lines(nothing), reasons(nothing)) == ([], [])


def test_quotients_are_rounded_from_all_their_digits() -> None:
    # 10^15 - 1 thousandths over 61 days: a division that keeps sixteen digits would round some of these wrongly.
    read = {**meter("A", ("2026-01-01", 0), ("2026-01-30", "499999999999.999")), "digits": 12}
    tariff = [{"from": f"2026-01-{day:02d}", "price": day} for day in range(1, 30)]
    [answer] = priced(case("2026-01", read, service={"tariff": tariff}))
    thousandths = [(2 * 499_999_999_999_999 * day + 29) // 58 for day in range(30)]
    wanted = [after - before for before, after in pairwise(thousandths)]
    assert [int(line["quantity"].replace(".", "")) for line in answer["lines"]] == wanted
