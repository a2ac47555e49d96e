"""Consumption that is billed elsewhere: taken whole, replaced by its key, spread over its days to the litre."""

from decimal import Decimal
from pathlib import Path

import pytest

from assets.models import Network
from balances.models import ImportedConsumption
from tests.balances.zone_balances.town import compute, rows_of, run, table, town

__all__ = ["town"]
HEADER = "zone,from,to,kind,volume_m3,connections,limit95_percent\n"
ROWS = (
    HEADER + "A,2026-01-01,2026-01-31,billed_metered,100,20,1\nB,2025-12-31,2026-01-02,unbilled_metered,1,,\n"
    "A,2026-01,2026-01,billed_unmetered,10.001,5,10\n"
)


def take(folder: Path, text: str) -> dict[str, object]:
    answer: dict[str, object] = run("import_consumption", table(folder, text), "--network", "TOWN")
    return answer


def test_rows_are_made_changed_and_unchanged(town: Network, tmp_path: Path) -> None:
    assert take(tmp_path, ROWS) == {"rows": 3, "made": 3, "changed": 0, "unchanged": 0}
    assert take(tmp_path, ROWS) == {"rows": 3, "made": 0, "changed": 0, "unchanged": 3}
    changed = ROWS.replace("billed_metered,100", "billed_metered,101")
    assert take(tmp_path, changed) == {"rows": 3, "made": 0, "changed": 1, "unchanged": 2}
    assert ImportedConsumption.objects.count() == 4


def test_it_counts_on_both_bases_by_its_days(town: Network, tmp_path: Path) -> None:
    take(tmp_path, ROWS)
    answer = compute("--network", "TOWN", "--daily")
    months = rows_of(answer)
    for code in ("A", "X", "W"):
        row = months[code]
        assert (row["billed_metered_m3"], row["billed_unmetered_m3"]) == ("100.000", "10.001")
        assert row["billed_m3"] == row["apportioned_m3"] == "110.001"
        assert (row["connections"], row["billed_from"], row["billed_to"]) == (25, "2026-01-01", "2026-01-31")
    assert (months["B"]["unbilled_m3"], months["W"]["unbilled_m3"]) == ("0.667", "0.667")
    days = [row for row in answer["rows"] if row["granularity"] == "day" and row["zone_code"] == "A"]
    assert len(days) == 31
    assert sum(Decimal(row["apportioned_m3"]) for row in days) == Decimal("110.001")
    assert {row["billed_m3"] for row in days} == {row["imbalance_billed_m3"] for row in days} == {None}


def test_a_comma_may_be_the_decimal_mark(town: Network, tmp_path: Path) -> None:
    take(tmp_path, "zone;from;to;kind;volume_m3\nA;2026-01-01;2026-01-31;billed_metered;1234,5\n")
    take(tmp_path, "zone;from;to;kind;volume_m3\nC;2026-01-01;2026-01-31;billed_metered;12.5\n")
    volumes = ImportedConsumption.objects.order_by("zone__code").values_list("volume_m3", flat=True)
    assert list(volumes) == [Decimal("1234.5"), Decimal("12.5")]


WRONG = [
    "Q,2026-01-01,2026-01-31,billed_metered,1,,",
    "A,2026-01-32,2026-01-31,billed_metered,1,,",
    "A,2026-02-01,2026-01-31,billed_metered,1,,",
    "A,1900,2026,billed_metered,1,,",
    "A,2026-01-01,2026-01-31,stolen,1,,",
    "A,2026-01-01,2026-01-31,billed_metered,,,",
    "A,2026-01-01,2026-01-31,billed_metered,-1,,",
    "A,2026-01-01,2026-01-31,billed_metered,NaN,,",
    "A,2026-01-01,2026-01-31,billed_metered,1e13,,",
    "A,2026-01-01,2026-01-31,billed_metered,much,,",
    "A,2026-01-01,2026-01-31,billed_metered,1,1.5,",
    "A,2026-01-01,2026-01-31,billed_metered,1,-1,",
    "A,2026-01-01,2026-01-31,billed_metered,1,,101",
    "C,2026-01,2026-01,billed_metered,2,,",
]


def test_wrong_rows_are_named_and_nothing_is_taken(town: Network, tmp_path: Path) -> None:
    good = "C,2026-01-01,2026-01-31,billed_metered,1,,\n"
    error = run("import_consumption", table(tmp_path, HEADER + good + "\n".join(WRONG)), "--network", "TOWN")
    assert error["code"] == "bad_rows"
    assert [detail["row"] for detail in error["details"]] == list(range(3, 3 + len(WRONG)))
    assert not ImportedConsumption.objects.exists()


@pytest.mark.parametrize(("network", "code"), [("NONE", "no_network"), ("TOWN", "unreadable_file")])
def test_what_is_not_there_is_said(town: Network, tmp_path: Path, network: str, code: str) -> None:
    assert run("import_consumption", tmp_path / "none.csv", "--network", network)["code"] == code
