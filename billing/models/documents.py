"""Billing months, runs and invoices."""

import uuid

from django.db import models
from django.db.models import F, Q

from billing.models.metering import Reading
from billing.models.pricing import Tariff, VatRate
from billing.models.registers import Account, ServicePoint
from gis_core.models import Division, Enterprise


class BillingMonth(models.Model):
    """A month of an enterprise's books. A closed month takes no more entries: the database refuses them."""

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


class BillingRun(models.Model):
    """One execution of billing for an enterprise and month: what it found and what it posted."""

    uid = models.UUIDField(default=uuid.uuid4, unique=True)
    enterprise = models.ForeignKey(Enterprise, on_delete=models.PROTECT, related_name="billing_runs")
    division = models.ForeignKey(Division, on_delete=models.PROTECT, related_name="billing_runs")
    month = models.DateField()
    is_trial = models.BooleanField(default=False)
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
    """An account that a run could not bill, with the reason; it stops nobody else's bill."""

    run = models.ForeignKey(BillingRun, on_delete=models.CASCADE, related_name="exceptions")
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="billing_exceptions")
    service_point = models.ForeignKey(ServicePoint, on_delete=models.PROTECT, null=True)
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

    A bill may be negative: it then credits what an earlier one charged too much.
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
    issued_on = models.DateField()
    due_on = models.DateField()
    total_net = models.DecimalField(max_digits=18, decimal_places=2)
    total_vat = models.DecimalField(max_digits=18, decimal_places=2)
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


class InvoiceLine(models.Model):
    """One charge that explains itself: how much, of what, over which days, at which price, from which readings.

    `consumption_from` to `consumption_to` (exclusive) are the days between the two readings that the price held;
    `consumption_month` is the month that the balance counts the quantity in. `net` is quantity times price,
    rounded half up to the tiyin, and `vat` is net times the rate, rounded likewise; both are per line.
    A reversal (`is_reversal`) repeats the line that it takes back with the opposite sign: the two sum to zero.
    """

    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="lines")
    service_point = models.ForeignKey(ServicePoint, on_delete=models.PROTECT, related_name="invoice_lines")
    previous_reading = models.ForeignKey(Reading, on_delete=models.PROTECT, related_name="+")
    current_reading = models.ForeignKey(Reading, on_delete=models.PROTECT, related_name="+")
    tariff = models.ForeignKey(Tariff, on_delete=models.PROTECT, related_name="invoice_lines")
    vat_rate = models.ForeignKey(VatRate, on_delete=models.PROTECT, related_name="invoice_lines")
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
    quantity_m3 = models.DecimalField(max_digits=13, decimal_places=3)
    price_per_m3 = models.DecimalField(max_digits=14, decimal_places=4)
    vat_percent = models.DecimalField(max_digits=5, decimal_places=2)
    net = models.DecimalField(max_digits=18, decimal_places=2)
    vat = models.DecimalField(max_digits=18, decimal_places=2)
    is_reversal = models.BooleanField(default=False)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                name="invoice_line_days_in_order", condition=Q(consumption_to__gt=F("consumption_from"))
            ),
            models.CheckConstraint(
                name="invoice_line_month_is_first_day", condition=Q(consumption_month__day=1)
            ),
        ]
        indexes = [
            models.Index(fields=["service_point", "consumption_month"], name="invoice_line_by_month"),
        ]

    def __str__(self) -> str:
        return f"{self.quantity_m3} m3 at {self.price_per_m3}"
