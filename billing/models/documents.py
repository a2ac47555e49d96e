"""Billing months, runs and invoices."""

import uuid
from decimal import Decimal

from django.db import models
from django.db.models import Case, F, Q, Value, When
from django.db.models.functions import Now

from billing.models.metering import Reading
from billing.models.nomenclature import SuppliedService
from billing.models.penalties import PenaltyTerms
from billing.models.pricing import Tariff, VatRate
from billing.models.registers import Account, ServicePoint
from gis_core.models import Division, Enterprise, User


class BillingMonth(models.Model):
    """A month of an enterprise's books. A closed month takes no more entries: the database refuses them.

    The last closed one is opened again by a `MonthReopening` alone.
    """

    class State(models.TextChoices):
        OPEN = "open", "open"
        CLOSED = "closed", "closed"

    enterprise = models.ForeignKey(Enterprise, on_delete=models.PROTECT, related_name="billing_months")
    month = models.DateField(help_text="The first day of the month")
    state = models.CharField(max_length=6, choices=State.choices, default=State.OPEN)

    class Meta:
        ordering = ["enterprise", "month"]
        constraints = [
            models.UniqueConstraint(fields=["enterprise", "month"], name="billing_month_once"),
            models.CheckConstraint(name="billing_month_is_first_day", condition=Q(month__day=1)),
            models.CheckConstraint(
                name="billing_month_state_known", condition=Q(state__in=["open", "closed"])
            ),
        ]

    def __str__(self) -> str:
        return f"{self.month:%Y-%m} of {self.enterprise}"


class MonthReopening(models.Model):
    """Who opened a closed month of the books again, and why. Written in the transaction that opens it."""

    billing_month = models.ForeignKey(BillingMonth, on_delete=models.PROTECT, related_name="reopenings")
    division = models.ForeignKey(Division, on_delete=models.PROTECT, related_name="month_reopenings")
    reason = models.CharField(max_length=200)
    reopened_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    reopened_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["id"]
        constraints = [models.CheckConstraint(name="month_reopening_says_why", condition=~Q(reason=""))]

    def __str__(self) -> str:
        return f"{self.billing_month}: {self.reason}"


class BillingRun(models.Model):
    """One execution of billing for an enterprise and month: what it found and what it posted.

    It bills the accounts of `division` and below, or `account` alone where one is named: for their services, or
    (`is_penalty`) for what they did not pay in time.
    """

    uid = models.UUIDField(default=uuid.uuid4, unique=True)
    enterprise = models.ForeignKey(Enterprise, on_delete=models.PROTECT, related_name="billing_runs")
    division = models.ForeignKey(Division, on_delete=models.PROTECT, related_name="billing_runs")
    account = models.ForeignKey(
        Account, on_delete=models.PROTECT, null=True, blank=True, related_name="billing_runs"
    )
    month = models.DateField()
    is_trial = models.BooleanField(default=False)
    is_penalty = models.BooleanField(default=False, db_default=False)
    started_at = models.DateTimeField(auto_now_add=True)
    invoices_created = models.PositiveIntegerField(default=0)
    lines_created = models.PositiveIntegerField(default=0)
    total_net = models.DecimalField(max_digits=18, decimal_places=2, default=0)
    total_vat = models.DecimalField(max_digits=18, decimal_places=2, default=0)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(name="billing_run_month_is_first_day", condition=Q(month__day=1))
        ]

    def __str__(self) -> str:
        return f"run {self.pk} for {self.month:%Y-%m}"


class BillingException(models.Model):
    """An account that a run could not bill for a service in a month, with the reason; it stops nobody else's bill.

    Its account is priced again by every run, until it can be billed.
    """

    run = models.ForeignKey(BillingRun, on_delete=models.CASCADE, related_name="exceptions")
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="billing_exceptions")
    service_point = models.ForeignKey(ServicePoint, on_delete=models.PROTECT, null=True)
    service = models.ForeignKey(SuppliedService, on_delete=models.PROTECT, null=True, related_name="+")
    month = models.DateField(null=True)
    reason = models.CharField(max_length=40)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.account}: {self.reason}"


class InvoiceCounter(models.Model):
    """The last invoice number of an enterprise's year; its row lock makes numbers gapless."""

    enterprise = models.ForeignKey(Enterprise, on_delete=models.PROTECT)
    year = models.PositiveSmallIntegerField()
    last_number = models.PositiveBigIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["enterprise", "year"], name="invoice_counter_once")]

    def __str__(self) -> str:
        return f"{self.enterprise} {self.year}: {self.last_number}"


class Invoice(models.Model):
    """A posted bill. It never changes; what turns out wrong is put right by lines of a later invoice.

    A bill may be negative: it then credits what an earlier one charged too much. `state_net` and `state_vat` are what
    benefits and subsidies took off it: the state owes them. One with `is_penalty` has penalties alone, and bears none.
    """

    uid = models.UUIDField(default=uuid.uuid4, unique=True)
    enterprise = models.ForeignKey(Enterprise, on_delete=models.PROTECT, related_name="invoices")
    division = models.ForeignKey(Division, on_delete=models.PROTECT, related_name="invoices")
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="invoices")
    run = models.ForeignKey(BillingRun, on_delete=models.PROTECT, related_name="invoices")
    year = models.PositiveSmallIntegerField()
    sequence = models.PositiveBigIntegerField()
    number = models.CharField(max_length=40)
    month = models.DateField()
    is_penalty = models.BooleanField(default=False, db_default=False)
    issued_on = models.DateField()
    due_on = models.DateField()
    total_net = models.DecimalField(max_digits=18, decimal_places=2)
    total_vat = models.DecimalField(max_digits=18, decimal_places=2)
    state_net = models.DecimalField(
        max_digits=18, decimal_places=2, default=Decimal(0), db_default=Decimal(0)
    )
    state_vat = models.DecimalField(
        max_digits=18, decimal_places=2, default=Decimal(0), db_default=Decimal(0)
    )
    total = models.GeneratedField(
        expression=F("total_net") + F("total_vat"),
        output_field=models.DecimalField(max_digits=18, decimal_places=2),
        db_persist=True,
    )

    class Meta:
        ordering = ["-month", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["enterprise", "year", "sequence"], name="invoice_sequence_once"),
            models.UniqueConstraint(fields=["number"], name="invoice_number_once"),
            models.CheckConstraint(name="invoice_month_is_first_day", condition=Q(month__day=1)),
            models.CheckConstraint(name="invoice_due_after_issue", condition=Q(due_on__gte=F("issued_on"))),
        ]
        indexes = [models.Index(fields=["account", "-month"], name="invoice_by_account")]

    def __str__(self) -> str:
        return self.number


class InvoiceCancellation(models.Model):
    """A bill that was taken back: by which credit note, and why."""

    invoice = models.OneToOneField(Invoice, on_delete=models.PROTECT, related_name="cancellation")
    credit_note = models.OneToOneField(Invoice, on_delete=models.PROTECT, related_name="cancels")
    division = models.ForeignKey(Division, on_delete=models.PROTECT, related_name="invoice_cancellations")
    reason = models.CharField(max_length=200)
    cancelled_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    cancelled_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["id"]
        constraints = [models.CheckConstraint(name="cancellation_says_why", condition=~Q(reason=""))]

    def __str__(self) -> str:
        return f"{self.invoice}: {self.reason}"


class BillDelivery(models.Model):
    """A bill on paper that was handed over: when, and to whom where that was noted."""

    invoice = models.OneToOneField(Invoice, on_delete=models.PROTECT, related_name="delivery")
    division = models.ForeignKey(Division, on_delete=models.PROTECT, related_name="bill_deliveries")
    handed_over_on = models.DateField()
    received_by = models.CharField(max_length=100, blank=True, default="")
    recorded_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    recorded_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name_plural = "bill deliveries"
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.invoice} on {self.handed_over_on}"


class InvoiceLine(models.Model):
    """One charge that explains itself: how much, of what, over which days, at which price, from which inputs.

    `consumption_from` to `consumption_to` (exclusive) are the days on which all values of the line held;
    `consumption_month` is the month that was priced. `net` is quantity times price and coefficient, rounded half
    up to the tiyin, and `vat` net times the rate, rounded likewise (with `vat_included` the tax is within the
    product); both are per line. A benefit takes `share_percent` of that off; poor quality and subsidies have an
    amount alone, and so have penalties on an earlier bill (`penalized_invoice`), which know no tax.
    `inputs` is what the explanation names, as it was known then. A reversal (`is_reversal`) repeats
    the line that it takes back with the opposite sign: the two sum to zero.

    Only lines with `is_volume` (consumption of the network's water) count in balances, by `quantity_m3`.
    """

    class Kind(models.TextChoices):
        CONSUMPTION = "consumption", "by meter"
        ESTIMATE = "estimate", "estimate"
        NORM = "norm", "by norm"
        SHARE = "share", "share of a building's meter"
        AREA = "area", "by area"
        RESIDENTS = "residents", "by residents"
        FIXED = "fixed", "fixed"
        ONE_OFF = "one_off", "once"
        BENEFIT = "benefit", "benefit"
        QUALITY = "quality", "poor quality"
        SUBSIDY = "subsidy", "subsidy"
        PENALTY = "penalty", "penalty"

    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="lines")
    service = models.ForeignKey(
        SuppliedService, on_delete=models.PROTECT, null=True, related_name="invoice_lines"
    )
    kind = models.CharField(
        max_length=11, choices=Kind.choices, default=Kind.CONSUMPTION, db_default=Kind.CONSUMPTION.value
    )
    service_point = models.ForeignKey(
        ServicePoint, on_delete=models.PROTECT, null=True, related_name="invoice_lines"
    )
    previous_reading = models.ForeignKey(Reading, on_delete=models.PROTECT, null=True, related_name="+")
    current_reading = models.ForeignKey(Reading, on_delete=models.PROTECT, null=True, related_name="+")
    tariff = models.ForeignKey(Tariff, on_delete=models.PROTECT, null=True, related_name="invoice_lines")
    vat_rate = models.ForeignKey(VatRate, on_delete=models.PROTECT, null=True, related_name="invoice_lines")
    # Few lines are penalties: the indexes below leave out the others.
    penalized_invoice = models.ForeignKey(
        Invoice, on_delete=models.PROTECT, null=True, related_name="penalties", db_index=False
    )
    penalty_terms = models.ForeignKey(
        PenaltyTerms, on_delete=models.PROTECT, null=True, related_name="lines", db_index=False
    )
    consumption_month = models.DateField()
    consumption_from = models.DateField()
    consumption_to = models.DateField()
    days = models.GeneratedField(
        expression=models.Func(
            F("consumption_to"), F("consumption_from"), template="(%(expressions)s)", arg_joiner=" - "
        ),
        output_field=models.IntegerField(),
        db_persist=True,
    )
    quantity = models.DecimalField(max_digits=15, decimal_places=3, null=True)
    is_volume = models.BooleanField(default=True, db_default=True)
    quantity_m3 = models.GeneratedField(
        expression=Case(When(is_volume=True, then=F("quantity")), default=Value(Decimal(0))),
        output_field=models.DecimalField(max_digits=15, decimal_places=3),
        db_persist=True,
    )
    price = models.DecimalField(max_digits=14, decimal_places=4, null=True)
    coefficient = models.DecimalField(
        max_digits=14, decimal_places=6, default=Decimal(1), db_default=Decimal(1)
    )
    share_percent = models.DecimalField(max_digits=5, decimal_places=2, null=True)
    vat_percent = models.DecimalField(max_digits=5, decimal_places=2, null=True)
    vat_included = models.BooleanField(default=False, db_default=False)
    net = models.DecimalField(max_digits=18, decimal_places=2)
    vat = models.DecimalField(max_digits=18, decimal_places=2)
    is_reversal = models.BooleanField(default=False)
    inputs = models.JSONField(default=dict, db_default={})

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                name="invoice_line_days_in_order", condition=Q(consumption_to__gt=F("consumption_from"))
            ),
            models.CheckConstraint(
                name="invoice_line_month_is_first_day", condition=Q(consumption_month__day=1)
            ),
            models.CheckConstraint(
                name="invoice_line_kind_known",
                condition=Q(
                    kind__in=[
                        *("consumption", "estimate", "norm", "share", "area", "residents"),
                        *("fixed", "one_off", "benefit", "quality", "subsidy", "penalty"),
                    ]
                ),
            ),
            models.CheckConstraint(
                name="invoice_line_volume_is_consumed",
                condition=Q(is_volume=False) | Q(kind__in=["consumption", "estimate", "norm", "share"]),
            ),
            models.CheckConstraint(
                name="invoice_line_of_penalty_is_of_a_debt",
                condition=Q(
                    kind="penalty",
                    penalized_invoice__isnull=False,
                    penalty_terms__isnull=False,
                    service=None,
                    vat=Decimal(0),
                )
                | ~Q(kind="penalty") & Q(penalized_invoice=None, penalty_terms=None),
            ),
        ]
        indexes = [
            models.Index(fields=["service_point", "consumption_month"], name="invoice_line_by_month"),
            models.Index(
                fields=["penalized_invoice"],
                name="invoice_line_of_penalty",
                condition=Q(penalized_invoice__isnull=False),
            ),
            models.Index(
                fields=["penalty_terms"],
                name="invoice_line_by_penalty_terms",
                condition=Q(penalty_terms__isnull=False),
            ),
            # What bills take back of earlier ones is asked for all bills of an enterprise at once.
            models.Index(fields=["invoice"], name="invoice_line_reversing", condition=Q(is_reversal=True)),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.net}"


class PricedAccount(models.Model):
    """Up to which month an account has been priced. Written by runs alone."""

    account = models.OneToOneField(Account, on_delete=models.PROTECT, primary_key=True, related_name="priced")
    priced_to = models.DateField()

    class Meta:
        constraints = [
            models.CheckConstraint(name="priced_account_to_first_day", condition=Q(priced_to__day=1))
        ]

    def __str__(self) -> str:
        return f"{self.account} to {self.priced_to:%Y-%m}"


class Repricing(models.Model):
    """What changed since it was priced: an account, or all of an enterprise, from a month on.

    Triggers of the inputs add rows (`billing/sql/install/30_repricing.sql`); the run that has priced them deletes them.
    """

    enterprise = models.ForeignKey(Enterprise, on_delete=models.PROTECT, related_name="repricings")
    account = models.ForeignKey(
        Account, on_delete=models.PROTECT, null=True, blank=True, related_name="repricings"
    )
    from_month = models.DateField()

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(name="repricing_from_first_day", condition=Q(from_month__day=1))
        ]

    def __str__(self) -> str:
        return f"{self.account or self.enterprise} from {self.from_month:%Y-%m}"


class UncheckedDocument(models.Model):
    """An invoice or ledger transaction not proven whole yet by who writes it; it is checked at commit, and gone then.

    Written by triggers alone (`billing/sql/install/12_sets.sql`). `document_id` is no foreign key: the check is what
    asks whether there is such a document.
    """

    is_invoice = models.BooleanField(help_text="Of an invoice; else of a ledger transaction")
    document_id = models.BigIntegerField()

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{'invoice' if self.is_invoice else 'ledger transaction'} {self.document_id}"
