"""Types of meters, and what happened to meters where they do not hang: stock, crews, verifications."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from billing.models.metering import Meter
from gis_core.models import Division


class MeterType(models.Model):
    """A model of meters that a maker offers, by the name that meters carry as `model_name`.

    A meter is to be verified `verification_months` after the last time, or after it was hung first; without a number,
    or of a model that is not here, only when the day comes that a verification names.
    """

    name = models.CharField(max_length=60, unique=True)
    digits = models.PositiveSmallIntegerField(default=5)
    verification_months = models.PositiveSmallIntegerField(null=True, blank=True)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(name="meter_type_named", condition=~Q(name="")),
            models.CheckConstraint(
                name="meter_type_digits_plausible", condition=Q(digits__gte=3, digits__lte=9)
            ),
            models.CheckConstraint(
                name="meter_type_interval_plausible",
                condition=Q(verification_months=None)
                | Q(verification_months__gte=1, verification_months__lte=240),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class MeterMovement(models.Model):
    """What was done with a meter on a day, by whom it is held since, and the paper that says so. Rows are only added;
    what was entered by mistake is taken back (`taken_back_at`), once, and then counts as if it had never been entered.

    Where it hangs say installations alone; between them it is in the store, with a crew (`holder`), taken down, or
    written off. Which of these follows on which: `billing/sql/install/26_meter_stock.sql`.
    """

    class Kind(models.TextChoices):
        RECEIVED = "received", "received into the store"
        ISSUED = "issued", "issued"
        RETURNED = "returned", "returned to the store"
        VERIFIED = "verified", "verified"
        WRITTEN_OFF = "written_off", "written off"

    meter = models.ForeignKey(Meter, on_delete=models.PROTECT, related_name="movements")
    division = models.ForeignKey(Division, on_delete=models.PROTECT, related_name="meter_movements")
    kind = models.CharField(max_length=11, choices=Kind.choices)
    happened_on = models.DateField()
    holder = models.CharField(max_length=100, blank=True, db_default="", help_text="To whom it was issued")
    is_fit = models.BooleanField(null=True, blank=True, help_text="What a verification found")
    valid_until = models.DateField(null=True, blank=True, help_text="The next verification is due then")
    document = models.CharField(max_length=200, blank=True, db_default="")
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    made_at = models.DateTimeField(db_default=Now(), editable=False)
    taken_back_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    taken_back_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ["-happened_on", "-id"]
        constraints = [
            models.UniqueConstraint(
                name="meter_movement_once",
                fields=["meter", "kind", "happened_on"],
                condition=Q(taken_back_at=None),
            ),
            models.CheckConstraint(
                name="meter_movement_taken_back_when",
                condition=Q(taken_back_by=None) | Q(taken_back_at__isnull=False),
            ),
            models.CheckConstraint(
                name="meter_movement_kind_known",
                condition=Q(kind__in=["received", "issued", "returned", "verified", "written_off"]),
            ),
            models.CheckConstraint(
                name="meter_movement_names_holder",
                condition=(Q(kind="issued") & ~Q(holder="")) | (~Q(kind="issued") & Q(holder="")),
            ),
            models.CheckConstraint(
                name="meter_movement_verification_says_what",
                condition=Q(kind="verified", is_fit__isnull=False) | (~Q(kind="verified") & Q(is_fit=None)),
            ),
            models.CheckConstraint(
                name="meter_movement_valid_after_verification",
                condition=Q(valid_until=None) | Q(is_fit=True, valid_until__gt=F("happened_on")),
            ),
            models.CheckConstraint(
                name="meter_movement_write_off_says_why", condition=~Q(kind="written_off") | ~Q(document="")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.meter} {self.kind} on {self.happened_on}"
