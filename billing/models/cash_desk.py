"""Cash desks: their shifts, and the papers that leave them."""

import uuid
from decimal import Decimal

from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from billing.models.ledger import Payment, PaymentReversal
from billing.models.registers import Account
from gis_core.models import Division, Enterprise, User


class CashDesk(models.Model):
    """A place where cash is taken. Its code begins the numbers of its papers, and stays."""

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    enterprise = models.ForeignKey(Enterprise, on_delete=models.PROTECT, related_name="cash_desks")
    division = models.ForeignKey(Division, on_delete=models.PROTECT, related_name="cash_desks")
    code = models.CharField(
        max_length=20, validators=[RegexValidator(r"^[A-Z0-9]+\Z")], help_text="Capital letters and digits"
    )
    name = models.CharField(max_length=100)
    is_active = models.BooleanField(default=True, db_default=True)

    class Meta:
        ordering = ["code"]
        constraints = [
            models.UniqueConstraint(name="cash_desk_code_once", fields=["enterprise", "code"]),
            models.CheckConstraint(
                name="cash_desk_named", condition=Q(code__regex=r"^[A-Z0-9]+$") & ~Q(name="")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.name}"


class CashShift(models.Model):
    """What one cashier does at one desk from opening it to counting it. `float_amount` lay in the drawer before.

    `expected` is what should lie there at the end; the database computes it from the slips. A difference is booked.
    """

    uid = models.UUIDField(default=uuid.uuid4, unique=True)
    desk = models.ForeignKey(CashDesk, on_delete=models.PROTECT, related_name="shifts")
    enterprise = models.ForeignKey(Enterprise, on_delete=models.PROTECT, related_name="cash_shifts")
    division = models.ForeignKey(Division, on_delete=models.PROTECT, related_name="cash_shifts")
    number = models.PositiveIntegerField(db_default=0, help_text="Of its desk, without gaps")
    cashier = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    opened_at = models.DateTimeField(db_default=Now())
    float_amount = models.DecimalField(max_digits=18, decimal_places=2)
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    counted = models.DecimalField(max_digits=18, decimal_places=2, null=True, blank=True)
    expected = models.DecimalField(max_digits=18, decimal_places=2, null=True, blank=True)
    difference = models.GeneratedField(
        expression=F("counted") - F("expected"),
        output_field=models.DecimalField(max_digits=18, decimal_places=2, null=True),
        db_persist=True,
    )
    reason = models.CharField(max_length=200, blank=True, db_default="")

    class Meta:
        ordering = ["-opened_at", "-id"]
        constraints = [
            models.UniqueConstraint(name="cash_shift_number_once", fields=["desk", "number"]),
            models.UniqueConstraint(
                name="cash_shift_open_once_a_desk", fields=["desk"], condition=Q(closed_at=None)
            ),
            models.UniqueConstraint(
                name="cash_shift_open_once_a_cashier", fields=["cashier"], condition=Q(closed_at=None)
            ),
            models.CheckConstraint(
                name="cash_shift_amounts_not_negative",
                condition=Q(float_amount__gte=Decimal(0)) & (Q(counted=None) | Q(counted__gte=Decimal(0))),
            ),
            models.CheckConstraint(
                name="cash_shift_closed_whole",
                condition=Q(closed_at=None, closed_by=None, counted=None, expected=None, reason="")
                | Q(
                    closed_at__isnull=False,
                    closed_by__isnull=False,
                    counted__isnull=False,
                    expected__isnull=False,
                ),
            ),
            models.CheckConstraint(
                name="cash_shift_difference_says_why",
                condition=Q(closed_at=None) | Q(counted=F("expected")) | ~Q(reason=""),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.desk.code} {self.number}"


class CashSlip(models.Model):
    """A paper of a desk, numbered without gaps: a receipt, what cancels one in its shift, a refund of one later.

    The same `request_key` is the same slip. `receipt` is what a cancellation or a refund is of. A refund is made by who
    pays it out and approved by another.
    """

    class Kind(models.TextChoices):
        RECEIPT = "receipt", "receipt"
        CANCELLATION = "cancellation", "cancellation"
        REFUND = "refund", "refund"

    uid = models.UUIDField(default=uuid.uuid4, unique=True)
    desk = models.ForeignKey(CashDesk, on_delete=models.PROTECT, related_name="slips")
    shift = models.ForeignKey(CashShift, on_delete=models.PROTECT, related_name="slips")
    enterprise = models.ForeignKey(Enterprise, on_delete=models.PROTECT, related_name="cash_slips")
    division = models.ForeignKey(Division, on_delete=models.PROTECT, related_name="cash_slips")
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="cash_slips")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    number = models.PositiveIntegerField()
    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="cash_slips")
    reversal = models.OneToOneField(
        PaymentReversal, on_delete=models.PROTECT, null=True, blank=True, related_name="cash_slip"
    )
    receipt = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="later_slips"
    )
    amount = models.DecimalField(max_digits=18, decimal_places=2)
    tendered = models.DecimalField(max_digits=18, decimal_places=2, null=True, blank=True)
    reason = models.CharField(max_length=200, blank=True, db_default="")
    request_key = models.UUIDField(default=uuid.uuid4, unique=True)
    made_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField(db_default=Now())
    made_on = models.DateField(help_text="The day of the books")
    approved_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    prints = models.PositiveIntegerField(default=0, db_default=0)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                name="cash_slip_kind_known", condition=Q(kind__in=["receipt", "cancellation", "refund"])
            ),
            models.UniqueConstraint(name="cash_slip_number_once", fields=["desk", "number"]),
            models.CheckConstraint(name="cash_slip_positive", condition=Q(amount__gt=Decimal(0))),
            models.CheckConstraint(
                name="cash_slip_tendered_enough",
                condition=Q(tendered=None) | Q(kind="receipt", tendered__gte=F("amount")),
            ),
            models.CheckConstraint(
                name="cash_slip_says_why", condition=Q(kind="receipt") | ~Q(kind="receipt") & ~Q(reason="")
            ),
            models.CheckConstraint(
                name="cash_slip_of_a_receipt",
                condition=Q(kind="receipt", receipt=None) | ~Q(kind="receipt") & Q(receipt__isnull=False),
            ),
            models.CheckConstraint(
                name="cash_slip_cancellation_reverses",
                condition=Q(kind="cancellation", reversal__isnull=False)
                | ~Q(kind="cancellation") & Q(reversal=None),
            ),
            models.CheckConstraint(
                name="cash_slip_refund_by_two_people",
                condition=Q(kind="refund", approved_by__isnull=False) & ~Q(approved_by=F("made_by"))
                | ~Q(kind="refund") & Q(approved_by=None),
            ),
            models.UniqueConstraint(
                name="cash_slip_one_receipt_a_payment", fields=["payment"], condition=Q(kind="receipt")
            ),
        ]
        indexes = [
            models.Index(name="cash_slip_refunds", fields=["payment"], condition=Q(kind="refund")),
            models.Index(name="cash_slip_by_day", fields=["made_on", "desk"]),
        ]

    def __str__(self) -> str:
        return self.number_in_words

    @property
    def number_in_words(self) -> str:
        """As it stands on the paper: KASSA1-000123."""
        return slip_number(self.desk.code, self.number)

    @property
    def signed_amount(self) -> Decimal:
        """What it brought into the drawer."""
        return self.amount if self.kind == self.Kind.RECEIPT else -self.amount


def slip_number(desk_code: str, number: int) -> str:
    """A slip's number as it stands on the paper, and as its payment's reference."""
    return f"{desk_code}-{number:06d}"


class WaitingRefund(models.Model):
    """A refund of a receipt that a cashier proposes; a second person confirms it. Until then it is in no book."""

    class State(models.TextChoices):
        OPEN = "open", "waits for a second person"
        CONFIRMED = "confirmed", "confirmed"
        WITHDRAWN = "withdrawn", "withdrawn"

    uid = models.UUIDField(default=uuid.uuid4, unique=True)
    enterprise = models.ForeignKey(Enterprise, on_delete=models.PROTECT, related_name="waiting_refunds")
    division = models.ForeignKey(Division, on_delete=models.PROTECT, related_name="waiting_refunds")
    receipt = models.ForeignKey(CashSlip, on_delete=models.PROTECT, related_name="waiting_refunds")
    amount = models.DecimalField(max_digits=18, decimal_places=2)
    reason = models.CharField(max_length=200)
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    proposed_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField(db_default=Now())
    decided_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)
    slip = models.OneToOneField(
        CashSlip, on_delete=models.PROTECT, null=True, blank=True, related_name="waited_as"
    )

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                name="waiting_refund_state_known", condition=Q(state__in=["open", "confirmed", "withdrawn"])
            ),
            models.CheckConstraint(name="waiting_refund_positive", condition=Q(amount__gt=Decimal(0))),
            models.CheckConstraint(name="waiting_refund_says_why", condition=~Q(reason="")),
            models.CheckConstraint(
                name="waiting_refund_decided_by_somebody",
                condition=Q(state="open", decided_by=None, decided_at=None)
                | ~Q(state="open") & Q(decided_by__isnull=False, decided_at__isnull=False),
            ),
            models.CheckConstraint(
                name="waiting_refund_by_two_people",
                condition=~Q(state="confirmed") | ~Q(decided_by=F("proposed_by")),
            ),
            models.CheckConstraint(
                name="waiting_refund_paid_when_confirmed",
                condition=Q(state="confirmed", slip__isnull=False) | ~Q(state="confirmed") & Q(slip=None),
            ),
            models.UniqueConstraint(
                name="waiting_refund_open_once", fields=["receipt"], condition=Q(state="open")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.amount} of {self.receipt}"
