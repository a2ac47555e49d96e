"""Buildings, penalties and prepaid accounts: by hand, and against slow oracles on random documents."""

import os
import random
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection

from tests.billing.other_documents_oracle import building_by_oracle, penalty_by_oracle, prepaid_by_oracle
from tests.billing.second_price_oracle import price
from tests.billing.test_malformed_documents import BUILDING, PENALTY, PREPAID, changed
from tests.billing.test_price_cases import numbers_written, priced, written

DOCUMENTS = 5_000 if os.environ.get("TARMOQ_PROVE") else 150

pytestmark = pytest.mark.django_db


def some_day(dice: random.Random, days: int = 200) -> str:
    return (date(2025, 1, 1) + timedelta(days=dice.randint(0, days))).isoformat()


def some_amount(dice: random.Random, high: int) -> str:
    return dice.choice([str(dice.randint(0, high)), f"{dice.randint(0, high * 100) / 100:.2f}"])


def some_versions(dice: random.Random, make: Any) -> list[dict[str, Any]]:
    days = {some_day(dice) for _ in range(dice.randint(0, 3))} | (
        {"2020-01-01"} if dice.random() < 0.9 else set()
    )
    return [{"from": day, **make()} for day in sorted(days, reverse=dice.random() < 0.5)]


def random_building(dice: random.Random, number: int) -> dict[str, Any]:
    by = dice.choice(["residents", "area"])
    flats = []
    for place in range(dice.randint(0, 6)):
        flat: dict[str, Any] = {"flat": str(place)}
        if by == "residents" or dice.random() < 0.5:
            flat["residents"] = dice.choice([0, 1, 2, 3])
        if by == "area" or dice.random() < 0.5:
            flat["area_m2"] = dice.choice(["0", "54.3", "33.33", 60])
        if dice.random() < 0.5:
            flat["metered"] = dice.choice([None, some_amount(dice, 40)])
        flats.append(flat)
    building = {"service": "water", "quantity": some_amount(dice, 120), "share_by": by, "flats": flats}
    return {"id": f"B-{number}", "month": "2026-01", "building": building}


def random_penalty(dice: random.Random, number: int) -> dict[str, Any]:
    percents = ["0.1", "0.1", "0.05", "0.033", 0]
    return {
        "id": f"P-{number}",
        "penalty": {
            "as_of": some_day(dice, 300),
            "daily_percent": some_versions(dice, lambda: {"percent": dice.choice(percents)}),
            "grace_days": dice.choice([0, 5, 10, 30]),
            "cap_percent": dice.choice(["50", "1", "0.5", "7.77", 0]),
            "debts": [
                {"amount": some_amount(dice, 5000), "due_on": some_day(dice)}
                for _ in range(dice.randint(0, 4))
            ],
            "payments": [
                {"amount": some_amount(dice, 4000), "on": some_day(dice, 300)}
                for _ in range(dice.randint(0, 4))
            ],
        },
    }


def random_prepaid(dice: random.Random, number: int) -> dict[str, Any]:
    def version() -> dict[str, Any]:
        form: dict[str, Any] = {"price": dice.choice(["450", "600", "672", "333.33", 0])}
        if dice.random() < 0.2:
            form = {"components": [{"name": "a", "price": "400"}, {"name": "b", "price": "50"}]}
        return {**form, "vat_included": True} if dice.random() < 0.2 else form

    events = []
    for _ in range(dice.randint(0, 9)):
        kind, high = dice.choice([("load", 50_000), ("use", 60)])
        events.append({"on": some_day(dice, 250), kind: some_amount(dice, high)})
    return {
        "id": f"V-{number}",
        "prepaid": {
            "tariff": some_versions(dice, version),
            "vat": some_versions(dice, lambda: {"percent": dice.choice(["12", "15"])}),
            "protected_months": dice.choice([0, 1, 2, 2]),
            "events": events,
        },
    }


def test_random_buildings_are_equal_to_the_oracle() -> None:
    dice = random.Random(11)
    documents = [random_building(dice, number) for number in range(DOCUMENTS)]
    answers = priced(*documents)
    assert answers == [building_by_oracle(document) for document in documents]
    assert answers == [price(document) for document in documents]
    reasons = {found["reason"] for answer in answers for found in answer["exceptions"]}
    assert reasons == {"negative_remainder", "no_weights"}
    assert any(len(answer["shares"]) > 2 for answer in answers)


def test_random_penalties_are_equal_to_the_oracle() -> None:
    dice = random.Random(12)
    documents = [random_penalty(dice, number) for number in range(DOCUMENTS)]
    answers = priced(*documents)
    for document, answer in zip(documents, answers, strict=True):
        oracle = penalty_by_oracle(document)
        lines = [
            (
                *(line["due_on"], line["from"], line["to"], line["days"]),
                *(written(line["base"]), written(line["daily_percent"]), line["amount"]),
            )
            for line in answer["lines"]
        ]
        asked = [(*line[:4], written(line[4]), written(line[5]), line[6]) for line in oracle["lines"]]
        assert lines == asked, document
        assert numbers_written(answer) == numbers_written(price(document)), document
        assert (answer["id"], answer["total"]) == (oracle["id"], oracle["total"])
    assert sum(len(answer["lines"]) for answer in answers) > DOCUMENTS / 2


def test_random_prepaid_accounts_are_equal_to_the_oracle() -> None:
    dice = random.Random(13)
    documents = [random_prepaid(dice, number) for number in range(DOCUMENTS)]
    answers = priced(*documents)
    for document, answer in zip(documents, answers, strict=True):
        assert answer == prepaid_by_oracle(document), document
        assert answer == price(document), document
    assert {found["reason"] for answer in answers for found in answer["exceptions"]} == {"no_price", "no_vat"}


def test_a_building_whose_flats_show_more_than_it_shares_nothing() -> None:
    [answer] = priced(changed(BUILDING, "/building/flats/1/metered", "100.5"))
    assert (answer["shares"], answer["remainder"]) == ([], "-0.500")
    assert answer["exceptions"] == [{"reason": "negative_remainder"}]
    [answer] = priced(changed(BUILDING, "/building/flats/1/metered", "100"))
    assert (answer["shares"], answer["remainder"], answer["exceptions"]) == ([], "0.000", [])
    [answer] = priced(changed(BUILDING, "/building/flats/0/residents", 0))
    assert (answer["shares"], answer["exceptions"]) == ([], [{"reason": "no_weights"}])


def test_penalties_stop_at_the_cap_and_the_line_that_reaches_it_keeps_its_days() -> None:
    # 100 bears from 11 February: 18 days at 0.1 % are 1.80, then 60 for 31 days 1.86, of which the cap leaves 0.20.
    [answer] = priced(changed(PENALTY, "/penalty/cap_percent", "2"))
    assert [(line["days"], line["amount"]) for line in answer["lines"]] == [(18, "1.80"), (31, "0.20")]
    assert answer["total"] == "2.00"
    [answer] = priced(changed(PENALTY, "/penalty/cap_percent", "1.8"))
    assert [(line["days"], line["amount"]) for line in answer["lines"]] == [(18, "1.80")]


def test_a_lower_price_gives_more_of_what_is_left_and_a_higher_one_waits() -> None:
    # 500 / 504 = 0.99206 -> 0.992. At 224 with VAT 0.992 * 504 / 224 = 2.232; at 672 on 10 January, 2 months to the
    # day after the load, it is still protected; at 1008 on 1 February it is not: 2.232 * 224 / 1008 = 0.496.
    document = changed(
        PREPAID, "/prepaid/events", [{"on": "2025-11-10", "load": "500"}, {"on": "2026-02-01", "use": 0}]
    )
    tariff = [
        {"from": "2025-01-01", "price": "450"},
        {"from": "2025-12-01", "price": "200"},
        {"from": "2026-01-10", "price": "600"},
        {"from": "2026-02-01", "price": "900"},
    ]
    assert priced(changed(document, "/prepaid/tariff", tariff[:2]))[0]["volume_left"] == "2.232"
    assert priced(changed(document, "/prepaid/tariff", tariff[:3]))[0]["volume_left"] == "2.232"
    assert priced(changed(document, "/prepaid/tariff", tariff))[0]["volume_left"] == "0.496"


def test_many_debts_and_payments_cost_as_many_steps() -> None:
    """Not each debt with each payment: three thousand of both, each debt paid by two payments five days late."""
    days = [date(2000, 1, 1) + timedelta(days=number) for number in range(3_000)]
    document = {
        "id": "many",
        "penalty": {
            "as_of": "2020-01-01",
            "daily_percent": [{"from": "2000-01-01", "percent": "1"}],
            "grace_days": 0,
            "cap_percent": "50",
            "debts": [{"amount": "10", "due_on": day.isoformat()} for day in days],
            "payments": [
                {"amount": "5", "on": (day + timedelta(days=late)).isoformat()}
                for day in days
                for late in (3, 5)
            ],
        },
    }
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = '4s'")
    answer = priced(document)[0]
    assert answer["total"] != "0.00"
