"""What holds of every case besides its numbers, shown on random ones."""

import copy
import json
import os
import random
from calendar import monthrange
from collections import defaultdict
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from itertools import pairwise
from typing import Any

import pytest

from tests.billing.price_cases import random_case
from tests.billing.test_price_cases import compared, priced

CASES = 2_000 if os.environ.get("TARMOQ_PROVE") else 200
NOT_CHARGES = ("benefit", "quality", "subsidy")

pytestmark = pytest.mark.django_db


def lists_of_values(part: Any) -> list[list[dict[str, Any]]]:
    """Every dated list of a case, wherever it stands."""
    if isinstance(part, list):
        is_dated = part and all(
            isinstance(entry, dict) and "from" in entry and "to" not in entry for entry in part
        )
        keys = {"count", "value", "percent", "price", "components", "blocks", "registers"}
        found = [part] if is_dated and all(keys & set(entry) for entry in part) else []
        # An act of poor quality has a percent and days too, but is no value that holds until the next.
        found = [] if found and any("service" in entry for entry in part) else found
        return found + [inner for entry in part for inner in lists_of_values(entry)]
    if isinstance(part, dict):
        return [inner for value in part.values() for inner in lists_of_values(value)]
    return []


def scaled_prices(part: Any) -> Any:
    """The same with every price tenfold."""
    if isinstance(part, list):
        return [scaled_prices(entry) for entry in part]
    if not isinstance(part, dict):
        return part
    return {
        key: str(Decimal(str(value)) * 10)
        if key == "price"
        else {register: str(Decimal(price) * 10) for register, price in value.items()}
        if key == "registers"
        else scaled_prices(value)
        for key, value in part.items()
    }


def test_order_does_not_matter_to_amounts() -> None:
    cases = [random_case(seed) for seed in range(10_000, 10_000 + CASES)]
    shuffled = copy.deepcopy(cases)
    dice = random.Random(1)
    for case in shuffled:
        dice.shuffle(case["services"])
        for values in lists_of_values(case):
            dice.shuffle(values)
        for service in case["services"]:
            for installation in service.get("installations", []):
                dice.shuffle(installation["readings"])
    places = list(range(CASES))
    dice.shuffle(places)
    answers = priced(*cases)
    others = priced(*(shuffled[place] for place in places))
    for place, other in zip(places, others, strict=True):
        assert compared(other) == compared(answers[place])
    assert sum(len(answer["lines"]) for answer in answers) > CASES


def test_a_value_split_into_two_equal_ones_changes_nothing() -> None:
    cases = [random_case(seed) for seed in range(20_000, 20_000 + CASES)]
    split = copy.deepcopy(cases)
    dice = random.Random(2)
    count = 0
    for case in split:
        month = date.fromisoformat(case["month"] + "-01")
        for values in lists_of_values(case):
            day = (month + timedelta(days=dice.randint(-15, 45))).isoformat()
            begun = [version for version in values if version["from"] < day]
            if begun and all(version["from"] != day for version in values):
                values.append({**max(begun, key=lambda version: version["from"]), "from": day})
                count += 1
    for answer, other in zip(priced(*cases), priced(*split), strict=True):
        assert compared(other) == compared(answer)
    assert count > CASES


def test_ten_times_the_prices_is_ten_times_each_unrounded_amount() -> None:
    cases = [random_case(seed) for seed in range(30_000, 30_000 + CASES)]
    count = 0
    for answer, tenfold in zip(priced(*cases), priced(*map(scaled_prices, cases)), strict=True):
        charges, dearer = (
            [line for line in each["lines"] if line["kind"] not in NOT_CHARGES] for each in (answer, tenfold)
        )
        assert len(charges) == len(dearer)
        for line, dear in zip(charges, dearer, strict=True):
            same = ("service", "kind", "from", "to", "quantity", "coefficient", "vat_percent")
            assert [line[key] for key in same] == [dear[key] for key in same]
            amount = Decimal(line["quantity"]) * Decimal(line["price"]) * Decimal(line["coefficient"])
            for each, unrounded in ((line, amount), (dear, amount * 10)):
                charged = Decimal(each["net"])
                if "in it" in each["explanation"]:
                    charged += Decimal(each["vat"])
                assert charged == unrounded.quantize(Decimal("0.01"), ROUND_HALF_UP)
            count += 1
    assert count > CASES


def test_pieces_partition_the_days_charged() -> None:
    count = 0
    cases = [random_case(seed) for seed in range(40_000, 40_000 + CASES)]
    for case, answer in zip(cases, priced(*cases), strict=True):
        month = date.fromisoformat(case["month"] + "-01")
        month_end = month + timedelta(days=monthrange(month.year, month.month)[1])
        first = max(month, date.fromisoformat(case["contract"]["from"]))
        end = min(month_end, date.fromisoformat(case["contract"].get("to") or "9999-01-01"))
        refused = {found["service"] for found in answer["exceptions"]}
        for service in case["services"]:
            if service["basis"] not in ("area", "fixed") or service["service"] in refused or first >= end:
                continue
            days = [
                (line["from"], line["to"])
                for line in answer["lines"]
                if line["service"] == service["service"] and line["kind"] == service["basis"]
            ]
            assert days[0][0] == first.isoformat()
            assert days[-1][1] == end.isoformat()
            assert all(before[1] == after[0] for before, after in pairwise(days))
            count += 1
    assert count > CASES / 5


def test_the_quantities_of_pairs_sum_to_them_over_the_months() -> None:
    """Whatever is cut, and whichever month each part counts in: the bills' sum is the meter's, and no day is lost."""
    dice = random.Random(5)
    wanted: dict[str, Decimal] = {}
    cases = []
    for number in range(CASES // 10):
        day, index = date(2025, 1, 1) + timedelta(days=dice.randint(0, 60)), Decimal(99_950)
        readings = [{"on": day.isoformat(), "index": str(index)}]
        first = day
        total = Decimal(0)
        while day < date(2025, 10, 1):
            day += timedelta(days=dice.choice([1, 12, 15, 16, 29, 30, 31, 32, 45, 61, 75, 92]))
            used = Decimal(dice.randint(0, 90_000)) / 1000
            total += used
            index = (index + used) % 100_000
            readings.append({"on": day.isoformat(), "index": str(index)})
        versions = [
            {
                "from": (first + timedelta(days=30 * place + dice.randint(-10, 10))).isoformat(),
                "price": 100 + place,
            }
            for place in range(-2, 9)
        ]
        case = {
            "contract": {"from": "2024-01-01"},
            "vat": [{"from": "2023-01-01", "percent": 12}],
            "services": [
                {
                    **{"service": "water", "basis": "meter", "unit": "m3", "tariff": versions},
                    "installations": [
                        {"meter": "A", "from": first.isoformat(), "digits": 5, "readings": readings}
                    ],
                }
            ],
        }
        wanted[f"Q-{number}"] = total
        months = [f"2025-{month:02d}" for month in range(1, 13)]
        cases += [{"id": f"Q-{number}", "month": month, **case} for month in months]
    found: defaultdict[str, Decimal] = defaultdict(Decimal)
    spans: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)
    for answer in priced(*cases):
        for line in answer["lines"]:
            if line["kind"] == "consumption":
                found[answer["id"]] += Decimal(line["quantity"])
                spans[answer["id"]].append((line["from"], line["to"]))
    assert dict(found) == wanted
    for days in spans.values():
        ordered = sorted(days)
        assert all(before[1] <= after[0] for before, after in pairwise(ordered))


def test_pricing_stores_nothing(django_assert_num_queries: Any) -> None:
    """Nothing of it is left, even in the same transaction."""
    from django.db import connection

    def counts() -> dict[str, int]:
        with connection.cursor() as cursor:
            tables = connection.introspection.table_names(cursor)
            found = {}
            for table in tables:
                cursor.execute(f'SELECT count(*) FROM "{table}"')
                found[table] = cursor.fetchone()[0]
            cursor.execute("SELECT count(*) FROM pg_class WHERE relname LIKE 'pricing\\_%%'", [])
            found["temporary tables"] = cursor.fetchone()[0]
        return found

    before = counts()
    [answer] = priced(random_case(7))
    assert json.dumps(answer)
    assert counts() == before
    assert len(before) > 50
    assert before["temporary tables"] == 0
