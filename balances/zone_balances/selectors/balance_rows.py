"""Balances as commands and the API tell them: one row a zone and period."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import connection

from gis_core.database.sql_files import load_sql

LITRES_PER_M3 = 1000


@dataclass(frozen=True)
class BalanceRow:
    """A stored balance with its zone; volumes in m3, coverages as shares, `cost_per_m3` in so'm. Unknown is None."""

    zone_code: str
    parent: str | None
    network: str
    division: str
    granularity: str
    period_start: date
    period_end: date
    input_m3: Decimal | None
    output_m3: Decimal | None
    storage_change_m3: Decimal | None
    supply_m3: Decimal | None
    billed_metered_m3: Decimal
    billed_unmetered_m3: Decimal
    unbilled_m3: Decimal
    estimated_m3: Decimal
    billed_m3: Decimal | None
    apportioned_m3: Decimal
    imbalance_billed_m3: Decimal | None
    imbalance_apportioned_m3: Decimal | None
    limit_95_m3: Decimal | None
    supply_coverage: float
    consumption_coverage: float
    connections: int
    cost_per_m3: Decimal | None
    status: str
    reasons: list[dict[str, Any]]
    billed_from: date | None
    billed_to: date | None

    def as_dict(self) -> dict[str, Any]:
        """The row as it is answered: what rests on the imbalance is None unless the data suffice."""
        facts = {name: getattr(self, name) for name in _ANSWERED}
        imbalance = self.imbalance_apportioned_m3 if self.status == "sufficient" else None
        if imbalance is None:
            facts["imbalance_billed_m3"] = facts["imbalance_apportioned_m3"] = None
        days = (self.period_end - self.period_start).days + 1
        facts["imbalance_percent"] = (
            round(100 * float(imbalance) / float(self.supply_m3), 6)
            if imbalance is not None and self.supply_m3
            else None
        )
        facts["imbalance_l_connection_day"] = (
            round(float(imbalance) * LITRES_PER_M3 / (self.connections * days), 6)
            if imbalance is not None and self.connections
            else None
        )
        facts["cost"] = (
            round(float(imbalance * self.cost_per_m3), 2)
            if imbalance is not None and self.cost_per_m3 is not None
            else None
        )
        return facts


_ANSWERED = tuple(column.name for column in fields(BalanceRow) if column.name != "cost_per_m3")


def balance_rows(
    *, zone_ids: Sequence[int], since: date, last_day: date, years: Sequence[date], with_days: bool
) -> list[BalanceRow]:
    """The stored balances of some zones: years, the months that [since, last_day] touches, and its days if wanted.

    By zone, then year, month, day, then start. The zones must come from somebody who may see them.
    """
    granularities = ["year", "month", "day"] if with_days else ["year", "month"]
    with connection.cursor() as cursor:
        cursor.execute(
            load_sql("balances.zone_balances", "rows"),
            {
                "zone_ids": list(zone_ids),
                "since": since,
                "until": last_day,
                "granularities": granularities,
                "years": list(years),
            },
        )
        return [_row(values) for values in cursor.fetchall()]


def _row(values: tuple[Any, ...]) -> BalanceRow:
    named = dict(zip((column.name for column in fields(BalanceRow)), values, strict=True))
    return BalanceRow(**{**named, "reasons": json.loads(named["reasons"])})
