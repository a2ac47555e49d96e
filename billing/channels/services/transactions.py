"""A provider's transaction: begun, performed, cancelled, reversed, expired. One row, locked before it moves.

Performing is one database transaction: the state, the payment, its legs, the audit. Nothing here takes a lock that a
billing run holds: the account's row is locked in a mode that bills do not touch, the month is held open beside them.
"""

import time
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Sum
from django.utils import timezone

from billing.ledger.services.booking import lock_accounts
from billing.ledger.services.corrections import reverse_payment
from billing.models import Account, ChannelSettings, Payment, PaymentReversal, ProviderTransaction
from billing.services.payments import record_payment
from gis_core.models import Enterprise

State = ProviderTransaction.State
# By the provider's own clock, or by ours.
_LIVES_MS = {"payme": ("provider_time_ms", 43_200_000), "uzum": ("created_at_ms", 1_800_000)}
PAYME_LIFE_MS = _LIVES_MS["payme"][1]
_TIMED_OUT = {"payme": 4}
_GREATEST_TIYIN = 10**15


@dataclass(frozen=True)
class AskedAmount:
    """What is wrong with an amount that a provider names: nothing, no amount, below or above the bounds."""

    tiyin: int
    fault: str


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def bounded(settings: ChannelSettings, value: object) -> AskedAmount:
    """An amount in tiyin; `fault` is "", `none`, `below` or `above`. Truths, texts and floating numbers are none."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= _GREATEST_TIYIN:
        is_number = isinstance(value, int) and not isinstance(value, bool) and value > _GREATEST_TIYIN
        return AskedAmount(0, "above" if is_number else "none")
    if value < settings.min_amount * 100:
        return AskedAmount(value, "below")
    return AskedAmount(value, "above" if value > settings.max_amount * 100 else "")


def account_of(settings: ChannelSettings, number: object) -> Account | None:
    """The account that a payer named; None for what is no number of one."""
    text = str(number) if isinstance(number, int) and not isinstance(number, bool) else number
    if not is_text(text, 20):
        return None
    return (
        Account.objects.select_related("subscriber")
        .filter(enterprise_id=settings.enterprise_id, number=text, currency="UZS")
        .first()
    )


def is_text(value: object, longest: int = 80) -> bool:
    """Whether a value is a text that can be kept: of one line, neither empty nor longer."""
    return isinstance(value, str) and 0 < len(value) <= longest and value.isprintable()


def balance_tiyin(account: Account) -> int:
    """What stands on an account in tiyin: paid ahead positive, owed negative."""
    owed = account.entries.aggregate(total=Sum("amount"))["total"] or Decimal(0)
    return int(-owed * 100)


def locked(settings: ChannelSettings, provider_id: str) -> ProviderTransaction | None:
    """The provider's transaction, held until the end of ours.

    Its payment is not fetched along: a row that was waited for is read anew, what is joined to it is not.
    """
    return (
        ProviderTransaction.objects.select_for_update(of=("self",))
        .select_related("account")
        .filter(enterprise_id=settings.enterprise_id, channel=settings.channel, provider_id=provider_id)
        .first()
    )


def begin(
    settings: ChannelSettings, *, provider_id: str, account: Account, amount_tiyin: int, provider_time_ms: int
) -> tuple[ProviderTransaction, bool]:
    """Insert the row, or find the one that another request inserted meanwhile; whether it is new."""
    row, is_new = ProviderTransaction.objects.get_or_create(
        enterprise_id=settings.enterprise_id,
        channel=settings.channel,
        provider_id=provider_id,
        defaults={
            "division_id": account.division_id,
            "account": account,
            "amount_tiyin": amount_tiyin,
            "provider_time_ms": provider_time_ms,
            "created_at_ms": now_ms(),
        },
    )
    if is_new:
        return row, True
    found = locked(settings, provider_id)
    if found is None:
        raise RuntimeError("a provider's transaction is gone")
    return found, False


def perform(row: ProviderTransaction) -> None:
    """Book the payment of a created row. One that a reconciliation has booked already is taken as it is."""
    row.payment = record_payment(
        account=row.account,
        amount=Decimal(row.amount_tiyin) / 100,
        paid_on=timezone.localdate(),
        channel=row.channel,
        reference=row.provider_id,
        acting_user=None,
    )
    row.state, row.performed_at_ms = State.PERFORMED, now_ms()
    row.save(update_fields=["state", "performed_at_ms", "payment"])


def cancel(row: ProviderTransaction, reason: int | None = None) -> None:
    """End a created row without a payment."""
    row.state, row.cancelled_at_ms, row.reason = State.CANCELLED, now_ms(), reason
    row.save(update_fields=["state", "cancelled_at_ms", "reason"])


def reverse(row: ProviderTransaction, reason: int | None = None) -> None:
    """Take a performed row's payment back by new legs, unless somebody here has done so."""
    payment: Payment | None = row.payment
    if payment is None:
        raise RuntimeError("a performed transaction has its payment")
    # Locked first: who takes it back here at this moment is waited for, and seen.
    lock_accounts([row.account_id])
    if not PaymentReversal.objects.filter(payment=payment).exists():
        reverse_payment(payment=payment, reason=f"{row.channel} {reason or ''}".strip(), acting_user=None)
    row.state, row.cancelled_at_ms, row.reason = State.REVERSED, now_ms(), reason
    row.save(update_fields=["state", "cancelled_at_ms", "reason"])


def expire_due(
    *, at_ms: int, enterprise: Enterprise | None = None, channel: str = "", provider_id: str = ""
) -> int:
    """End what was created too long before this moment; how many. What is being performed is waited for, and stays."""
    count = 0
    for name, (column, life_ms) in _LIVES_MS.items():
        if channel not in ("", name):
            continue
        due = ProviderTransaction.objects.filter(
            state=State.CREATED, channel=name, **{f"{column}__lte": at_ms - life_ms}
        )
        if enterprise is not None:
            due = due.filter(enterprise=enterprise)
        if provider_id:
            due = due.filter(provider_id=provider_id)
        count += due.update(state=State.EXPIRED, cancelled_at_ms=at_ms, reason=_TIMED_OUT.get(name))
    return count


def end_if_overdue(settings: ChannelSettings, provider_id: str) -> None:
    """The first touch after its time ends a row, whatever is answered then."""
    if is_text(provider_id):
        expire_due(
            at_ms=now_ms(),
            enterprise=settings.enterprise,
            channel=settings.channel,
            provider_id=provider_id,
        )
