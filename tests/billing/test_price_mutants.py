"""Are the tests of pricing able to fail? The steps of SQL with one fault each, against the oracle.

`make test` tries some of the faults, `make prove` all; the share found is printed.
"""

import os
from typing import Any

import pytest

from billing.pricing.selectors import engine
from billing.pricing.selectors.cases import PriceCase, price_case
from billing.pricing.selectors.documents import price_cases
from billing.pricing.selectors.json_nodes import JsonNode
from gis_core.database.sql_files import load_sql
from tests.billing.price_cases import random_case
from tests.billing.price_oracle import price_by_oracle
from tests.billing.test_price_cases import compared
from tests.billing.test_price_decisions import case, meter

# (step, what stands there, what is put in its place)
FAULTS = [
    ("month_parts", "<= later.capacity", "< later.capacity"),
    ("month_parts", "> capacity\n", "> 2 * capacity\n"),
    ("month_parts", "> 30", "> 31"),
    ("month_parts", "- pair.pair_from >= 15", "- pair.pair_from > 15"),
    ("month_parts", "- month_start::date >= 15", "- month_start::date > 15"),
    ("month_parts", "(cut.cut_to - cut.cut_from) / 2", "(cut.cut_to - cut.cut_from + 1) / 2"),
    ("month_parts", "factor.valid_from <= step.read_on AND", "factor.valid_from < step.read_on AND"),
    ("month_parts", "* installation.multiplier", ""),
    ("month_parts", "least(cut.cut_to, contract_to)", "cut.cut_to"),
    ("stretches", "make_interval(months => gap.average_months)", "make_interval(months => gap.average_months + 1)"),
    ("stretches", "generate_series(1, gap.average_at_most_months)", "generate_series(1, gap.average_at_most_months + 1)"),
    ("stretches", "unnest(range_agg(daterange(part_from, part_to)))", "unnest(array_agg(daterange(part_from, part_to)))"),
    ("stretches", "NOT gap.days_ever && daterange(earlier_from, earlier_to)\n                   OR", ""),
    ("stretches", "WHEN register = '' THEN 'norm'", "WHEN true THEN 'norm'"),
    ("stretches", "least(month_end, contract_to) AS last_to", "month_end AS last_to"),
    ("stretches", "given_on < least(month_end, contract_to)", "given_on <= least(month_end, contract_to)"),
    ("stretches", "CASE basis WHEN 'share' THEN last_to - first_on ELSE", "CASE basis WHEN 'never' THEN 0 ELSE"),
    ("cut_stretches", "absent_from + absence_minimum_days <= absent_to", "absent_from + absence_minimum_days < absent_to"),
    ("cut_stretches", "greatest(registered - absent, 0) * (piece_to", "registered * (piece_to"),
    ("cut_stretches", "CASE WHEN takes_present OR tariff.per_resident THEN registered.value END", "registered.value"),
    ("cut_stretches", "CASE WHEN takes_present THEN coalesce(absent.residents, 0) END", "NULL::numeric"),
    ("cut_stretches", "CASE WHEN rule = 'norm' OR in_force.shares IS NOT NULL THEN norm.value END", "norm.value"),
    ("cut_stretches", "vat_percent,\n                          coefficient,", "vat_percent,"),
    ("cut_stretches", "ROW(limits, prices, component_names, component_prices,", "ROW(limits, prices,"),
    ("cut_stretches", "ROW(limits, prices,", "ROW(prices,"),
    ("cut_stretches", "share_percent DESC, benefit_no) AS shares", "benefit_no) AS shares"),
    ("cut_stretches", "tariff.register = '' OR", ""),
    ("cut_stretches", "round(shared_quantity * coefficient, 3)", "shared_quantity"),
    ("cut_stretches", "CASE basis WHEN 'of_service' THEN 1 ELSE coefficient END", "coefficient"),
    ("cut_stretches", "coalesce(registered, 0) = 0", "registered IS NULL"),
    ("cut_stretches", "cut_from IS DISTINCT FROM lag(cut_to) OVER same_chain\n              OR", ""),
    ("follow_pieces", "AND NOT lacking.lacks <@ ARRAY['no_price']", "AND lacking.lacks <> '{}'"),
    ("charge_lines", "CASE WHEN per_resident THEN registered ELSE 1 END", "1"),
    ("charge_lines", "up_to * days *", "up_to * 30 *"),
    ("charge_lines", "100 + vat_percent) AS included) of_it\n WHERE filled_to", "100) AS included) of_it\n WHERE filled_to"),
    ("charge_lines", "greatest(filled_from, taken_to - within_norm)", "filled_from"),
    ("charge_lines", "AND CASE WHEN vat_included THEN amount - included ELSE amount END <> 0", ""),
    ("charge_lines", "WHERE kind_rank = 0 AND poor_net", "WHERE kind_rank <= 1 AND poor_net"),
    ("charge_lines", "least(amount, sum(net + vat))", "least(amount, sum(net))"),
    ("charge_lines", "least(amount, sum(net + vat))", "amount"),
    ("charge_lines", "WHERE paid > 0", "WHERE paid <> 0"),
    ("charge_lines", "read_on >= month AND read_on < month_end", "read_on >= month"),
]  # fmt: skip
CASES, TRIED = (1_200, FAULTS) if os.environ.get("TARMOQ_PROVE") else (150, FAULTS[::7])

pytestmark = pytest.mark.django_db


def differs(cases: list[PriceCase], wanted: list[dict[str, Any]]) -> bool:
    return any(compared(answer) != other for answer, other in zip(price_cases(cases), wanted, strict=True))


@pytest.mark.figure
def test_a_fault_in_the_sql_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    documents = [random_case(seed) for seed in range(70_000, 70_000 + CASES)]
    # A month without a meter amid months without a reading is too rare among them.
    old = meter("old", ("2025-08-31", 0), ("2025-09-30", 30), to="2025-10-15")
    new = meter("new", first="2025-12-10")
    documents.append(case("2025-12", old, new, parameters={"average_at_most_months": 1}))
    wanted = [compared(price_by_oracle(document)) for document in documents]
    cases = [price_case(JsonNode(document)) for document in documents]
    assert not differs(cases, wanted)
    survivors = []
    for step, there, fault in TRIED:
        assert there in load_sql("billing.pricing", step), (step, there)

        def spoilt(package: str, name: str, step: str = step, there: str = there, fault: str = fault) -> str:
            text = load_sql(package, name)
            return text.replace(there, fault) if name == step else text

        monkeypatch.setattr(engine, "load_sql", spoilt)
        if not differs(cases, wanted):
            survivors.append((step, there, fault))
    print(f"\nfaults of SQL found: {len(TRIED) - len(survivors)} of {len(TRIED)}")
    assert survivors == []
