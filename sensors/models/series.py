"""Observations and what is derived from them. The tables are made by sql/, since Django cannot declare partitions.

raw      sensors_observation (open months) and sensors_packedobservation (closed ones): never changed
final    raw with the corrections on top, see sensors_final in sql/series.sql
derived  latest value, hourly and daily roll-ups: computed from final, and recomputed where a bucket is dirty
"""

import uuid

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from gis_core.models import Division, User
from sensors.models.devices import Datastream, FeatureOfInterest, MultiDatastream


class Observation(models.Model):
    """One raw value of a datastream at an instant, wherever it is stored; a view, for reading only."""

    pk = models.CompositePrimaryKey("datastream_id", "time")
    datastream = models.ForeignKey(
        Datastream, on_delete=models.DO_NOTHING, related_name="observations", db_index=False
    )
    time = models.DateTimeField()
    value = models.FloatField()
    received_at = models.DateTimeField(db_default=Now())

    class Meta:
        managed = False
        db_table = "sensors_rawobservation"

    def __str__(self) -> str:
        return f"{self.value} at {self.time}"


class LatestObservation(models.Model):
    """The newest final value of a datastream, kept by triggers so that "now" is one row away."""

    datastream = models.OneToOneField(
        Datastream, on_delete=models.CASCADE, primary_key=True, related_name="latest"
    )
    first_time = models.DateTimeField()
    time = models.DateTimeField()
    value = models.FloatField()
    received_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.value} at {self.time}"


class SeriesEdit(models.Model):
    """Who changed final values of a datastream, when and why. The changed values are corrections of this edit."""

    class Code(models.TextChoices):
        RESENT = "resent", "sent again with another value"
        EDITED = "edited", "edited by hand"
        DELETED = "deleted", "deleted"
        RESTORED = "restored", "restored"
        ESTIMATED = "estimated", "estimated"

    uid = models.UUIDField(default=uuid.uuid4, unique=True)
    datastream = models.ForeignKey(Datastream, on_delete=models.PROTECT, related_name="edits")
    division = models.ForeignKey(Division, on_delete=models.PROTECT, related_name="series_edits")
    code = models.CharField(max_length=10, choices=Code.choices)
    reason = models.CharField(max_length=300)
    method = models.CharField(max_length=40, blank=True, db_default="")
    made_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True)
    made_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                name="series_edit_code_known",
                condition=Q(code__in=["resent", "edited", "deleted", "restored", "estimated"]),
            ),
            models.CheckConstraint(name="series_edit_has_reason", condition=~Q(reason="")),
        ]

    def __str__(self) -> str:
        return f"{self.code}: {self.reason}"


class Correction(models.Model):
    """A final value that stands over the raw one; without a value it says that there is none."""

    pk = models.CompositePrimaryKey("datastream_id", "time", "edit_id")
    datastream = models.ForeignKey(
        Datastream, on_delete=models.DO_NOTHING, related_name="corrections", db_index=False
    )
    time = models.DateTimeField()
    edit = models.ForeignKey(
        SeriesEdit, on_delete=models.DO_NOTHING, related_name="corrections", db_index=False
    )
    value = models.FloatField(null=True, blank=True)
    is_manual = models.BooleanField()
    fills_gap = models.BooleanField()
    made_at = models.DateTimeField()

    class Meta:
        managed = False
        db_table = "sensors_correction"

    def __str__(self) -> str:
        return f"{self.value} at {self.time}"


class RichObservation(models.Model):
    """An observation that is more than a number at an instant.

    Its result is any JSON value, or its phenomenon has a length, or it has a result time, quality, validity, parameters
    or a feature of its own. The same content twice is one row (`content_hash`).
    """

    uid = models.UUIDField(default=uuid.uuid4, unique=True)
    datastream = models.ForeignKey(
        Datastream, on_delete=models.PROTECT, null=True, blank=True, related_name="rich_observations"
    )
    multi_datastream = models.ForeignKey(
        MultiDatastream, on_delete=models.PROTECT, null=True, blank=True, related_name="observations"
    )
    division = models.ForeignKey(Division, on_delete=models.PROTECT, related_name="rich_observations")
    feature = models.ForeignKey(
        FeatureOfInterest, on_delete=models.PROTECT, null=True, blank=True, related_name="rich_observations"
    )
    phenomenon_start = models.DateTimeField()
    phenomenon_end = models.DateTimeField(null=True, blank=True)
    result_time = models.DateTimeField(null=True, blank=True)
    valid_start = models.DateTimeField(null=True, blank=True)
    valid_end = models.DateTimeField(null=True, blank=True)
    result = models.JSONField(null=True)
    result_quality = models.JSONField(null=True, blank=True)
    parameters = models.JSONField(null=True, blank=True)
    content_hash = models.BinaryField(max_length=32)
    # The id under which it was known before a change made it more than a number of its series.
    sta_id = models.CharField(max_length=60, null=True, blank=True)
    received_at = models.DateTimeField(db_default=Now())
    deleted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["id"]
        indexes = [
            models.Index(name="rich_observation_time", fields=["datastream", "phenomenon_start"]),
            models.Index(name="rich_observation_multi_time", fields=["multi_datastream", "phenomenon_start"]),
        ]
        constraints = [
            models.CheckConstraint(
                name="rich_observation_of_one_stream",
                condition=Q(datastream=None, multi_datastream__isnull=False)
                | Q(datastream__isnull=False, multi_datastream=None),
            ),
            models.CheckConstraint(
                name="rich_observation_interval_runs_forward",
                condition=Q(phenomenon_end=None) | Q(phenomenon_end__gte=models.F("phenomenon_start")),
            ),
            models.UniqueConstraint(
                name="rich_observation_once",
                fields=["content_hash"],
                condition=Q(deleted_at=None),
            ),
            models.UniqueConstraint(
                name="rich_observation_sta_id_once", fields=["sta_id"], condition=Q(deleted_at=None)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.result} at {self.phenomenon_start}"


class RollUp(models.Model):
    """What both roll-ups hold: over the final values whose stamps lie in the bucket."""

    count = models.IntegerField()
    sum = models.FloatField()
    mean = models.GeneratedField(
        expression=models.F("sum") / models.F("count"), output_field=models.FloatField(), db_persist=True
    )
    min = models.FloatField()
    max = models.FloatField()
    first = models.FloatField()
    last = models.FloatField()
    # Share of the expected intervals that have a value, 0 to 1.
    coverage = models.FloatField()

    class Meta:
        abstract = True


class HourlyValue(RollUp):
    """A UTC hour [hour, hour + 1 h) of a datastream. `slots` is how many expected intervals have a value."""

    pk = models.CompositePrimaryKey("datastream_id", "hour")
    datastream = models.ForeignKey(
        Datastream, on_delete=models.PROTECT, related_name="hourly_values", db_index=False
    )
    hour = models.DateTimeField()
    slots = models.IntegerField()

    class Meta:
        constraints = [models.CheckConstraint(name="hourly_value_counts", condition=Q(count__gt=0))]

    def __str__(self) -> str:
        return f"{self.mean} in the hour from {self.hour}"


class DailyValue(RollUp):
    """A local day of a datastream, 23 to 25 hours long, in the datastream's time zone."""

    pk = models.CompositePrimaryKey("datastream_id", "day")
    datastream = models.ForeignKey(
        Datastream, on_delete=models.PROTECT, related_name="daily_values", db_index=False
    )
    day = models.DateField()

    class Meta:
        constraints = [models.CheckConstraint(name="daily_value_counts", condition=Q(count__gt=0))]

    def __str__(self) -> str:
        return f"{self.mean} on {self.day}"


class DirtyBucket(models.Model):
    """Hours of a UTC day whose roll-ups no longer agree with the values; bit n of `hours` is hour n."""

    datastream = models.ForeignKey(
        Datastream, on_delete=models.CASCADE, related_name="dirty_buckets", db_index=False
    )
    day = models.DateField()
    hours = models.IntegerField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="dirty_bucket_hours_of_a_day", condition=Q(hours__gt=0, hours__lt=2**24)
            )
        ]

    def __str__(self) -> str:
        return f"{self.datastream} on {self.day}"


class PackedMonth(models.Model):
    """A UTC month whose raw values are packed; late ones lie in its plain partition until it is packed again."""

    month = models.DateField(primary_key=True)
    observations = models.BigIntegerField()
    packed_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.CheckConstraint(name="packed_month_is_first_day", condition=Q(month__day=1))]

    def __str__(self) -> str:
        return f"{self.month:%Y-%m}"
