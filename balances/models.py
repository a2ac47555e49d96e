"""Zone balances: what went in, what was consumed, what is missing; leaks found, and what is done about them."""

import uuid

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from assets.models import LeakRecord, Network, Zone
from gis_core.models import Division, User
from sensors.models import Datastream


class ZoneBalance(models.Model):
    """Supply minus consumption of a zone over a local day, month or year. Volumes in m3.

    `supply` = input - output - storage change. Consumption stands on two bases, and each figure names its own:

    * billed: by consumption month as invoiced, corrections included; equal to billing to the litre; months and
      years only, with the days `billed_from` to `billed_to` that its bills cover;
    * apportioned: what meters counted between readings, spread over the exact days by the daily profile.

    `billed_metered_m3` and `billed_unmetered_m3` are the two parts of what is billed in months and years, and of what
    is apportioned on days, of which bills know nothing.

    Coverage is the share of expected observations that arrived (supply) and the share of service-point days that
    lie between two readings (consumption). Under the gate the status is `insufficient` and the imbalance is not
    shown as a number; `reasons` says which datastream is to blame, and for what.
    """

    class Granularity(models.TextChoices):
        DAY = "day", "day"
        MONTH = "month", "month"
        YEAR = "year", "year"

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
    billed_metered_m3 = models.DecimalField(max_digits=16, decimal_places=3, default=0, db_default=0)
    billed_unmetered_m3 = models.DecimalField(max_digits=16, decimal_places=3, default=0, db_default=0)
    estimated_m3 = models.DecimalField(max_digits=16, decimal_places=3, default=0, db_default=0)
    billed_from = models.DateField(null=True)
    billed_to = models.DateField(null=True)
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
    reasons = models.JSONField(default=list, db_default=[])
    computed_at = models.DateTimeField(auto_now=True)
    # Boundaries that were moved before the first balance were still being drawn; later moves count from their day on.
    first_computed_at = models.DateTimeField(db_default=Now(), editable=False)

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
                name="zone_balance_granularity_known", condition=Q(granularity__in=["day", "month", "year"])
            ),
            models.CheckConstraint(
                name="zone_balance_billed_by_month",
                condition=Q(granularity="day", billed_m3=None, billed_from=None, billed_to=None)
                | Q(granularity__in=["month", "year"], billed_m3__isnull=False),
            ),
            models.CheckConstraint(
                name="zone_balance_year_is_first_day",
                condition=~Q(granularity="year") | Q(period_start__month=1, period_start__day=1),
            ),
            models.CheckConstraint(
                name="zone_balance_billed_days_in_order",
                condition=Q(billed_from=None, billed_to=None)
                | Q(billed_from__isnull=False, billed_to__isnull=False, billed_from__lte=F("billed_to")),
            ),
            models.CheckConstraint(
                name="zone_balance_sufficient_without_reasons",
                condition=Q(status="insufficient") | Q(status="sufficient", reasons=[]),
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


class ZoneMeter(models.Model):
    """A datastream that measures what crosses a zone's edge, or what the zone stores.

    Inlet: a positive value is water into the zone, a negative one out of it; outlet the reverse; storage: a tank's
    level or volume, rising is stored. `error_percent` is the limit of its error at 95 %. A row is never changed: it
    holds from `made_at` until `removed_at`, so that what was known at any instant can be told. Rows `from_connection`
    follow the devices that the graph names as the zone's edge (`ZoneConnection`); what people set stands before them.
    """

    class Role(models.TextChoices):
        INLET = "inlet", "inlet"
        OUTLET = "outlet", "outlet"
        STORAGE = "storage", "storage"

    zone = models.ForeignKey(Zone, on_delete=models.CASCADE, related_name="meters")
    datastream = models.ForeignKey(Datastream, on_delete=models.PROTECT, related_name="zone_meters")
    role = models.CharField(max_length=7, choices=Role.choices)
    error_percent = models.FloatField(default=2.0)
    from_connection = models.BooleanField(default=False)
    made_at = models.DateTimeField(db_default=Now())
    removed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["zone", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["zone", "datastream"], condition=Q(removed_at=None), name="zone_meter_once"
            ),
            models.CheckConstraint(
                name="zone_meter_role_known", condition=Q(role__in=["inlet", "outlet", "storage"])
            ),
            models.CheckConstraint(
                name="zone_meter_error_plausible",
                condition=Q(error_percent__gte=0.0, error_percent__lte=100.0),
            ),
            models.CheckConstraint(
                name="zone_meter_times_in_order",
                condition=Q(removed_at=None) | Q(removed_at__gte=F("made_at")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.datastream} ({self.role})"


class ImportedConsumption(models.Model):
    """Consumption of a zone that is billed elsewhere, m3 over local days, both named ones included.

    A row is never changed: a later one of the same zone, days and kind takes its place (`replaced_at`).
    """

    class Kind(models.TextChoices):
        BILLED_METERED = "billed_metered", "billed, metered"
        BILLED_UNMETERED = "billed_unmetered", "billed, unmetered"
        UNBILLED_METERED = "unbilled_metered", "unbilled, metered"
        UNBILLED_UNMETERED = "unbilled_unmetered", "unbilled, unmetered"

    zone = models.ForeignKey(Zone, on_delete=models.CASCADE, related_name="imported_consumption")
    first_day = models.DateField()
    last_day = models.DateField()
    kind = models.CharField(max_length=18, choices=Kind.choices)
    volume_m3 = models.DecimalField(max_digits=16, decimal_places=3)
    connections = models.PositiveIntegerField(null=True, blank=True)
    limit95_percent = models.FloatField(null=True, blank=True)
    made_at = models.DateTimeField(db_default=Now())
    replaced_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "imported consumption"
        verbose_name_plural = "imported consumption"
        ordering = ["zone", "first_day", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["zone", "first_day", "last_day", "kind"],
                condition=Q(replaced_at=None),
                name="imported_consumption_once",
            ),
            models.CheckConstraint(
                name="imported_consumption_kind_known",
                condition=Q(
                    kind__in=["billed_metered", "billed_unmetered", "unbilled_metered", "unbilled_unmetered"]
                ),
            ),
            models.CheckConstraint(
                name="imported_consumption_days_in_order", condition=Q(last_day__gte=F("first_day"))
            ),
            models.CheckConstraint(name="imported_consumption_not_negative", condition=Q(volume_m3__gte=0)),
            models.CheckConstraint(
                name="imported_consumption_limit_plausible",
                condition=Q(limit95_percent=None) | Q(limit95_percent__gte=0.0, limit95_percent__lte=100.0),
            ),
            models.CheckConstraint(
                name="imported_consumption_times_in_order",
                condition=Q(replaced_at=None) | Q(replaced_at__gte=F("made_at")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind}: {self.volume_m3} m3"


class ProductionCost(models.Model):
    """What a lost cubic metre costs an enterprise's division and all below it from a day on, so'm."""

    division = models.ForeignKey(Division, on_delete=models.PROTECT, related_name="production_costs")
    valid_from = models.DateField()
    cost_per_m3 = models.DecimalField(max_digits=12, decimal_places=2)

    class Meta:
        ordering = ["division", "valid_from"]
        constraints = [
            models.UniqueConstraint(fields=["division", "valid_from"], name="production_cost_once"),
            models.CheckConstraint(name="production_cost_not_negative", condition=Q(cost_per_m3__gte=0)),
        ]

    def __str__(self) -> str:
        return f"{self.cost_per_m3} from {self.valid_from}"


class MeterDay(models.Model):
    """What a zone meter measured on a local day, computed from its final values; a month of a datastream at a time.

    `forward_m3` and `backward_m3` are the sums of its positive and of its negative values over time, to the litre, gaps
    filled (`filled_m3`); null in a month without any value. `start_m3` and `end_m3` are what a tank held at the
    midnights around the day above what it held at the first known midnight of the month; null where no level is known.
    """

    pk = models.CompositePrimaryKey("datastream_id", "day")
    datastream = models.ForeignKey(
        Datastream, on_delete=models.CASCADE, related_name="meter_days", db_index=False
    )
    day = models.DateField()
    forward_m3 = models.DecimalField(max_digits=16, decimal_places=3, null=True)
    backward_m3 = models.DecimalField(max_digits=16, decimal_places=3, null=True)
    filled_m3 = models.FloatField(default=0)
    expected = models.IntegerField()
    received = models.IntegerField()
    start_m3 = models.DecimalField(max_digits=16, decimal_places=3, null=True)
    end_m3 = models.DecimalField(max_digits=16, decimal_places=3, null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="meter_day_counts", condition=Q(received__gte=0, received__lte=F("expected"))
            ),
            models.CheckConstraint(
                name="meter_day_parts_not_negative",
                condition=Q(forward_m3=None, backward_m3=None) | Q(forward_m3__gte=0, backward_m3__gte=0),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.datastream_id} on {self.day}"


class MeterTouch(models.Model):
    """A UTC day of a zone meter whose values came or changed since its days were computed; noted by a trigger."""

    datastream = models.ForeignKey(Datastream, on_delete=models.CASCADE, related_name="+", db_index=False)
    day = models.DateField()

    class Meta:
        indexes = [models.Index(name="meter_touch_of", fields=["datastream", "day"])]

    def __str__(self) -> str:
        return f"{self.datastream_id} on {self.day}"


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
    # When the search made it, and when its alarm was raised; NULL of what another search made, which raises none.
    made_at = models.DateTimeField(null=True)
    told_at = models.DateTimeField(null=True)
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


class LeakSearch(models.Model):
    """How far the search for leaks came in a zone, and all that it remembers (`balances/leak_detection/engine.py`).

    `reached` and `since` count hours since 1970; `measured_by` says what it was given, `version` of which engine the
    state is: of another one it is not gone on from. `events` are the uids of the leaks in the state, by number.
    """

    zone = models.OneToOneField(Zone, on_delete=models.CASCADE, related_name="leak_search", primary_key=True)
    since = models.IntegerField()
    reached = models.IntegerField()
    version = models.PositiveIntegerField()
    measured_by = models.CharField(max_length=64)
    state = models.JSONField()
    events = models.JSONField(default=dict)
    searched_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.CheckConstraint(name="leak_search_runs_forward", condition=Q(reached__gte=F("since")))
        ]

    def __str__(self) -> str:
        return f"{self.zone_id} to hour {self.reached}"


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
