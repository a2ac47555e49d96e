"""Meters, where they were installed when, and what was read from them."""

import uuid
from decimal import Decimal

from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeOperators
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from billing.models.registers import ServicePoint
from gis_core.models import Division

# More than this a day at one service point is not believed without a look.
IMPLAUSIBLE_M3_PER_DAY = Decimal(200)


class Meter(models.Model):
    """A customer's meter; `digits` before the decimal mark tell where its index rolls over."""

    uid = models.UUIDField(default=uuid.uuid4, unique=True)
    division = models.ForeignKey(Division, on_delete=models.PROTECT, related_name="meters")
    serial = models.CharField(max_length=40, unique=True)
    model_name = models.CharField(max_length=60)
    digits = models.PositiveSmallIntegerField(default=5)
    multiplier = models.DecimalField(
        max_digits=10,
        decimal_places=4,
        default=Decimal(1),
        db_default=Decimal(1),
        help_text="Units for each step of the index",
    )

    class Meta:
        ordering = ["serial"]
        constraints = [
            models.CheckConstraint(name="meter_digits_plausible", condition=Q(digits__gte=3, digits__lte=9)),
            models.CheckConstraint(name="meter_multiplier_positive", condition=Q(multiplier__gt=Decimal(0))),
        ]

    def __str__(self) -> str:
        return self.serial


class MeterInstallation(models.Model):
    """A meter, or one register of it, at a service point over [installed, removed).

    A meter is in one place at a time, and a point has one meter at a time: a meter that counts day and night apart is
    installed once for each register.
    """

    uid = models.UUIDField(default=uuid.uuid4, unique=True)
    meter = models.ForeignKey(Meter, on_delete=models.PROTECT, related_name="installations")
    service_point = models.ForeignKey(ServicePoint, on_delete=models.PROTECT, related_name="installations")
    register = models.CharField(
        max_length=20, blank=True, db_default="", help_text="Which register, of a meter that has several"
    )
    validity = DateRangeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="installation_validity_not_empty",
                condition=Q(validity__isempty=False, validity__startswith__isnull=False),
            ),
            ExclusionConstraint(
                name="meter_is_in_one_place_at_a_time",
                expressions=[
                    ("meter", RangeOperators.EQUAL),
                    ("service_point", RangeOperators.NOT_EQUAL),
                    ("validity", RangeOperators.OVERLAPS),
                ],
            ),
            ExclusionConstraint(
                name="service_point_has_one_meter_at_a_time",
                expressions=[
                    ("service_point", RangeOperators.EQUAL),
                    ("meter", RangeOperators.NOT_EQUAL),
                    ("validity", RangeOperators.OVERLAPS),
                ],
            ),
            ExclusionConstraint(
                name="register_is_installed_once_at_a_time",
                expressions=[
                    ("meter", RangeOperators.EQUAL),
                    ("register", RangeOperators.EQUAL),
                    ("validity", RangeOperators.OVERLAPS),
                ],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.meter} at {self.service_point}"


class Reading(models.Model):
    """An index read from an installed meter, m3 to the litre, at the start of `read_on`.

    Only accepted readings are billed. A reading that is wrong is superseded by a new one, never rewritten.
    """

    class State(models.TextChoices):
        ACCEPTED = "accepted", "accepted"
        QUEUED = "queued", "queued for a decision"
        SUPERSEDED = "superseded", "superseded"

    class Source(models.TextChoices):
        VISIT = "visit", "read by staff"
        SUBSCRIBER = "subscriber", "sent by the subscriber"
        REMOTE = "remote", "sent by the meter"
        IMPORT = "import", "imported"
        HANDHELD = "handheld", "read by handheld"

    uid = models.UUIDField(default=uuid.uuid4, unique=True)
    installation = models.ForeignKey(MeterInstallation, on_delete=models.PROTECT, related_name="readings")
    division = models.ForeignKey(Division, on_delete=models.PROTECT, related_name="readings")
    read_on = models.DateField()
    index_m3 = models.DecimalField(max_digits=13, decimal_places=3)
    state = models.CharField(max_length=10, choices=State.choices, default=State.ACCEPTED)
    source = models.CharField(max_length=10, choices=Source.choices, default=Source.VISIT)
    queue_reason = models.CharField(max_length=200, blank=True)
    entered_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["installation", "read_on"]
        constraints = [
            models.UniqueConstraint(
                fields=["installation", "read_on"],
                condition=Q(state="accepted"),
                name="one_accepted_reading_a_day",
            ),
            models.CheckConstraint(name="reading_index_not_negative", condition=Q(index_m3__gte=0)),
            models.CheckConstraint(
                name="reading_state_known", condition=Q(state__in=["accepted", "queued", "superseded"])
            ),
            models.CheckConstraint(
                name="queued_reading_says_why", condition=~Q(state="queued") | ~Q(queue_reason="")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.index_m3} on {self.read_on}"


class MeterRemark(models.Model):
    """What a controller noted at a meter on a day ("no access", "glass broken"), with a reading or instead of one."""

    installation = models.ForeignKey(MeterInstallation, on_delete=models.PROTECT, related_name="remarks")
    division = models.ForeignKey(Division, on_delete=models.PROTECT, related_name="meter_remarks")
    noted_on = models.DateField()
    text = models.CharField(max_length=200)
    entered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    entered_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ["-noted_on", "-id"]
        constraints = [
            models.UniqueConstraint(name="meter_remark_once", fields=["installation", "noted_on", "text"]),
            models.CheckConstraint(name="meter_remark_says_something", condition=~Q(text="")),
        ]

    def __str__(self) -> str:
        return f"{self.text} on {self.noted_on}"


class QuantityFactor(models.Model):
    """What an installation's differences of indices are multiplied by from a day on (temperature, pressure of gas)."""

    installation = models.ForeignKey(
        MeterInstallation, on_delete=models.PROTECT, related_name="quantity_factors"
    )
    valid_from = models.DateField()
    value = models.DecimalField(max_digits=10, decimal_places=6)

    class Meta:
        ordering = ["installation", "valid_from"]
        constraints = [
            models.UniqueConstraint(name="quantity_factor_once_a_day", fields=["installation", "valid_from"]),
            models.CheckConstraint(name="quantity_factor_not_negative", condition=Q(value__gte=Decimal(0))),
        ]

    def __str__(self) -> str:
        return f"{self.value} from {self.valid_from}"
