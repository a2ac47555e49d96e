"""Time series: things on the network, their datastreams, and observations partitioned by month."""

import uuid

from django.contrib.gis.db import models
from django.db.models import Q
from django.db.models.functions import Now

from assets.models import Attachment
from gis_core.models import Division


class Thing(models.Model):
    """A device in the field that reports: a logger, a bulk meter's transmitter, a level gauge.

    A thing may hang on an asset through an attachment, or on nothing.
    """

    uid = models.UUIDField(default=uuid.uuid4, unique=True)
    division = models.ForeignKey(Division, on_delete=models.PROTECT, related_name="things")
    code = models.CharField(max_length=80, unique=True)
    name = models.CharField(max_length=200)
    attachment = models.OneToOneField(
        Attachment, on_delete=models.PROTECT, null=True, blank=True, related_name="thing"
    )
    installed_on = models.DateField(null=True, blank=True)

    class Meta:
        ordering = ["code"]
        constraints = [models.CheckConstraint(name="thing_code_not_empty", condition=~Q(code=""))]

    def __str__(self) -> str:
        return self.name


class Datastream(models.Model):
    """One observed property of a thing, in one unit, expected every `interval_s` seconds.

    Kinds: `instant` (a state at the stamp, e.g. pressure, level) or `mean` (the mean over the interval that
    ends at the stamp, e.g. flow of a meter that counts pulses).
    """

    class ObservedProperty(models.TextChoices):
        PRESSURE = "pressure", "pressure"
        FLOW = "flow", "flow"
        LEVEL = "level", "level"
        VOLUME = "volume", "stored volume"

    class Unit(models.TextChoices):
        PRESSURE_M = "m", "metres of water"
        FLOW_M3H = "m3/h", "cubic metres an hour"
        VOLUME_M3 = "m3", "cubic metres"

    class Kind(models.TextChoices):
        INSTANT = "instant", "instant"
        MEAN = "mean", "mean over the interval"

    uid = models.UUIDField(default=uuid.uuid4, unique=True)
    thing = models.ForeignKey(Thing, on_delete=models.PROTECT, related_name="datastreams")
    division = models.ForeignKey(Division, on_delete=models.PROTECT, related_name="datastreams")
    code = models.CharField(max_length=100, unique=True)
    observed_property = models.CharField(max_length=12, choices=ObservedProperty.choices)
    unit = models.CharField(max_length=8, choices=Unit.choices)
    kind = models.CharField(max_length=8, choices=Kind.choices, default=Kind.INSTANT)
    interval_s = models.PositiveIntegerField(default=3600)

    class Meta:
        ordering = ["code"]
        constraints = [
            models.UniqueConstraint(fields=["thing", "observed_property"], name="datastream_property_once"),
            models.CheckConstraint(name="datastream_interval_positive", condition=Q(interval_s__gt=0)),
            models.CheckConstraint(
                name="datastream_property_and_unit_agree",
                condition=Q(observed_property__in=["pressure", "level"], unit="m")
                | Q(observed_property="flow", unit="m3/h")
                | Q(observed_property="volume", unit="m3"),
            ),
        ]

    def __str__(self) -> str:
        return self.code


class Observation(models.Model):
    """One value of a datastream at an instant. Partitioned by month of `time` (UTC); raw values never change."""

    pk = models.CompositePrimaryKey("datastream_id", "time")
    datastream = models.ForeignKey(
        Datastream, on_delete=models.PROTECT, related_name="observations", db_index=False
    )
    time = models.DateTimeField()
    value = models.FloatField()
    received_at = models.DateTimeField(db_default=Now())

    class Meta:
        # Made by sql/observations.sql, since Django cannot declare partitions.
        managed = False
        db_table = "sensors_observation"

    def __str__(self) -> str:
        return f"{self.value} at {self.time}"


class LatestObservation(models.Model):
    """The newest observation of a datastream, kept by ingestion so that "now" is one row away."""

    datastream = models.OneToOneField(
        Datastream, on_delete=models.CASCADE, primary_key=True, related_name="latest"
    )
    time = models.DateTimeField()
    value = models.FloatField()

    def __str__(self) -> str:
        return f"{self.value} at {self.time}"
