"""Zone balances: what went in, what was consumed, what is missing; leaks suspected, and what is done about them."""

import uuid

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from assets.models import LeakRecord, Network, Zone
from gis_core.models import Division, User


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


class LeakEventState(models.TextChoices):
    """Where the work on a leak event stands."""

    NEW = "new", "new"
    OPEN = "open", "open"
    UNDER_INVESTIGATION = "under_investigation", "under investigation"
    FIELD_WORK = "field_work", "field work"
    CLOSED = "closed", "closed"


# Which state follows which; a trigger of the database holds the same (balances/sql/install/).
LEAK_EVENT_MOVES: dict[str, tuple[str, ...]] = {
    LeakEventState.NEW: ("open", "closed"),
    LeakEventState.OPEN: ("under_investigation", "closed"),
    LeakEventState.UNDER_INVESTIGATION: ("open", "field_work", "closed"),
    LeakEventState.FIELD_WORK: ("under_investigation", "closed"),
    LeakEventState.CLOSED: ("open",),
}


class LeakEvent(models.Model):
    """A leak that was detected, and what people do about it.

    What was known at detection is frozen; `now_size_m3h` and `ended_at` follow what later searches find. Flows in
    m3/h. `size_limit_95_m3h` is half the width of the 95 % interval of the size. Unknown is NULL.
    """

    class Kind(models.TextChoices):
        BURST = "burst", "burst"
        GROWING = "growing", "growing"

    class Outcome(models.TextChoices):
        FOUND = "found", "leak found"
        FALSE_ALARM = "false_alarm", "false alarm"
        OTHER = "other", "other cause"

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    zone = models.ForeignKey(Zone, on_delete=models.PROTECT, related_name="leak_events")
    network = models.ForeignKey(Network, on_delete=models.PROTECT, related_name="leak_events")
    division = models.ForeignKey(Division, on_delete=models.PROTECT, related_name="leak_events")
    kind = models.CharField(max_length=7, choices=Kind.choices)
    started_at = models.DateTimeField()
    started_from = models.DateTimeField()
    started_to = models.DateTimeField()
    detected_at = models.DateTimeField()
    size_m3h = models.FloatField()
    size_limit_95_m3h = models.FloatField(null=True)
    confidence = models.FloatField(null=True)
    evidence = models.JSONField(default=list)
    now_size_m3h = models.FloatField()
    ended_at = models.DateTimeField(null=True)
    state = models.CharField(max_length=19, choices=LeakEventState.choices, default=LeakEventState.NEW)
    outcome = models.CharField(max_length=11, choices=Outcome.choices, blank=True)
    leak = models.ForeignKey(LeakRecord, on_delete=models.PROTECT, null=True, related_name="leak_events")
    assignee = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="leak_events")
    cost = models.DecimalField(max_digits=16, decimal_places=2, null=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ["detected_at", "id"]
        indexes = [models.Index(fields=["division", "state"], name="leak_event_by_state")]
        constraints = [
            models.CheckConstraint(
                name="leak_event_state_known", condition=Q(state__in=LeakEventState.values)
            ),
            models.CheckConstraint(name="leak_event_kind_known", condition=Q(kind__in=["burst", "growing"])),
            models.CheckConstraint(
                name="leak_event_closed_has_outcome",
                condition=Q(state="closed", outcome__in=["found", "false_alarm", "other"])
                | (~Q(state="closed") & Q(outcome="")),
            ),
            models.CheckConstraint(
                name="leak_event_found_has_record", condition=~Q(outcome="found") | Q(leak__isnull=False)
            ),
            models.CheckConstraint(
                name="leak_event_times_in_order",
                condition=Q(
                    started_at__gte=F("started_from"),
                    started_to__gte=F("started_at"),
                    detected_at__gte=F("started_at"),
                )
                & (Q(ended_at=None) | Q(ended_at__gte=F("started_at"))),
            ),
            models.CheckConstraint(
                name="leak_event_size_positive",
                condition=Q(size_m3h__gt=0, now_size_m3h__gte=0)
                & (Q(size_limit_95_m3h=None) | Q(size_limit_95_m3h__gte=0)),
            ),
            models.CheckConstraint(
                name="leak_event_confidence_is_a_share",
                condition=Q(confidence=None) | Q(confidence__gte=0.0, confidence__lte=1.0),
            ),
            models.CheckConstraint(
                name="leak_event_cost_not_negative", condition=Q(cost=None) | Q(cost__gte=0)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.zone} {self.started_at:%Y-%m-%d} ({self.state})"


class LeakEventMove(models.Model):
    """One line of an event's history: a move, or a remark or assignment in the state it was in. Append-only."""

    event = models.ForeignKey(LeakEvent, on_delete=models.PROTECT, related_name="history")
    at = models.DateTimeField(db_default=Now(), editable=False)
    user = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    from_state = models.CharField(max_length=19)
    to_state = models.CharField(max_length=19)
    note = models.CharField(max_length=1000, blank=True)
    is_assignment = models.BooleanField(default=False)
    assigned_to = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                name="leak_event_line_says_something",
                condition=~Q(from_state=F("to_state")) | ~Q(note="") | Q(is_assignment=True),
            ),
            models.CheckConstraint(
                name="leak_event_reopened_with_note",
                condition=~Q(from_state="closed", to_state="open") | ~Q(note=""),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.from_state} to {self.to_state}"
