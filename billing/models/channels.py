"""How money comes in: providers' settings and transactions, rows of statements, money of unknown owners."""

import uuid
from decimal import Decimal

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from billing.models.payment_channels import PaymentChannelCode
from billing.models.registers import Account
from gis_core.models import Division, Enterprise, User


class ChannelSettings(models.Model):
    """What an enterprise agreed with a provider. Secrets among `credentials` are sealed; an empty list of networks
    lets any in. `settlement_account` is the provider's, from which it pays out what it collected."""

    enterprise = models.ForeignKey(Enterprise, on_delete=models.PROTECT, related_name="channel_settings")
    division = models.ForeignKey(Division, on_delete=models.PROTECT, related_name="channel_settings")
    channel = models.CharField(max_length=12, choices=PaymentChannelCode.choices)
    is_enabled = models.BooleanField(default=True)
    account_field = models.CharField(max_length=40)
    min_amount = models.DecimalField(max_digits=18, decimal_places=2, default=Decimal(500))
    max_amount = models.DecimalField(max_digits=18, decimal_places=2, default=Decimal(5_000_000))
    refunds_allowed = models.BooleanField(default=True)
    networks = ArrayField(models.CharField(max_length=50), default=list, blank=True)
    settlement_account = models.CharField(max_length=34, blank=True)
    credentials = models.JSONField(default=dict, blank=True)

    class Meta:
        verbose_name_plural = "channel settings"
        ordering = ["enterprise", "channel"]
        constraints = [
            models.UniqueConstraint(fields=["enterprise", "channel"], name="channel_settings_once"),
            models.CheckConstraint(
                name="channel_settings_bounds",
                condition=Q(min_amount__gt=Decimal(0), max_amount__gte=F("min_amount")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.channel} of {self.enterprise}"


class ProviderTransaction(models.Model):
    """One transaction of a provider, by its own id. Final states never move: the database holds it.

    Amounts are tiyin, times milliseconds of the Unix clock. `provider_time_ms` is the provider's own time.
    """

    class State(models.TextChoices):
        CREATED = "created", "created"
        PERFORMED = "performed", "performed"
        CANCELLED = "cancelled", "cancelled"
        REVERSED = "reversed", "reversed"
        EXPIRED = "expired", "expired"

    enterprise = models.ForeignKey(Enterprise, on_delete=models.PROTECT, related_name="provider_transactions")
    division = models.ForeignKey(Division, on_delete=models.PROTECT, related_name="provider_transactions")
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="provider_transactions")
    channel = models.CharField(max_length=12, choices=PaymentChannelCode.choices)
    provider_id = models.CharField(max_length=80)
    amount_tiyin = models.BigIntegerField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.CREATED)
    provider_time_ms = models.BigIntegerField()
    created_at_ms = models.BigIntegerField()
    performed_at_ms = models.BigIntegerField(null=True)
    cancelled_at_ms = models.BigIntegerField(null=True)
    reason = models.IntegerField(null=True)
    payment = models.OneToOneField(
        "billing.Payment", on_delete=models.PROTECT, null=True, related_name="provider_transaction"
    )
    fiscal_data = models.JSONField(default=dict)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["enterprise", "channel", "provider_id"], name="provider_transaction_once"
            ),
            models.CheckConstraint(name="provider_transaction_positive", condition=Q(amount_tiyin__gt=0)),
            models.CheckConstraint(
                name="provider_transaction_says_when",
                condition=Q(
                    state="created", performed_at_ms=None, cancelled_at_ms=None, payment=None, reason=None
                )
                | Q(
                    state="performed",
                    performed_at_ms__isnull=False,
                    cancelled_at_ms=None,
                    payment__isnull=False,
                    reason=None,
                )
                | Q(
                    state="reversed",
                    performed_at_ms__isnull=False,
                    cancelled_at_ms__isnull=False,
                    payment__isnull=False,
                )
                | Q(
                    state__in=["cancelled", "expired"],
                    performed_at_ms=None,
                    cancelled_at_ms__isnull=False,
                    payment=None,
                ),
            ),
        ]
        indexes = [
            models.Index(
                fields=["enterprise", "channel", "provider_time_ms"], name="provider_transaction_by_time"
            ),
            models.Index(
                fields=["channel", "created_at_ms"],
                name="provider_transaction_open",
                condition=Q(state="created"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.channel} {self.provider_id}"


class SuspenseItem(models.Model):
    """Money that came, of an owner who is not known yet. Decided once: assigned to an account, or returned."""

    class State(models.TextChoices):
        OPEN = "open", "open"
        ASSIGNED = "assigned", "assigned"
        RETURNED = "returned", "returned"

    uid = models.UUIDField(default=uuid.uuid4, unique=True)
    enterprise = models.ForeignKey(Enterprise, on_delete=models.PROTECT, related_name="suspense_items")
    division = models.ForeignKey(Division, on_delete=models.PROTECT, related_name="suspense_items")
    channel = models.CharField(max_length=12, choices=PaymentChannelCode.choices)
    book = models.CharField(max_length=12, default="bank")
    reference = models.CharField(max_length=80)
    paid_on = models.DateField()
    amount = models.DecimalField(max_digits=18, decimal_places=2)
    purpose = models.TextField(blank=True)
    payer = models.CharField(max_length=300, blank=True)
    reason = models.CharField(max_length=40)
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    payment = models.OneToOneField(
        "billing.Payment", on_delete=models.PROTECT, null=True, blank=True, related_name="suspense_item"
    )
    returned_on = models.DateField(null=True, blank=True)
    return_reason = models.CharField(max_length=200, blank=True)
    decided_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)
    arrived_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["-paid_on", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["enterprise", "channel", "reference"], name="suspense_item_once"),
            # Money that the bank takes back, of a payment that is not known, is less than nothing.
            models.CheckConstraint(name="suspense_item_is_money", condition=~Q(amount=Decimal(0))),
            models.CheckConstraint(
                name="suspense_item_decided",
                condition=Q(state="open", payment=None, returned_on=None, return_reason="", decided_at=None)
                | Q(
                    state="assigned",
                    payment__isnull=False,
                    returned_on=None,
                    return_reason="",
                    decided_at__isnull=False,
                )
                | Q(state="returned", payment=None, returned_on__isnull=False, decided_at__isnull=False)
                & ~Q(return_reason=""),
            ),
        ]
        indexes = [
            models.Index(fields=["division"], name="suspense_item_open", condition=Q(state="open")),
        ]

    def __str__(self) -> str:
        return f"{self.amount} of {self.paid_on}"


class BankSettlement(models.Model):
    """What a provider paid out of what it had collected: `amount` came to the bank, `fee` it kept."""

    uid = models.UUIDField(default=uuid.uuid4, unique=True)
    enterprise = models.ForeignKey(Enterprise, on_delete=models.PROTECT, related_name="settlements")
    division = models.ForeignKey(Division, on_delete=models.PROTECT, related_name="settlements")
    channel = models.CharField(max_length=12, choices=PaymentChannelCode.choices)
    reference = models.CharField(max_length=80)
    paid_on = models.DateField()
    amount = models.DecimalField(max_digits=18, decimal_places=2)
    fee = models.DecimalField(max_digits=18, decimal_places=2, default=Decimal(0))
    purpose = models.TextField(blank=True)

    class Meta:
        ordering = ["-paid_on", "-id"]
        constraints = [
            models.CheckConstraint(
                name="bank_settlement_positive", condition=Q(amount__gt=Decimal(0), fee__gte=Decimal(0))
            ),
        ]

    def __str__(self) -> str:
        return f"{self.channel} {self.amount}"


class BankFileRow(models.Model):
    """A row of a statement or registry that was taken, by the key under which it is known again."""

    class State(models.TextChoices):
        POSTED = "posted", "posted"
        SUSPENSE = "suspense", "suspense"
        SETTLEMENT = "settlement", "settlement"
        TAKEN_BACK = "taken_back", "taken back"

    enterprise = models.ForeignKey(Enterprise, on_delete=models.PROTECT, related_name="statement_rows")
    division = models.ForeignKey(Division, on_delete=models.PROTECT, related_name="statement_rows")
    channel = models.CharField(max_length=12, choices=PaymentChannelCode.choices)
    file_format = models.CharField(max_length=10)
    key = models.CharField(max_length=64)
    reference = models.CharField(max_length=80)
    number = models.CharField(max_length=80, blank=True)
    paid_on = models.DateField()
    amount = models.DecimalField(max_digits=18, decimal_places=2)
    state = models.CharField(max_length=10, choices=State.choices)
    payment = models.ForeignKey(
        "billing.Payment", on_delete=models.PROTECT, null=True, related_name="statement_rows"
    )
    suspense = models.ForeignKey(
        SuspenseItem, on_delete=models.PROTECT, null=True, related_name="statement_rows"
    )
    settlement = models.ForeignKey(
        BankSettlement, on_delete=models.PROTECT, null=True, related_name="statement_rows"
    )
    taken_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        help_text="Who brought the file; a registry's payments somebody else takes back",
    )

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["enterprise", "channel", "key"], name="statement_row_once"),
        ]
        indexes = [
            models.Index(fields=["enterprise", "paid_on", "file_format"], name="statement_row_by_day"),
        ]

    def __str__(self) -> str:
        return f"{self.reference} {self.amount}"


class Reconciliation(models.Model):
    """A channel's day compared with the provider's register, as it was the last time. `differences` lists the rows that
    one side lacks or states otherwise: kind, reference, ours, theirs."""

    enterprise = models.ForeignKey(Enterprise, on_delete=models.PROTECT, related_name="reconciliations")
    division = models.ForeignKey(Division, on_delete=models.PROTECT, related_name="reconciliations")
    channel = models.CharField(max_length=12, choices=PaymentChannelCode.choices)
    day = models.DateField()
    our_count = models.IntegerField()
    our_amount = models.DecimalField(max_digits=18, decimal_places=2)
    their_count = models.IntegerField(null=True)
    their_amount = models.DecimalField(max_digits=18, decimal_places=2, null=True)
    matched = models.IntegerField()
    differences = models.JSONField(default=list)
    clearing_balance = models.DecimalField(max_digits=18, decimal_places=2)
    agrees = models.BooleanField()
    made_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["-day", "enterprise", "channel"]
        constraints = [
            models.UniqueConstraint(fields=["enterprise", "channel", "day"], name="reconciliation_of_a_day"),
        ]

    def __str__(self) -> str:
        return f"{self.channel} {self.day}"
