"""Penalties on what was not paid in time: by the day, after some days of grace, up to a share of the debt."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import connection, transaction

from billing.pricing.selectors.cases import id_of
from billing.pricing.selectors.dated_values import Dated, dated_numbers
from billing.pricing.selectors.json_nodes import JsonNode
from gis_core.database.sql_files import load_sql

# The stretch that reaches a debt's cap gets what is left of it.
_CHARGED = """
SELECT document_no, due_on, first_on, last_to, last_to - first_on, base, percent,
       least(up_to, cap) - least(earlier, cap)
  FROM penalty_stretch
 CROSS JOIN LATERAL (SELECT earlier + round(base * percent * (last_to - first_on) * 0.01, 2)) AS reached (up_to)
 WHERE least(up_to, cap) > least(earlier, cap)
 ORDER BY document_no, due_on, debt_no, first_on
"""


@dataclass(frozen=True, slots=True)
class PenaltyCase:
    """Debts (amount, due on) and payments (amount, on) as of a day that is not counted."""

    id: Any
    as_of: date
    daily_percent: list[Dated[Decimal]]
    grace_days: int
    cap_percent: Decimal
    debts: list[tuple[Decimal, date]]
    payments: list[tuple[Decimal, date]]


def penalty_case(node: JsonNode) -> PenaltyCase:
    """The penalties that a document asks for; raises MalformedDocument."""
    members = node.members(("id", "penalty"))
    penalty = members["penalty"].members(
        ("as_of", "daily_percent", "grace_days", "cap_percent", "debts", "payments")
    )
    return PenaltyCase(
        id=id_of(members["id"]),
        as_of=penalty["as_of"].day(),
        daily_percent=dated_numbers(penalty["daily_percent"], "percent"),
        grace_days=penalty["grace_days"].whole(),
        cap_percent=penalty["cap_percent"].number(),
        debts=[_amount_on(element, "due_on") for element in penalty["debts"].elements()],
        payments=[_amount_on(element, "on") for element in penalty["payments"].elements()],
    )


def _amount_on(node: JsonNode, key: str) -> tuple[Decimal, date]:
    members = node.members(("amount", key))
    return members["amount"].number(), members[key].day()


def compute_penalties(cursor: Any) -> None:
    """Fill `penalty_stretch` from the staged debts, payments and rates (`billing/pricing/sql/penalty_lines.sql`)."""
    cursor.execute("ANALYZE penalty_debt; ANALYZE penalty_rate; ANALYZE penalty_payment")
    cursor.execute(load_sql("billing.pricing", "penalty_lines"))


def penalty_answers(cases: Sequence[PenaltyCase]) -> list[dict[str, Any]]:
    """The penalties of each case, all of them in one pass of SQL."""
    numbered = list(enumerate(cases))
    rates = [
        (number, rate.valid_from, rate.value) for number, case in numbered for rate in case.daily_percent
    ]
    debts = [(number, place, *debt) for number, case in numbered for place, debt in enumerate(case.debts)]
    payments = [(number, *payment) for number, case in numbered for payment in case.payments]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            load_sql("billing.pricing", "stage_penalty_documents"),
            {
                "document_nos": [number for number, _case in numbered],
                "as_of": [case.as_of for case in cases],
                "grace_days": [case.grace_days for case in cases],
                "cap_percents": [case.cap_percent for case in cases],
                **_columns(rates, "rate_document_nos", "rates_from", "percents"),
                **_columns(debts, "debt_document_nos", "debt_nos", "amounts", "due_on"),
                **_columns(payments, "payment_document_nos", "paid", "paid_on"),
            },
        )
        compute_penalties(cursor)
        cursor.execute(_CHARGED)
        rows = cursor.fetchall()
    answers: list[dict[str, Any]] = [{"id": case.id, "lines": [], "total": Decimal("0.00")} for case in cases]
    for number, due_on, first_on, last_to, days, base, percent, charged in rows:
        answers[number]["lines"].append(
            {
                "due_on": due_on.isoformat(),
                "from": first_on.isoformat(),
                "to": last_to.isoformat(),
                "days": days,
                "base": f"{base:f}",
                "daily_percent": f"{percent:f}",
                "amount": f"{charged:f}",
            }
        )
        answers[number]["total"] += charged
    return [{**answer, "total": f"{answer['total']:f}"} for answer in answers]


def _columns(rows: Sequence[tuple[Any, ...]], *names: str) -> dict[str, list[Any]]:
    return {name: [row[place] for row in rows] for place, name in enumerate(names)}
