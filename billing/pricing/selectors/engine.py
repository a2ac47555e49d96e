"""The engine: staged cases become lines of money, all of them in one pass of SQL."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from gis_core.database.sql_files import load_sql

# The services that follow another are cut by the same statement as the others, after them.
STEPS = (
    *("month_parts", "stretches", "pieces_table", "cut_stretches"),
    *("follow_pieces", "cut_stretches", "charge_lines"),
)


@dataclass(frozen=True)
class PairOfReadings:
    """Two consecutive accepted readings: of which installation, when, what they showed."""

    installation_no: int
    pair_from: Any
    pair_to: Any
    previous_index: Decimal
    current_index: Decimal
    quantity_factor: Decimal
    quantity: Decimal


@dataclass(frozen=True)
class PricedCases:
    """What the engine found: by the number of a case its lines (columns by name), and (service number, reason)."""

    lines: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    exceptions: dict[int, list[tuple[int, str]]] = field(default_factory=dict)
    pairs: dict[int, PairOfReadings] = field(default_factory=dict)


def price_staged(cursor: Any) -> None:
    """Price the staged cases: fills `pricing_line` and `pricing_exception` (`billing/pricing/sql/charge_lines.sql`)."""
    for step in STEPS:
        cursor.execute(load_sql("billing.pricing", step))
        if step == "cut_stretches":
            cursor.execute("ANALYZE pricing_piece")


def read_priced(cursor: Any) -> PricedCases:
    """What `price_staged` left in its tables."""
    priced = PricedCases()
    cursor.execute(load_sql("billing.pricing", "read_lines"))
    names = [column.name for column in cursor.description]
    for row in cursor.fetchall():
        priced.lines.setdefault(row[0], []).append(dict(zip(names, row, strict=True)))
    cursor.execute("SELECT case_no, service_no, reason FROM pricing_exception ORDER BY 1, 2, 3")
    for case_no, service_no, reason in cursor.fetchall():
        priced.exceptions.setdefault(case_no, []).append((service_no, reason))
    cursor.execute(
        "SELECT pair_no, installation_no, pair_from, pair_to, previous_index, current_index, quantity_factor, quantity "
        "FROM pricing_pair WHERE pair_no IN (SELECT unnest(pair_nos) FROM pricing_piece)"
    )
    for pair_no, *values in cursor.fetchall():
        priced.pairs[pair_no] = PairOfReadings(*values)
    return priced
