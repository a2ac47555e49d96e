"""What reports from the field: things, their places, sensors, observed properties and datastreams.

The names are those of OGC SensorThings 1.1 (18-088), whose entities these are. A row that was deleted keeps its place
with `deleted_at`, since what it measured is kept; every reader but the history passes it over.
"""

import uuid

from django.contrib.gis.db import models
from django.db.models import Q

from assets.models import Attachment, Node
from gis_core.models import Division

MEASUREMENT = "http://www.opengis.net/def/observationType/OGC-OM/2.0/OM_Measurement"
COMPLEX_OBSERVATION = "http://www.opengis.net/def/observationType/OGC-OM/2.0/OM_ComplexObservation"
GEOJSON = "application/geo+json"


class Entity(models.Model):
    """What the entities of the standard have in common."""

    uid = models.UUIDField(default=uuid.uuid4, unique=True)
    name = models.CharField(max_length=255)
    description = models.TextField(blank=True)
    properties = models.JSONField(null=True, blank=True)
    deleted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True
        ordering = ["id"]

    def __str__(self) -> str:
        return self.name


class ObservedProperty(Entity):
    """What is observed: pressure, flow. Without a division it belongs to the system and everybody sees it."""

    division = models.ForeignKey(
        Division, on_delete=models.PROTECT, null=True, blank=True, related_name="observed_properties"
    )
    code = models.CharField(max_length=40, unique=True, null=True, blank=True)
    definition = models.TextField()

    class Meta(Entity.Meta):
        verbose_name_plural = "observed properties"


class Sensor(Entity):
    """The procedure or instrument type that makes the values. Without a division it belongs to the system."""

    division = models.ForeignKey(
        Division, on_delete=models.PROTECT, null=True, blank=True, related_name="sensors"
    )
    code = models.CharField(max_length=40, unique=True, null=True, blank=True)
    encoding_type = models.CharField(max_length=100)
    # Text or a JSON value, as it was given.
    metadata = models.JSONField()


class FeatureOfInterest(Entity):
    """What an observation is about: usually the place of its thing."""

    division = models.ForeignKey(Division, on_delete=models.PROTECT, related_name="features_of_interest")
    encoding_type = models.CharField(max_length=100, default=GEOJSON)
    feature = models.JSONField()
    # The geometry of `feature`, WGS 84, where it has one; for filters by place.
    geom = models.GeometryField(srid=4326, null=True, blank=True)

    class Meta(Entity.Meta):
        verbose_name_plural = "features of interest"


class Location(Entity):
    """A place where things are or were. One that stands for a node of the network has the node's geometry."""

    division = models.ForeignKey(Division, on_delete=models.PROTECT, related_name="locations")
    encoding_type = models.CharField(max_length=100, default=GEOJSON)
    location = models.JSONField()
    geom = models.GeometryField(srid=4326, null=True, blank=True)
    node = models.ForeignKey(Node, on_delete=models.PROTECT, null=True, blank=True, related_name="locations")
    # The feature made of this place for observations that name none; another one once the place has moved.
    generated_feature = models.ForeignKey(
        FeatureOfInterest, on_delete=models.SET_NULL, null=True, blank=True, related_name="generated_by"
    )


class Thing(Entity):
    """A device in the field that reports: a logger, a bulk meter's transmitter, a level gauge.

    A thing may hang on an asset through an attachment, or on nothing.
    """

    division = models.ForeignKey(Division, on_delete=models.PROTECT, related_name="things")
    code = models.CharField(max_length=80, unique=True)
    description = models.TextField(blank=True, db_default="")
    attachment = models.OneToOneField(
        Attachment, on_delete=models.PROTECT, null=True, blank=True, related_name="thing"
    )
    locations = models.ManyToManyField(Location, related_name="things", blank=True)
    installed_on = models.DateField(null=True, blank=True)

    class Meta:
        ordering = ["code"]
        constraints = [models.CheckConstraint(name="thing_code_not_empty", condition=~Q(code=""))]

    def __str__(self) -> str:
        return self.name


class HistoricalLocation(models.Model):
    """Where a thing was from `time` on, until its next historical location."""

    uid = models.UUIDField(default=uuid.uuid4, unique=True)
    thing = models.ForeignKey(Thing, on_delete=models.PROTECT, related_name="historical_locations")
    time = models.DateTimeField()
    locations = models.ManyToManyField(Location, related_name="historical_locations", blank=True)
    deleted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.thing} from {self.time}"


class Quantity(models.TextChoices):
    """Kinds of value the rest of the system understands; their units are in sensors/series/units.py."""

    PRESSURE = "pressure", "pressure"
    FLOW = "flow", "flow"
    LEVEL = "level", "level"
    VOLUME = "volume", "stored volume"
    COUNTER = "counter", "counter reading"
    TEMPERATURE = "temperature", "temperature"
    CHLORINE = "chlorine", "free chlorine"
    TURBIDITY = "turbidity", "turbidity"
    CONDUCTIVITY = "conductivity", "conductivity"
    PH = "ph", "acidity (pH)"
    POWER = "power", "power"
    ENERGY = "energy", "energy"
    VOLTAGE = "voltage", "voltage"
    CURRENT = "current", "electric current"
    POSITION = "position", "valve position"
    STATE = "state", "state"
    OTHER = "other", "other"


class DatastreamKind(models.TextChoices):
    INSTANT = "instant", "instant"
    MEAN = "mean", "mean over the interval"
    COUNTER = "counter", "counter that only grows"


class Datastream(models.Model):
    """One observed property of a thing, in one unit, expected every `interval_s` seconds.

    Kinds: `instant` (a state at the stamp, e.g. pressure, level), `mean` (the mean over the interval that ends at the
    stamp, e.g. flow of a meter that counts pulses) or `counter` (a register's index). Values stay in the unit they came
    in; times `unit_factor` they are in the canonical unit of their quantity (m of water, m3/h, m, m3, ...).
    """

    ObservedProperty = Quantity
    Kind = DatastreamKind

    uid = models.UUIDField(default=uuid.uuid4, unique=True)
    thing = models.ForeignKey(Thing, on_delete=models.PROTECT, related_name="datastreams")
    division = models.ForeignKey(Division, on_delete=models.PROTECT, related_name="datastreams")
    code = models.CharField(max_length=100, unique=True)
    name = models.CharField(max_length=255, db_default="")
    description = models.TextField(blank=True, db_default="")
    observed_property = models.CharField(max_length=12, choices=Quantity.choices)
    unit = models.CharField(max_length=60, blank=True)
    unit_factor = models.FloatField(db_default=1.0)
    kind = models.CharField(max_length=8, choices=DatastreamKind.choices, default=DatastreamKind.INSTANT)
    interval_s = models.PositiveIntegerField(default=3600)
    # IANA name of the zone whose days the daily roll-up has.
    time_zone = models.CharField(max_length=64, db_default="Asia/Tashkent")
    # What SensorThings says of it besides; null where the system's own stand for it.
    sta_property = models.ForeignKey(
        "sensors.ObservedProperty",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="datastreams",
    )
    sensor = models.ForeignKey(
        Sensor, on_delete=models.PROTECT, null=True, blank=True, related_name="datastreams"
    )
    feature = models.ForeignKey(
        FeatureOfInterest, on_delete=models.PROTECT, null=True, blank=True, related_name="default_of"
    )
    # Whether the numbers of the series have a result time, which is then their own; null until the first has come.
    has_result_time = models.BooleanField(null=True, blank=True)
    observation_type = models.CharField(max_length=200, db_default=MEASUREMENT)
    # {"name", "symbol", "definition"} as a client gave it; null where `unit` says all.
    unit_of_measurement = models.JSONField(null=True, blank=True)
    observed_area = models.GeometryField(srid=4326, null=True, blank=True)
    properties = models.JSONField(null=True, blank=True)
    deleted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["code"]
        indexes = [
            models.Index(
                name="datastream_by_quantity",
                fields=["thing", "observed_property"],
            )
        ]
        constraints = [
            models.UniqueConstraint(
                name="datastream_property_once",
                fields=["thing", "observed_property"],
                # Two meters of flow at one place would be counted twice by the balance.
                condition=Q(observed_property__in=["flow", "level", "volume"], deleted_at=None),
            ),
            models.CheckConstraint(name="datastream_interval_positive", condition=Q(interval_s__gt=0)),
            models.CheckConstraint(name="datastream_unit_factor_positive", condition=Q(unit_factor__gt=0)),
            models.CheckConstraint(
                name="datastream_unit_given",
                condition=Q(observed_property__in=["other", "state", "ph"]) | ~Q(unit=""),
            ),
        ]

    def __str__(self) -> str:
        return self.code


class MultiDatastream(Entity):
    """Several observed properties of a thing whose results come together, as an array in their order."""

    thing = models.ForeignKey(Thing, on_delete=models.PROTECT, related_name="multi_datastreams")
    division = models.ForeignKey(Division, on_delete=models.PROTECT, related_name="multi_datastreams")
    observation_type = models.CharField(max_length=200, default=COMPLEX_OBSERVATION)
    # One entry for each observed property, in their order.
    multi_observation_data_types = models.JSONField()
    unit_of_measurements = models.JSONField()
    sensor = models.ForeignKey(Sensor, on_delete=models.PROTECT, related_name="multi_datastreams")
    observed_properties = models.ManyToManyField(
        ObservedProperty, through="MultiDatastreamProperty", related_name="multi_datastreams"
    )
    observed_area = models.GeometryField(srid=4326, null=True, blank=True)


class MultiDatastreamProperty(models.Model):
    """Which observed property stands at which place of a multi-datastream's results, counted from 0."""

    multi_datastream = models.ForeignKey(MultiDatastream, on_delete=models.CASCADE, related_name="places")
    observed_property = models.ForeignKey(ObservedProperty, on_delete=models.PROTECT, related_name="places")
    place = models.PositiveSmallIntegerField()

    class Meta:
        ordering = ["multi_datastream", "place"]
        constraints = [
            models.UniqueConstraint(name="multi_datastream_place_once", fields=["multi_datastream", "place"])
        ]

    def __str__(self) -> str:
        return f"{self.multi_datastream}: {self.place}"


class EntityNotification(models.Model):
    """Entities made or changed, to be told to subscribers: the outbox of the SensorThings topics of MQTT."""

    entity_type = models.CharField(max_length=40)
    entity_ids = models.JSONField()
    # Names of the properties that changed; null for new entities.
    changed = models.JSONField(null=True, blank=True)
    made_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.entity_type} {self.entity_ids}"


class EntityVersion(models.Model):
    """What an entity was before a change through SensorThings: nothing that was said is lost."""

    class Change(models.TextChoices):
        UPDATE = "update", "update"
        DELETE = "delete", "delete"

    entity_type = models.CharField(max_length=40)
    entity_id = models.CharField(max_length=60)
    change = models.CharField(max_length=8, choices=Change.choices)
    document = models.JSONField()
    changed_by = models.ForeignKey("gis_core.User", on_delete=models.PROTECT, null=True, blank=True)
    changed_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(name="entity_version_of", fields=["entity_type", "entity_id"])]

    def __str__(self) -> str:
        return f"{self.change} of {self.entity_type}({self.entity_id})"
