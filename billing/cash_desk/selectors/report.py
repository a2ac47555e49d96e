"""The collectors' papers of some days: receipts, cancelled ones, refunds, and what they add up to."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Count, QuerySet, Sum

from billing.cash_desk.selectors.desk import slips_visible_to
from billing.models import CashSlip
from gis_core.access import Viewer

MOST_SHOWN = 200
MOST_DAYS = 366
MOST_IN_FILE = 20_000
SLIP_COLUMNS = (
    *("made_on", "number", "kind", "desk", "shift", "cashier", "account", "subscriber", "amount_uzs"),
    *("receipt", "reason", "approved_by", "is_cancelled", "paid_back_uzs"),
)


@dataclass(frozen=True)
class SlipTotals:
    """What one cashier took and paid back on a day; `kept` is what is left of it."""

    made_on: date
    cashier: str
    receipts: Decimal = Decimal(0)
    receipt_count: int = 0
    cancellations: Decimal = Decimal(0)
    cancellation_count: int = 0
    refunds: Decimal = Decimal(0)
    refund_count: int = 0

    @property
    def kept(self) -> Decimal:
        return self.receipts - self.cancellations - self.refunds


def slips_of_days(
    viewer: Viewer,
    *,
    first_day: date,
    last_day: date,
    cashier: str = "",
    desk: str = "",
    kind: str = "",
) -> QuerySet[CashSlip]:
    """The viewer's slips of the days given, both included; of a cashier's user name, a desk's code, a kind."""
    slips = slips_visible_to(viewer).filter(made_on__gte=first_day, made_on__lte=last_day)
    asked = {"made_by__username": cashier, "desk__code": desk, "kind": kind}
    return slips.filter(**{name: value for name, value in asked.items() if value})


def totals_by_day(slips: QuerySet[CashSlip]) -> list[SlipTotals]:
    """The sums of slips by day and cashier, the newest day first."""
    rows = slips.order_by().values("made_on", "made_by__username", "kind")
    found: dict[tuple[date, str], dict[str, Any]] = {}
    for row in rows.annotate(amount=Sum("amount"), number=Count("pk")):
        kind = row["kind"]
        place = found.setdefault((row["made_on"], row["made_by__username"]), {})
        place |= {f"{kind}s": row["amount"], f"{kind}_count": row["number"]}
    keys = sorted(found, key=lambda key: (-key[0].toordinal(), key[1]))
    return [SlipTotals(*key, **found[key]) for key in keys]


def sum_of(totals: list[SlipTotals], day: date) -> SlipTotals:
    """All of them as one."""
    names = ("receipts", "receipt_count", "cancellations", "cancellation_count", "refunds", "refund_count")
    added = {name: sum(getattr(row, name) for row in totals) for name in names}
    return SlipTotals(day, "", **added)


def slip_cells(slip: CashSlip) -> list[Any]:
    """A slip as a row of SLIP_COLUMNS; what was paid back is negative, so that the column adds up."""
    later = list(slip.later_slips.all())
    return [
        *(slip.made_on, str(slip), slip.kind, slip.desk.code, slip.shift.number, slip.made_by.username),
        *(slip.account.number, slip.account.subscriber.name, slip.signed_amount),
        *(str(slip.receipt) if slip.receipt else "", slip.reason),
        slip.approved_by.username if slip.approved_by else "",
        any(one.kind == CashSlip.Kind.CANCELLATION for one in later),
        sum((one.amount for one in later if one.kind == CashSlip.Kind.REFUND), Decimal(0)),
    ]
