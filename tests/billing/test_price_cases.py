"""T8: the charging rules, by worked examples, against two slow oracles on random cases, and by what must always hold.

`make test` prices 400 random cases and 150 rare ones, `make prove` 20,000 and 5,000; the figures are printed.
"""

import json
import os
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from billing.pricing.selectors.documents import price_document
from tests.billing.price_cases import random_case
from tests.billing.price_oracle import price_by_oracle
from tests.billing.rare_price_cases import rare_case
from tests.billing.second_price_oracle import price

EXAMPLES = json.loads((Path(__file__).parent / "price_examples.json").read_text(encoding="utf-8"))["examples"]
RANDOM_CASES = 20_000 if os.environ.get("TARMOQ_PROVE") else 400
RARE_CASES = 5_000 if os.environ.get("TARMOQ_PROVE") else 150
AT_ONCE = 2_000

pytestmark = pytest.mark.django_db


def priced(*cases: dict[str, Any]) -> list[dict[str, Any]]:
    """The answers to cases priced together."""
    return price_document(json.dumps({"cases": cases}))["cases"]


def written(number: Any) -> str:
    """A number in one way of writing it, whether a text or a fraction."""
    if number is None:
        return "-"
    exact = Fraction(number)
    return f"{(Decimal(exact.numerator) / exact.denominator).normalize():f}"


def compared(answer: dict[str, Any]) -> dict[str, Any]:
    """What of an answer must be equal, in an order of its own and with numbers written in one way."""
    numbers = ("quantity", "price", "coefficient", "net", "vat", "vat_percent")
    lines = [
        (
            *(line["service"] or "", line["kind"], line["from"], line["to"], line["days"]),
            *(written(line[key]) for key in numbers),
        )
        for line in answer["lines"]
    ]
    reasons = sorted((found["service"], found["reason"]) for found in answer["exceptions"])
    totals = {key: answer[key] for key in ("id", "month", "net", "vat", "total")}
    return {**totals, "lines": sorted(lines), "exceptions": reasons}


def numbers_written(answer: Any) -> Any:
    """Another document's answer with the numbers of its lines written in one way."""
    if isinstance(answer, list):
        return [numbers_written(entry) for entry in answer]
    if not isinstance(answer, dict):
        return answer
    return {
        key: written(value) if key in ("base", "daily_percent") else numbers_written(value)
        for key, value in answer.items()
    }


def batches(seeds: Iterator[int], size: int) -> Iterator[list[int]]:
    while batch := list(islice(seeds, size)):
        yield batch


@pytest.mark.parametrize("example", EXAMPLES, ids=[example["case"]["id"] for example in EXAMPLES])
def test_worked_examples_are_equal_in_every_line(example: dict[str, Any]) -> None:
    [answer] = priced(example["case"])
    expected = example["expected"]
    if "error" in expected:
        assert answer["error"]["path"] == expected["error"]["path"]
        assert answer["error"]["message"]
        return
    keys = {key for part in ("lines", "shares", "events") for line in expected.get(part, []) for key in line}
    shown = {
        key: [{name: entry[name] for name in entry if name in keys} for entry in value]
        if key in ("lines", "shares", "events")
        else value
        for key, value in answer.items()
    }
    # The description orders lines by service, day and kind; the examples list them as they were computed.
    for found in (shown, expected):
        if "lines" in found:
            found["lines"] = sorted(found["lines"], key=lambda line: json.dumps(line, sort_keys=True))
    assert shown == expected


@pytest.mark.parametrize("example", EXAMPLES, ids=[example["case"]["id"] for example in EXAMPLES])
def test_worked_examples_are_what_the_second_oracle_says(example: dict[str, Any]) -> None:
    [answer], by_oracle = priced(example["case"]), price(example["case"])
    if "error" in answer:
        assert by_oracle["error"]["path"] == answer["error"]["path"]
    elif "net" in answer:
        assert compared(by_oracle) == compared(answer)
    else:
        assert numbers_written(by_oracle) == numbers_written(answer)


def test_lines_are_ordered_by_service_day_kind_and_block() -> None:
    [first] = [example["case"] for example in EXAMPLES if example["case"]["id"] == "H-1"]
    [answer] = priced(first)
    assert [(line["service"], line["from"][5:], line["kind"]) for line in answer["lines"]][:7] == [
        ("cold_water", "12-26", "consumption"),
        ("cold_water", "12-26", "benefit"),
        ("cold_water", "01-05", "quality"),
        ("cold_water", "01-16", "consumption"),
        ("cold_water", "01-16", "benefit"),
        ("cold_water", "01-21", "consumption"),
        ("sewerage", "12-26", "consumption"),
    ]


@pytest.mark.figure
def test_random_cases_are_equal_to_the_oracle() -> None:
    tally: Counter[str] = Counter()
    largest = Decimal(0)
    for seeds in batches(iter(range(RANDOM_CASES)), AT_ONCE):
        cases = [random_case(seed) for seed in seeds]
        for case, answer in zip(cases, priced(*cases), strict=True):
            assert "error" not in answer, (case["id"], answer)
            oracle = price_by_oracle(case)
            difference = max(
                abs(Decimal(answer[key]) - Decimal(oracle[key])) for key in ("net", "vat", "total")
            )
            largest = max(largest, difference)
            assert compared(answer) == compared(oracle), case["id"]
            assert compared(answer) == compared(price(case)), case["id"]
            tally.update(line["kind"] for line in answer["lines"])
            tally.update(found["reason"] for found in answer["exceptions"])
            tally["cases"] += 1
    print(
        f"\nT8 cases: {tally.pop('cases')}, largest difference: {largest:.2f}; {dict(sorted(tally.items()))}"
    )
    for reason in (
        "no_price",
        "no_vat",
        "no_norm",
        "no_area",
        "no_residents",
        "no_meter",
        "implausible_reading",
    ):
        assert tally[reason], f"no case had {reason}"
    for kind in ("consumption", "estimate", "norm", "share", "area", "residents", "fixed", "one_off"):
        assert tally[kind], f"no case had a line of {kind}"
    assert tally["benefit"]
    assert tally["quality"]
    assert tally["subsidy"]


@pytest.mark.figure
def test_rare_cases_are_equal_to_the_second_oracle() -> None:
    tally: Counter[str] = Counter()
    for seeds in batches(iter(range(RARE_CASES)), AT_ONCE):
        cases = [rare_case(seed) for seed in seeds]
        for case, answer in zip(cases, priced(*cases), strict=True):
            assert "error" not in answer, (case["id"], answer)
            assert compared(answer) == compared(price(case)), case["id"]
            tally.update(line["kind"] for line in answer["lines"])
            tally["cases"] += 1
    print(f"\nT8 rare cases: {tally.pop('cases')}; {dict(sorted(tally.items()))}")
    for kind in ("consumption", "estimate", "norm", "share", "benefit", "quality", "subsidy"):
        assert tally[kind], f"no rare case had a line of {kind}"
