"""The double-entry ledger: append-only, legs that sum to zero, closed months refused - by the database."""

import operator
import uuid
from decimal import Decimal
from functools import reduce

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from billing.models.channels import BankSettlement, SuspenseItem
from billing.models.documents import Invoice
from billing.models.nomenclature import SuppliedService
from billing.models.payment_channels import PaymentChannelCode
from billing.models.registers import Account
from gis_core.models import Division, Enterprise, User


class Payment(models.Model):
    """Money received for an account. `reference` is the payer's own key: the same one twice is one payment.

    `entered_by` is who typed it in at a desk; a payment of a provider, a bank or a file was entered by nobody.
    """

    Channel = PaymentChannelCode

    uid = models.UUIDField(default=uuid.uuid4, unique=True)
    enterprise = models.ForeignKey(Enterprise, on_delete=models.PROTECT, related_name="payments")
    division = models.ForeignKey(Division, on_delete=models.PROTECT, related_name="payments")
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="payments")
    channel = models.CharField(max_length=12, choices=Channel.choices)
    reference = models.CharField(max_length=80)
    paid_on = models.DateField()
    amount = models.DecimalField(max_digits=18, decimal_places=2)
    entered_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ["-paid_on", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["enterprise", "channel", "reference"], name="payment_once"),
            models.CheckConstraint(name="payment_positive", condition=Q(amount__gt=Decimal(0))),
        ]
        indexes = [models.Index(fields=["account", "-paid_on"], name="payment_by_account")]

    def __str__(self) -> str:
        return f"{self.amount} on {self.paid_on}"

    @property
    def state(self) -> str:
        """`posted`, or `reversed` when nothing of it is left."""
        return "reversed" if hasattr(self, "reversal") or self.refunded == self.amount else "posted"

    @property
    def refunded(self) -> Decimal:
        """What of it was paid back at a cash desk."""
        return sum((slip.amount for slip in self.cash_slips.all() if slip.kind == "refund"), Decimal(0))


class WaitingPayment(models.Model):
    """A payment that somebody entered by hand and that is so large that a second person books it.

    Until then it is in no book. `payment` is what was booked.
    """

    class State(models.TextChoices):
        OPEN = "open", "waits for a second person"
        CONFIRMED = "confirmed", "confirmed"
        WITHDRAWN = "withdrawn", "withdrawn"

    uid = models.UUIDField(default=uuid.uuid4, unique=True)
    enterprise = models.ForeignKey(Enterprise, on_delete=models.PROTECT, related_name="waiting_payments")
    division = models.ForeignKey(Division, on_delete=models.PROTECT, related_name="waiting_payments")
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="waiting_payments")
    channel = models.CharField(max_length=12, choices=Payment.Channel.choices)
    reference = models.CharField(max_length=80)
    paid_on = models.DateField()
    amount = models.DecimalField(max_digits=18, decimal_places=2)
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    entered_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    entered_at = models.DateTimeField(db_default=Now())
    decided_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)
    payment = models.OneToOneField(
        Payment, on_delete=models.PROTECT, null=True, blank=True, related_name="waited_as"
    )

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                name="waiting_payment_state_known", condition=Q(state__in=["open", "confirmed", "withdrawn"])
            ),
            models.CheckConstraint(name="waiting_payment_positive", condition=Q(amount__gt=Decimal(0))),
            models.CheckConstraint(
                name="waiting_payment_decided_by_somebody",
                condition=Q(state="open", decided_by=None, decided_at=None)
                | ~Q(state="open") & Q(decided_by__isnull=False, decided_at__isnull=False),
            ),
            models.CheckConstraint(
                name="waiting_payment_by_two_people",
                condition=~Q(state="confirmed") | ~Q(decided_by=F("entered_by")),
            ),
            models.CheckConstraint(
                name="waiting_payment_booked_when_confirmed",
                condition=Q(state="confirmed", payment__isnull=False)
                | ~Q(state="confirmed") & Q(payment=None),
            ),
            models.UniqueConstraint(
                name="waiting_payment_open_once",
                fields=["enterprise", "channel", "reference"],
                condition=Q(state="open"),
            ),
        ]
        indexes = [models.Index(name="waiting_payment_open", fields=["account"], condition=Q(state="open"))]

    def __str__(self) -> str:
        return f"{self.amount} on {self.paid_on}"


class PaymentReversal(models.Model):
    """A payment taken back whole: it bounced, or was of another account. The payment itself stays as it was."""

    uid = models.UUIDField(default=uuid.uuid4, unique=True)
    enterprise = models.ForeignKey(Enterprise, on_delete=models.PROTECT, related_name="payment_reversals")
    division = models.ForeignKey(Division, on_delete=models.PROTECT, related_name="payment_reversals")
    payment = models.OneToOneField(Payment, on_delete=models.PROTECT, related_name="reversal")
    reversed_on = models.DateField()
    reason = models.CharField(max_length=200)
    reversed_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        ordering = ["-reversed_on", "-id"]
        constraints = [
            models.CheckConstraint(name="payment_reversal_says_why", condition=~Q(reason="")),
        ]

    def __str__(self) -> str:
        return f"reversal of {self.payment}"


class WriteOff(models.Model):
    """A debt that is given up, by the sheet (`sheet` is its number) that decided so. `amount` is what is given up."""

    uid = models.UUIDField(default=uuid.uuid4, unique=True)
    enterprise = models.ForeignKey(Enterprise, on_delete=models.PROTECT, related_name="write_offs")
    division = models.ForeignKey(Division, on_delete=models.PROTECT, related_name="write_offs")
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="write_offs")
    sheet = models.CharField(max_length=40)
    written_off_on = models.DateField()
    amount = models.DecimalField(max_digits=18, decimal_places=2)
    reason = models.CharField(max_length=200)
    # Of what was given up before there were two, nobody knows.
    proposed_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    confirmed_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        ordering = ["-written_off_on", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["account", "sheet"], name="write_off_once_by_a_sheet"),
            models.CheckConstraint(name="write_off_positive", condition=Q(amount__gt=Decimal(0))),
            models.CheckConstraint(name="write_off_says_why", condition=~Q(reason="") & ~Q(sheet="")),
            models.CheckConstraint(
                name="write_off_by_two_people", condition=~Q(proposed_by=F("confirmed_by"))
            ),
        ]

    def __str__(self) -> str:
        return f"{self.amount} by {self.sheet}"


class WaitingWriteOff(models.Model):
    """A debt that somebody proposes to give up, by a sheet; a second person does it. Until then it is in no book."""

    class State(models.TextChoices):
        OPEN = "open", "waits for a second person"
        CONFIRMED = "confirmed", "confirmed"
        WITHDRAWN = "withdrawn", "withdrawn"

    uid = models.UUIDField(default=uuid.uuid4, unique=True)
    division = models.ForeignKey(Division, on_delete=models.PROTECT, related_name="waiting_write_offs")
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="waiting_write_offs")
    sheet = models.CharField(max_length=40)
    amount = models.DecimalField(max_digits=18, decimal_places=2)
    reason = models.CharField(max_length=200)
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    proposed_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField(db_default=Now())
    decided_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)
    write_off = models.OneToOneField(
        WriteOff, on_delete=models.PROTECT, null=True, blank=True, related_name="waited_as"
    )

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                name="waiting_write_off_state_known",
                condition=Q(state__in=["open", "confirmed", "withdrawn"]),
            ),
            models.CheckConstraint(name="waiting_write_off_positive", condition=Q(amount__gt=Decimal(0))),
            models.CheckConstraint(name="waiting_write_off_says_why", condition=~Q(reason="") & ~Q(sheet="")),
            models.CheckConstraint(
                name="waiting_write_off_decided_by_somebody",
                condition=Q(state="open", decided_by=None, decided_at=None)
                | ~Q(state="open") & Q(decided_by__isnull=False, decided_at__isnull=False),
            ),
            models.CheckConstraint(
                name="waiting_write_off_booked_when_confirmed",
                condition=Q(state="confirmed", write_off__isnull=False)
                | ~Q(state="confirmed") & Q(write_off=None),
            ),
            models.UniqueConstraint(
                name="waiting_write_off_open_once",
                fields=["account", "sheet"],
                condition=Q(state="open"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.amount} by {self.sheet}"


# What a transaction of the books may stand for.
_SOURCES = (
    *("invoice", "payment", "reversal", "write_off", "suspense", "suspense_return", "settlement"),
    *("refund", "shift"),
)


class LedgerTransaction(models.Model):
    """One event of the books. Exactly one source document stands behind it.

    `booked_on` is the document's own day, or the first day that was still open when its month was closed.
    """

    uid = models.UUIDField(default=uuid.uuid4, unique=True)
    enterprise = models.ForeignKey(Enterprise, on_delete=models.PROTECT, related_name="ledger_transactions")
    division = models.ForeignKey(Division, on_delete=models.PROTECT, related_name="ledger_transactions")
    month = models.DateField(help_text="The first day of the month it is booked in")
    booked_on = models.DateField()
    invoice = models.OneToOneField(Invoice, on_delete=models.PROTECT, null=True, blank=True)
    payment = models.OneToOneField(Payment, on_delete=models.PROTECT, null=True, blank=True)
    reversal = models.OneToOneField(PaymentReversal, on_delete=models.PROTECT, null=True, blank=True)
    write_off = models.OneToOneField(WriteOff, on_delete=models.PROTECT, null=True, blank=True)
    suspense = models.OneToOneField(SuspenseItem, on_delete=models.PROTECT, null=True, blank=True)
    suspense_return = models.OneToOneField(
        SuspenseItem, on_delete=models.PROTECT, null=True, blank=True, related_name="return_booking"
    )
    settlement = models.OneToOneField(BankSettlement, on_delete=models.PROTECT, null=True, blank=True)
    refund = models.OneToOneField("billing.CashSlip", on_delete=models.PROTECT, null=True, blank=True)
    shift = models.OneToOneField("billing.CashShift", on_delete=models.PROTECT, null=True, blank=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                name="ledger_transaction_has_one_source",
                condition=reduce(
                    operator.or_,
                    (
                        Q(**{f"{source}__isnull": source != given for source in _SOURCES})
                        for given in _SOURCES
                    ),
                ),
            ),
            models.CheckConstraint(name="ledger_month_is_first_day", condition=Q(month__day=1)),
        ]

    def __str__(self) -> str:
        return f"ledger {self.pk}"


class LedgerEntry(models.Model):
    """One leg: debit positive, credit negative. A subscriber's legs name his account, those of revenue their service.

    What a subscriber owes and what he has paid ahead are two books; his balance is both together.
    """

    class Book(models.TextChoices):
        RECEIVABLE = "receivable", "receivable from subscribers"
        ADVANCES = "advances", "paid ahead by subscribers"
        REVENUE = "revenue", "revenue"
        PENALTIES = "penalties", "penalties"
        STATE = "state", "receivable from the state"
        VAT_PAYABLE = "vat_payable", "VAT payable"
        CASH = "cash", "cash and bank"
        BANK = "bank", "bank"
        CLEARING = "clearing", "collected by providers"
        FEES = "fees", "fees of providers"
        SUSPENSE = "suspense", "money of unknown owners"
        WRITE_OFFS = "write_offs", "debts written off"
        DIFFERENCES = "differences", "differences counted at cash desks"

    transaction = models.ForeignKey(LedgerTransaction, on_delete=models.PROTECT, related_name="entries")
    division = models.ForeignKey(Division, on_delete=models.PROTECT, related_name="ledger_entries")
    book = models.CharField(max_length=12, choices=Book.choices)
    account = models.ForeignKey(
        Account, on_delete=models.PROTECT, null=True, blank=True, related_name="entries"
    )
    service = models.ForeignKey(
        SuppliedService, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    channel = models.CharField(max_length=12, choices=PaymentChannelCode.choices, null=True, blank=True)
    amount = models.DecimalField(max_digits=18, decimal_places=2)

    class Meta:
        verbose_name = "ledger entry"
        verbose_name_plural = "ledger entries"
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                name="ledger_leg_of_subscriber_names_account",
                condition=Q(book__in=["receivable", "advances"], account__isnull=False)
                | (~Q(book__in=["receivable", "advances"]) & Q(account=None)),
            ),
            models.CheckConstraint(
                name="ledger_service_of_revenue", condition=Q(service=None) | Q(book="revenue")
            ),
            models.CheckConstraint(
                name="ledger_book_known",
                condition=Q(
                    book__in=[
                        *("receivable", "advances", "revenue", "state", "vat_payable", "cash", "write_offs"),
                        *("bank", "clearing", "fees", "suspense", "penalties", "differences"),
                    ]
                ),
            ),
            models.CheckConstraint(
                name="ledger_clearing_names_channel",
                condition=Q(book="clearing", channel__isnull=False) | ~Q(book="clearing") & Q(channel=None),
            ),
        ]
        indexes = [
            # What a bill uses up is looked for among all of an account's legs; few accounts have paid ahead.
            models.Index(
                name="ledger_advances", fields=["account"], include=["amount"], condition=Q(book="advances")
            ),
            # What providers still have of ours is asked for at every reconciliation.
            models.Index(
                name="ledger_clearing", fields=["channel"], include=["amount"], condition=Q(book="clearing")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.book} {self.amount}"
