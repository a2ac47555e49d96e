"""Where values come from: profiles of files, sources, what of a source goes into which datastream, and what
was refused.

FeedProfile      how a kind of logger file is written
FeedSource       a feed: a drop folder, an MQTT broker's topics, a LoRaWAN network server, a PLC that is polled
DeviceNetwork    where the sources of a division may be polled
TopicPrefix      which topics of the broker are a division's
FeedPoint        one address of a source (topic, device and field, register, node) and its datastream
FeedState        what the source did last, renewed by whoever runs it
FeedFile         a file that was taken in, known again by its SHA-256
QuarantinedRow   what could not be taken, with the reason, for another try
MqttArrival      stamps given to messages that carry none, until they are acknowledged for certain
"""

import uuid

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from gis_core.models import Division, User
from sensors.models.devices import Datastream


class FeedProfile(models.Model):
    """How a kind of logger file is written; `settings` is checked by services.feeds.profiles."""

    uid = models.UUIDField(default=uuid.uuid4, unique=True)
    division = models.ForeignKey(Division, on_delete=models.PROTECT, related_name="feed_profiles")
    name = models.CharField(max_length=60)
    description = models.TextField(blank=True, db_default="")
    settings = models.JSONField(default=dict)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                name="feed_profile_name_form", condition=Q(name__regex=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")
            ),
            # What is taken elsewhere is nobody's business.
            models.UniqueConstraint(name="feed_profile_name_in_division", fields=["division", "name"]),
        ]

    def __str__(self) -> str:
        return self.name


class FeedKind(models.TextChoices):
    FOLDER = "folder", "drop folder"
    MQTT = "mqtt", "MQTT"
    CHIRPSTACK = "chirpstack", "LoRaWAN, ChirpStack v4"
    TTN = "ttn", "LoRaWAN, The Things Stack v3"
    MODBUS = "modbus", "Modbus TCP"
    OPCUA = "opcua", "OPC UA"


class FeedSource(models.Model):
    """A feed. Its values may only go into datastreams of its division and those below.

    `settings` is checked by services.feeds.sources and holds no secrets. A password is encrypted in `password_sealed`,
    bound to this source and its address, or named by the environment variable that carries it; a webhook's token is
    kept as its SHA-256.
    """

    Kind = FeedKind

    uid = models.UUIDField(default=uuid.uuid4, unique=True)
    division = models.ForeignKey(Division, on_delete=models.PROTECT, related_name="feed_sources")
    code = models.CharField(max_length=60)
    name = models.CharField(max_length=200)
    kind = models.CharField(max_length=12, choices=FeedKind.choices)
    is_active = models.BooleanField(default=True)
    profile = models.ForeignKey(
        FeedProfile, on_delete=models.PROTECT, null=True, blank=True, related_name="sources"
    )
    interval_s = models.FloatField(default=60.0)
    settings = models.JSONField(default=dict)
    password_sealed = models.TextField(blank=True, default="", db_default="", editable=False)
    token_digest = models.CharField(max_length=64, unique=True, null=True, blank=True)
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                name="feed_source_code_form", condition=Q(code__regex=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")
            ),
            models.UniqueConstraint(name="feed_source_code_in_division", fields=["division", "code"]),
            models.CheckConstraint(
                name="feed_source_kind_known", condition=Q(kind__in=[kind.value for kind in FeedKind])
            ),
            models.CheckConstraint(
                name="feed_source_interval_plausible",
                condition=Q(interval_s__gte=0.05, interval_s__lte=86_400 * 31),
            ),
        ]

    def __str__(self) -> str:
        return self.code


class DeviceNetwork(models.Model):
    """Addresses that sources of a division, and of those below it, may be polled at; an operator writes them."""

    division = models.ForeignKey(Division, on_delete=models.CASCADE, related_name="device_networks")
    network = models.CharField(max_length=43)
    plain_passwords = models.BooleanField(default=False)
    note = models.CharField(max_length=200, blank=True, default="")
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(name="device_network_once", fields=["division", "network"]),
            models.CheckConstraint(
                name="device_network_form", condition=Q(network__regex=r"^[0-9a-f.:]+/[0-9]{1,3}$")
            ),
        ]

    def __str__(self) -> str:
        return self.network


class TopicPrefix(models.Model):
    """The first levels of the topics that are a division's. Within a prefix others may be given to divisions below."""

    uid = models.UUIDField(default=uuid.uuid4, unique=True)
    division = models.ForeignKey(Division, on_delete=models.CASCADE, related_name="topic_prefixes")
    prefix = models.CharField(max_length=120)
    note = models.CharField(max_length=200, blank=True, default="", db_default="")
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        verbose_name_plural = "topic prefixes"
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(name="topic_prefix_once", fields=["prefix"]),
            # Whole levels without patterns, at most four; not the broker's own ($SYS) and not those of SensorThings.
            models.CheckConstraint(
                name="topic_prefix_form",
                condition=Q(prefix__regex=r"^[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+){0,3}$")
                & ~Q(prefix__regex=r"^v1\.1(/|$)"),
            ),
        ]

    def __str__(self) -> str:
        return self.prefix


class FeedPoint(models.Model):
    """One address of a source and the datastream that its values go into, times `scale` plus `shift`.

    `address` is a topic pattern, a DevEUI in small hexadecimal, a register (`holding:100:float32`) or an OPC
    UA node id;
    `field` the decoded field of a LoRaWAN device, or the path of the value in a JSON message. Topics may name
    the datastream
    by a template of their levels instead (`{2}:{3}`).
    """

    source = models.ForeignKey(FeedSource, on_delete=models.CASCADE, related_name="points")
    address = models.CharField(max_length=255)
    port = models.PositiveSmallIntegerField(null=True, blank=True)
    field = models.CharField(max_length=120, blank=True, db_default="")
    datastream = models.ForeignKey(
        Datastream, on_delete=models.PROTECT, null=True, blank=True, related_name="feed_points"
    )
    template = models.CharField(max_length=200, blank=True, db_default="")
    scale = models.FloatField(default=1.0)
    shift = models.FloatField(default=0.0)
    settings = models.JSONField(default=dict)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                name="feed_point_once",
                fields=["source", "address", "port", "field", "template"],
                nulls_distinct=False,
            ),
            models.CheckConstraint(name="feed_point_has_address", condition=~Q(address="")),
            models.CheckConstraint(
                name="feed_point_names_datastream",
                condition=Q(datastream__isnull=False, template="") | (Q(datastream=None) & ~Q(template="")),
            ),
            models.CheckConstraint(
                name="feed_point_port_plausible", condition=Q(port=None) | Q(port__gte=1, port__lte=255)
            ),
        ]

    def __str__(self) -> str:
        return self.address


class FeedState(models.Model):
    """The heartbeat of a source: who runs it, what it did last, and how often it had to be started again."""

    class State(models.TextChoices):
        STOPPED = "stopped", "stopped"
        CONNECTING = "connecting", "connecting"
        RUNNING = "running", "running"
        FAILING = "failing", "failing"

    source = models.OneToOneField(
        FeedSource, on_delete=models.CASCADE, primary_key=True, related_name="state"
    )
    state = models.CharField(max_length=10, choices=State.choices, default=State.STOPPED)
    process_id = models.IntegerField(null=True, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    seen_at = models.DateTimeField(null=True, blank=True)
    last_success_at = models.DateTimeField(null=True, blank=True)
    last_error_at = models.DateTimeField(null=True, blank=True)
    last_error = models.CharField(max_length=500, blank=True, db_default="")
    restarts = models.IntegerField(default=0)
    messages = models.BigIntegerField(default=0)
    inserted = models.BigIntegerField(default=0)
    unchanged = models.BigIntegerField(default=0)
    corrected = models.BigIntegerField(default=0)
    quarantined = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="feed_state_known",
                condition=Q(state__in=["stopped", "connecting", "running", "failing"]),
            )
        ]

    def __str__(self) -> str:
        return f"{self.source}: {self.state}"


class FeedFile(models.Model):
    """A file taken in through a profile. `content_sha256` is that of the file as it came, packed or not."""

    class State(models.TextChoices):
        RUNNING = "running", "being taken in"
        DONE = "done", "taken in"
        FAILED = "failed", "failed"

    uid = models.UUIDField(default=uuid.uuid4, unique=True)
    division = models.ForeignKey(Division, on_delete=models.PROTECT, related_name="feed_files")
    source = models.ForeignKey(
        FeedSource, on_delete=models.PROTECT, null=True, blank=True, related_name="files"
    )
    profile = models.ForeignKey(FeedProfile, on_delete=models.PROTECT, related_name="files")
    name = models.CharField(max_length=255)
    content_sha256 = models.CharField(max_length=64)
    size_bytes = models.BigIntegerField()
    state = models.CharField(max_length=8, choices=State.choices, default=State.RUNNING)
    rows = models.BigIntegerField(default=0)
    inserted = models.BigIntegerField(default=0)
    unchanged = models.BigIntegerField(default=0)
    corrected = models.BigIntegerField(default=0)
    missing = models.BigIntegerField(default=0)
    quarantined = models.BigIntegerField(default=0)
    error = models.CharField(max_length=500, blank=True, db_default="")
    # The profile with all that was found in the file itself, so that a row can be read again by itself.
    form = models.JSONField(default=dict)
    started_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(name="feed_file_once", fields=["profile", "content_sha256"]),
            models.CheckConstraint(
                name="feed_file_state_known", condition=Q(state__in=["running", "done", "failed"])
            ),
            models.CheckConstraint(
                name="feed_file_digest_form", condition=Q(content_sha256__regex=r"^[0-9a-f]{64}$")
            ),
        ]

    def __str__(self) -> str:
        return self.name


class QuarantinedRow(models.Model):
    """A row or message that was not taken, as it came, with the reason. The same one is kept once and counted.

    What is said in `context` (line, column, topic, port) is enough to try it again. Messages of a broker that are no
    source's have no division either: only system administrators see them.
    """

    class State(models.TextChoices):
        WAITING = "waiting", "waiting"
        TAKEN = "taken", "taken at a later try"
        DISMISSED = "dismissed", "dismissed"

    uid = models.UUIDField(default=uuid.uuid4, unique=True)
    division = models.ForeignKey(
        Division, on_delete=models.PROTECT, null=True, blank=True, related_name="quarantined_rows"
    )
    file = models.ForeignKey(
        FeedFile, on_delete=models.CASCADE, null=True, blank=True, related_name="quarantined_rows"
    )
    source = models.ForeignKey(
        FeedSource, on_delete=models.CASCADE, null=True, blank=True, related_name="quarantined_rows"
    )
    line = models.BigIntegerField(null=True, blank=True)
    raw = models.TextField()
    is_base64 = models.BooleanField(default=False)
    is_cut = models.BooleanField(default=False)
    code = models.CharField(max_length=40)
    reason = models.CharField(max_length=300)
    context = models.JSONField(default=dict)
    digest = models.CharField(max_length=64)
    occurrences = models.BigIntegerField(default=1)
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    first_at = models.DateTimeField(db_default=Now())
    last_at = models.DateTimeField(db_default=Now())
    settled_at = models.DateTimeField(null=True, blank=True)
    settled_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                name="quarantined_row_once", fields=["file", "source", "digest"], nulls_distinct=False
            ),
            models.CheckConstraint(
                name="quarantined_row_of_file_or_source",
                condition=Q(division__isnull=False) & (Q(file__isnull=False) | Q(source__isnull=False))
                | Q(division=None, file=None, source=None),
            ),
            models.CheckConstraint(
                name="quarantined_row_state_known", condition=Q(state__in=["waiting", "taken", "dismissed"])
            ),
        ]
        indexes = [
            models.Index(
                name="quarantined_row_waiting", fields=["division", "id"], condition=Q(state="waiting")
            ),
            models.Index(name="quarantined_row_source", fields=["source"], condition=Q(state="waiting")),
        ]

    def __str__(self) -> str:
        return f"{self.code}: {self.raw[:60]}"


class MqttArrival(models.Model):
    """When a message without a time of its own came, by its packet number, so that its redelivery has the same
    stamp."""

    pk = models.CompositePrimaryKey("client_id", "packet")
    client_id = models.CharField(max_length=64)
    packet = models.IntegerField()
    digest = models.CharField(max_length=64)
    arrived_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.client_id} {self.packet}"
