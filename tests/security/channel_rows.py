"""Rows of the channels for the tests of access and of the database's guards."""

from datetime import date
from decimal import Decimal
from typing import Any

from django.db import transaction

from billing.channels.services.agreements import set_channel
from billing.channels.services.money import book_settlements, book_suspense
from billing.channels.services.transactions import begin, perform
from billing.models import (
    Account,
    BankFileRow,
    BankSettlement,
    ChannelSettings,
    ProviderTransaction,
    Reconciliation,
    SuspenseItem,
)
from gis_core.models import Enterprise

CHANNEL_EXPECTED_READS = ("suspense", "reconciliation", "suspense-list", "suspense-detail")
CHANNEL_ACTIONS = ("suspense-assign", "suspense-return")
CHANNEL_WRITES = (*CHANNEL_ACTIONS, "payment-files")


@transaction.atomic
def add_suspense(enterprise: Enterprise, numbers: range) -> list[SuspenseItem]:
    """As much money without an owner as there are numbers."""
    items = SuspenseItem.objects.bulk_create(
        SuspenseItem(
            enterprise=enterprise,
            division_id=enterprise.division_id,
            channel="bank",
            reference=f"unknown {number}",
            paid_on=date(2026, 1, 5),
            amount=Decimal(5),
            reason="unknown_account",
        )
        for number in numbers
    )
    book_suspense(items)
    return items


@transaction.atomic
def add_channel_rows(account: Account) -> None:
    """A row of each table of the channels: Payme's settings, a created and a performed transaction, a settlement."""
    settings: ChannelSettings = set_channel(enterprise=account.enterprise, channel="payme", acting_user=None)
    rows: list[ProviderTransaction] = []
    for number in range(2):
        row, _is_new = begin(
            settings,
            provider_id=f"P{number}",
            account=account,
            amount_tiyin=5000,
            provider_time_ms=1_767_592_800_000,
        )
        rows.append(row)
    perform(rows[1])
    values: dict[str, Any] = {
        "enterprise": account.enterprise,
        "division_id": account.enterprise.division_id,
        "channel": "payme",
    }
    book_settlements(
        [
            BankSettlement.objects.create(
                **values, reference="S", paid_on=date(2026, 1, 5), amount=Decimal(9), fee=Decimal(1)
            )
        ]
    )
    BankFileRow.objects.create(
        **values,
        file_format="1c",
        key="k",
        reference="S",
        paid_on=date(2026, 1, 5),
        amount=9,
        state="settlement",
    )
    Reconciliation.objects.create(
        **values, day=date(2026, 1, 5), our_count=0, our_amount=0, matched=0, clearing_balance=0, agrees=True
    )
