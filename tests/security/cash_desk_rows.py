"""Rows of cash desks, for tests that look at every address and every guard."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any
from uuid import uuid4

from billing.cash_desk.services.refunds import propose_refund
from billing.cash_desk.services.shifts import open_shift
from billing.cash_desk.services.slips import take_money
from billing.models import Account, CashDesk, CashShift, CashSlip, WaitingRefund
from gis_core.access import Capability
from gis_core.models import User
from tests.world import World

CASH_NAMES = ("cash-desk", "cash-shift", "cash-slip", "waiting-refund")
CASH_SLIP_ACTIONS = ("cash-slip-cancel", "cash-slip-propose-refund", "cash-slip-print")
WAITING_REFUND_ACTIONS = ("waiting-refund-confirm", "waiting-refund-withdraw")
CASH_ACTIONS = (*CASH_SLIP_ACTIONS, *WAITING_REFUND_ACTIONS, "cash-shift-close")
CASH_EXPECTED: dict[str, Capability] = {
    **{f"{name}-{form}": Capability.VIEW_SUBSCRIBERS for name in CASH_NAMES for form in ("list", "detail")},
    **dict.fromkeys(("cash-slip-pdf", "cash-shift-slip", "cash-slips"), Capability.VIEW_SUBSCRIBERS),
    **dict.fromkeys((*CASH_ACTIONS, "cash-desk", "cash-desk-accounts"), Capability.RECORD_PAYMENTS),
}
CASH_WRITES: dict[str, Capability] = dict.fromkeys(
    ("cash-shift-list", "cash-slip-list", *CASH_ACTIONS), Capability.RECORD_PAYMENTS
)
CASH_TABLES = (CashShift, CashSlip, WaitingRefund)


def add_cash_rows(world: World, account: Account, numbers: Iterable[int] = range(1)) -> None:
    """Desks with an open shift of a cashier each, its receipt of 50 and a refund of 20 that waits."""
    for number in numbers:
        code = f"K{world.enterprise.code.replace('-', '')}{number}"
        cashier = User.objects.create(username=f"cashier {code}")
        desk = CashDesk.objects.create(
            enterprise=world.enterprise, division=world.district, code=code, name=code
        )
        open_shift(desk=desk, float_amount=Decimal(1000), acting_user=cashier)
        slip = take_money(
            account=account, amount=Decimal(50), tendered=None, request_key=uuid4(), acting_user=cashier
        )
        propose_refund(receipt=slip, amount=Decimal(20), reason="twice", acting_user=cashier)


def cash_details(world: World) -> dict[str, dict[str, Any]]:
    """The keys of the first rows by the names of addresses."""
    of_world = {"enterprise": world.enterprise}
    slip = {"uid": CashSlip.objects.filter(**of_world).earliest("pk").uid}
    shift = {"uid": CashShift.objects.filter(**of_world).earliest("pk").uid}
    refund = {"uid": WaitingRefund.objects.filter(**of_world).earliest("pk").uid}
    return {
        "cash-desk-detail": {"uid": CashDesk.objects.filter(**of_world).earliest("pk").uid},
        **dict.fromkeys(("cash-shift-detail", "cash-shift-slip", "cash-shift-close"), shift),
        **dict.fromkeys(("cash-slip-detail", "cash-slip-pdf", "public-receipt", *CASH_SLIP_ACTIONS), slip),
        **dict.fromkeys(("waiting-refund-detail", *WAITING_REFUND_ACTIONS), refund),
    }


def cash_writes(world: World, account: Account) -> dict[str, dict[str, Any]]:
    """What may be written at them; whoever writes has no shift open, and others wrote before."""
    desk = CashDesk.objects.filter(enterprise=world.enterprise).earliest("pk")
    return {
        "cash-shift-list": {"desk": str(desk.uid), "float_amount": "0"},
        "cash-shift-close": {"counted": "1", "reason": "x"},
        "cash-slip-list": {"account": str(account.uid), "amount": "1", "request_key": str(uuid4())},
        "cash-slip-cancel": {"reason": "x", "request_key": str(uuid4())},
        "cash-slip-propose-refund": {"amount": "1", "reason": "x"},
        "cash-slip-print": {},
        **{name: {} for name in WAITING_REFUND_ACTIONS},
    }
