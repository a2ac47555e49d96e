"""What is known of the quality of values: rules as data, flags beside the values, and what the rules learn.

Flags never touch a value. A flag that no longer holds is cleared, not deleted: it can be seen what was known when.
"""

import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from gis_core.models import Division, User
from sensors.models.devices import Datastream, DatastreamKind, Quantity


class Rule(models.TextChoices):
    """What is looked for; the parameters of each are in sensors/quality/services/catalogue.py."""

    RANGE = "range", "outside the range"
    RATE_OF_CHANGE = "rate_of_change", "changes too fast"
    SPIKE = "spike", "spike"
    FLAT_LINE = "flat_line", "flat line"
    GAP = "gap", "gap"
    NEGATIVE = "negative", "negative"
    ROLLOVER = "rollover", "counter rolled over"
    DUPLICATE = "duplicate", "duplicate"
    FUTURE_STAMP = "future_stamp", "stamp in the future"
    CLOCK_DRIFT = "clock_drift", "clock drifts"
    NEIGHBOURS = "neighbours", "differs from its neighbours"


# A counter that fell without a rollover was reset: found by the rollover rule, flagged under its own name.
RESET = "reset"
FLAG_RULES = [*Rule.choices, (RESET, "counter was reset")]


class Severity(models.TextChoices):
    """`note` explains a value that is right (a rollover); the others say how little it is to be trusted."""

    NOTE = "note", "note"
    SUSPECT = "suspect", "suspect"
    FAIL = "fail", "fail"


class QualityRule(models.Model):
    """Parameters of one rule: for one datastream, or for all of a quantity and kind within a division.

    Without a division it holds everywhere. The most particular row about a datastream counts, as a whole: its own,
    then that of the nearest division above it, then the system's; among these, one that names quantity and kind goes
    before one that names the quantity, the kind, or neither. A row that is not enabled switches the rule off.
    Parameters of a datastream's own row are in its unit, those of the others in the canonical unit of the quantity.
    """

    uid = models.UUIDField(default=uuid.uuid4, unique=True)
    division = models.ForeignKey(
        Division, on_delete=models.PROTECT, null=True, blank=True, related_name="quality_rules"
    )
    datastream = models.ForeignKey(
        Datastream, on_delete=models.PROTECT, null=True, blank=True, related_name="quality_rules"
    )
    observed_property = models.CharField(max_length=12, choices=Quantity.choices, blank=True)
    kind = models.CharField(max_length=8, choices=DatastreamKind.choices, blank=True)
    rule = models.CharField(max_length=16, choices=Rule.choices)
    parameters = models.JSONField(default=dict)
    is_enabled = models.BooleanField(default=True)
    changed_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(name="quality_rule_known", condition=Q(rule__in=list(Rule.values))),
            models.CheckConstraint(
                name="quality_rule_scope",
                # One datastream, in its division; or a quantity and kind, either of which may be any.
                condition=Q(datastream=None)
                | Q(datastream__isnull=False, division__isnull=False, observed_property="", kind=""),
            ),
            models.UniqueConstraint(
                name="quality_rule_once_a_datastream",
                fields=["datastream", "rule"],
                condition=Q(datastream__isnull=False),
            ),
            models.UniqueConstraint(
                name="quality_rule_once_a_kind",
                fields=["division", "observed_property", "kind", "rule"],
                condition=Q(datastream=None),
                nulls_distinct=False,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.rule} of {self.datastream or self.observed_property or 'every datastream'}"


class QualityFlag(models.Model):
    """A rule found something at `time`, or over [time, end_time); it holds until `cleared_at`.

    `measure` is what was compared with `threshold`: the value for a range, its distance from its neighbours for
    a spike, units per second for a rate, missing values for a gap, seconds ahead for a stamp, the consumption for a
    counter (whose threshold is the size of the register, or what would have been plausible).
    """

    datastream = models.ForeignKey(
        Datastream, on_delete=models.PROTECT, related_name="quality_flags", db_index=False
    )
    time = models.DateTimeField()
    end_time = models.DateTimeField(null=True, blank=True)
    rule = models.CharField(max_length=16, choices=FLAG_RULES)
    severity = models.CharField(max_length=8, choices=Severity.choices)
    measure = models.FloatField(null=True, blank=True)
    threshold = models.FloatField(null=True, blank=True)
    made_at = models.DateTimeField(db_default=Now())
    cleared_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                name="quality_flag_rule_known", condition=Q(rule__in=[*Rule.values, RESET])
            ),
            models.CheckConstraint(
                name="quality_flag_severity_known", condition=Q(severity__in=list(Severity.values))
            ),
            models.CheckConstraint(
                name="quality_flag_span_runs_forward", condition=Q(end_time=None) | Q(end_time__gt=F("time"))
            ),
            models.CheckConstraint(
                name="quality_flag_cleared_later",
                condition=Q(cleared_at=None) | Q(cleared_at__gte=F("made_at")),
            ),
            models.UniqueConstraint(
                name="quality_flag_holds_once",
                fields=["datastream", "time", "rule"],
                condition=Q(cleared_at=None),
            ),
        ]
        indexes = [models.Index(name="quality_flag_of_datastream", fields=["datastream", "time"])]

    def __str__(self) -> str:
        return f"{self.severity}: {self.rule} at {self.time}"


class UncheckedBucket(models.Model):
    """Hours of a UTC day whose values came or changed since they were checked; bit n of `hours` is hour n."""

    datastream = models.ForeignKey(Datastream, on_delete=models.CASCADE, related_name="+", db_index=False)
    day = models.DateField()
    hours = models.IntegerField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="unchecked_bucket_hours_of_a_day", condition=Q(hours__gt=0, hours__lt=2**24)
            )
        ]
        indexes = [models.Index(name="unchecked_bucket_of", fields=["datastream"])]

    def __str__(self) -> str:
        return f"{self.datastream_id} on {self.day}"


class ClockLag(models.Model):
    """How far the newest stamp of a delivery lay behind its arrival: the median of a UTC day's deliveries."""

    pk = models.CompositePrimaryKey("datastream_id", "day")
    datastream = models.ForeignKey(Datastream, on_delete=models.CASCADE, related_name="+", db_index=False)
    day = models.DateField()
    lag_s = models.FloatField()
    deliveries = models.IntegerField()

    class Meta:
        constraints = [models.CheckConstraint(name="clock_lag_counts", condition=Q(deliveries__gt=0))]

    def __str__(self) -> str:
        return f"{self.lag_s} s on {self.day}"


class NeighbourBaseline(models.Model):
    """What is usual between a datastream and its neighbours, learnt from hourly means of the last days.

    `offsets` are the medians of (own mean - neighbour's mean), one for each neighbour. With these taken off, the median
    over the neighbours is the deviation of an hour; `spread` is its median absolute value times 1.4826 (the standard
    deviation, were it normal). All in the datastream's unit.
    """

    datastream = models.OneToOneField(
        Datastream, on_delete=models.CASCADE, primary_key=True, related_name="neighbour_baseline"
    )
    neighbours = ArrayField(models.BigIntegerField())
    offsets = ArrayField(models.FloatField())
    spread = models.FloatField()
    correlation = models.FloatField(null=True, blank=True)
    hours = models.IntegerField()
    computed_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(name="neighbour_spread_not_negative", condition=Q(spread__gte=0))
        ]

    def __str__(self) -> str:
        return f"{self.datastream} against {len(self.neighbours)} neighbours"
