"""Zone balances: what went in, what was consumed, and what is missing."""

from django.db import models
from django.db.models import F, Q

from assets.models import Zone
from gis_core.models import Division


class ZoneBalance(models.Model):
    """Supply minus consumption of a zone over a local day or month. Volumes in m3.

    `supply` = input - output - storage change. Consumption stands on two bases, and each figure names its own:

    * billed: by consumption month as invoiced, corrections included; equal to billing to the litre; months only;
    * apportioned: what meters counted between readings, spread over the exact days by the daily profile.

    Coverage is the share of expected observations that arrived (supply) and the share of service-point days that
    lie between two readings (consumption). Under the gate the status is `insufficient` and the imbalance is not
    shown as a number.
    """

    class Granularity(models.TextChoices):
        DAY = "day", "day"
        MONTH = "month", "month"

    class Status(models.TextChoices):
        SUFFICIENT = "sufficient", "sufficient data"
        INSUFFICIENT = "insufficient", "insufficient data"

    zone = models.ForeignKey(Zone, on_delete=models.CASCADE, related_name="balances")
    division = models.ForeignKey(Division, on_delete=models.PROTECT, related_name="zone_balances")
    granularity = models.CharField(max_length=5, choices=Granularity.choices)
    period_start = models.DateField()
    input_m3 = models.DecimalField(max_digits=16, decimal_places=3, null=True)
    output_m3 = models.DecimalField(max_digits=16, decimal_places=3, null=True)
    storage_change_m3 = models.DecimalField(max_digits=16, decimal_places=3, null=True)
    supply_m3 = models.GeneratedField(
        expression=F("input_m3") - F("output_m3") - F("storage_change_m3"),
        output_field=models.DecimalField(max_digits=16, decimal_places=3, null=True),
        db_persist=True,
    )
    billed_m3 = models.DecimalField(max_digits=16, decimal_places=3, null=True)
    apportioned_m3 = models.DecimalField(max_digits=16, decimal_places=3)
    unbilled_m3 = models.DecimalField(max_digits=16, decimal_places=3, default=0)
    imbalance_billed_m3 = models.GeneratedField(
        expression=F("input_m3")
        - F("output_m3")
        - F("storage_change_m3")
        - F("billed_m3")
        - F("unbilled_m3"),
        output_field=models.DecimalField(max_digits=16, decimal_places=3, null=True),
        db_persist=True,
    )
    imbalance_apportioned_m3 = models.GeneratedField(
        expression=F("input_m3")
        - F("output_m3")
        - F("storage_change_m3")
        - F("apportioned_m3")
        - F("unbilled_m3"),
        output_field=models.DecimalField(max_digits=16, decimal_places=3, null=True),
        db_persist=True,
    )
    # Half the width of the 95 % interval of the imbalance, from the meters' declared accuracy and missing data.
    limit_95_m3 = models.DecimalField(max_digits=16, decimal_places=3, null=True)
    supply_coverage = models.FloatField()
    consumption_coverage = models.FloatField()
    service_points = models.PositiveIntegerField()
    status = models.CharField(max_length=12, choices=Status.choices)
    computed_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["zone", "granularity", "period_start"]
        constraints = [
            models.UniqueConstraint(fields=["zone", "granularity", "period_start"], name="zone_balance_once"),
            models.CheckConstraint(
                name="zone_balance_coverage_is_a_share",
                condition=Q(
                    supply_coverage__gte=0.0,
                    supply_coverage__lte=1.0,
                    consumption_coverage__gte=0.0,
                    consumption_coverage__lte=1.0,
                ),
            ),
            models.CheckConstraint(
                name="zone_balance_granularity_known", condition=Q(granularity__in=["day", "month"])
            ),
            models.CheckConstraint(
                name="zone_balance_billed_by_month",
                condition=Q(granularity="day", billed_m3=None)
                | Q(granularity="month", billed_m3__isnull=False),
            ),
            models.CheckConstraint(
                name="zone_balance_month_is_first_day",
                condition=Q(granularity="day") | Q(period_start__day=1),
            ),
            models.CheckConstraint(
                name="zone_balance_sufficient_has_supply",
                condition=Q(status="insufficient")
                | Q(
                    status="sufficient",
                    input_m3__isnull=False,
                    output_m3__isnull=False,
                    storage_change_m3__isnull=False,
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.zone} {self.period_start} ({self.granularity})"


class UnbilledConsumption(models.Model):
    """Authorised consumption that nobody is billed for (flushing, fire fighting), m3 over [start, end)."""

    zone = models.ForeignKey(Zone, on_delete=models.PROTECT, related_name="unbilled_consumption")
    division = models.ForeignKey(Division, on_delete=models.PROTECT)
    started_on = models.DateField()
    ended_on = models.DateField()
    volume_m3 = models.DecimalField(max_digits=16, decimal_places=3)
    is_metered = models.BooleanField(default=False)
    purpose = models.CharField(max_length=200)

    class Meta:
        verbose_name = "unbilled consumption"
        verbose_name_plural = "unbilled consumption"
        ordering = ["started_on", "id"]
        constraints = [
            models.CheckConstraint(name="unbilled_days_in_order", condition=Q(ended_on__gt=F("started_on"))),
            models.CheckConstraint(name="unbilled_not_negative", condition=Q(volume_m3__gte=0)),
        ]

    def __str__(self) -> str:
        return f"{self.purpose}: {self.volume_m3} m3"


class LeakSuspicion(models.Model):
    """A zone whose daily losses rose and stayed: found from balances alone.

    `excess_m3_per_day` is the rise of the mean daily imbalance at `started_on`; `score` is that rise in standard
    errors.
    """

    zone = models.ForeignKey(Zone, on_delete=models.CASCADE, related_name="leak_suspicions")
    division = models.ForeignKey(Division, on_delete=models.PROTECT, related_name="leak_suspicions")
    searched_from = models.DateField()
    searched_to = models.DateField()
    started_on = models.DateField()
    excess_m3_per_day = models.DecimalField(max_digits=12, decimal_places=3)
    score = models.FloatField()

    class Meta:
        ordering = ["-score"]
        constraints = [
            models.UniqueConstraint(
                fields=["zone", "searched_from", "searched_to"], name="leak_suspicion_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.zone} from {self.started_on}"
