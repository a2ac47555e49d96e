"""Regulators of the network (pressure-reducing valves, pumps), their set-points, commands and messages."""

import uuid
from datetime import datetime, timedelta

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from assets.models import Node, NodeKind
from gis_core.models import Division, User
from sensors.models.devices import Datastream

# Nodes that can be given a set-point.
REGULATED_KINDS = [
    NodeKind.REGULATOR.value,
    NodeKind.VALVE.value,
    NodeKind.PUMP.value,
    NodeKind.PUMPING_STATION.value,
    NodeKind.LIFT_STATION.value,
    NodeKind.REGULATOR_STATION.value,
]


LONGEST_OVERRIDE = timedelta(days=7)
# Between the clocks of those who ask and of those who set.
CLOCK_TOLERANCE = timedelta(minutes=5)


class RegulatorMode(models.TextChoices):
    MANUAL = "manual", "by hand only"
    SCHEDULE = "schedule", "by schedule"
    HOLD = "hold", "holds the pressure at its critical point"


def _within(field: str) -> Q:
    return Q(**{f"{field}__gte": F("minimum_set_point"), f"{field}__lte": F("maximum_set_point")})


class Regulator(models.Model):
    """A pressure regulator or pump that is given set-points, and the limits within which that is safe.

    Set-points are in `unit` (metres of water, per cent of speed). No command leaves [minimum_set_point,
    maximum_set_point], and none is further than `maximum_step` from what the device holds, nor sooner than
    `minimum_interval_s` after the command before. `set_point` is what the device holds as far as it said so.

    In `hold` mode the pressure at `critical_stream` (m of water) is kept at `target_m` within `band_m`: outside of
    the band the set-point moves by `gain` (set-point units per metre) times the error. Where the critical point was
    silent for `silent_after_s`, shows one value for `stuck_after_s` or is flagged, the set-point goes to that of the
    schedule, or without one to `fallback_set_point`.

    Commands and answers are signed with the device's key, encrypted in `key_sealed`. Without a key no command is given,
    unless an operator lets the device go unsigned (`may_be_unsigned`). Its limits, the first ones too, come into force
    by a LimitProposal only: before `limits_confirmed` no command is given either.
    """

    Mode = RegulatorMode

    uid = models.UUIDField(default=uuid.uuid4, unique=True)
    node = models.OneToOneField(Node, on_delete=models.PROTECT, related_name="controlled_by")
    node_kind = models.CharField(max_length=20)
    division = models.ForeignKey(Division, on_delete=models.PROTECT, related_name="regulators")
    code = models.CharField(max_length=80)
    name = models.CharField(max_length=255, blank=True)
    unit = models.CharField(max_length=20, default="m")
    mode = models.CharField(max_length=8, choices=RegulatorMode.choices, default=RegulatorMode.MANUAL)
    is_enabled = models.BooleanField(default=True)
    minimum_set_point = models.FloatField()
    maximum_set_point = models.FloatField()
    maximum_step = models.FloatField()
    limits_confirmed = models.BooleanField(default=False, db_default=False, editable=False)
    minimum_interval_s = models.PositiveIntegerField(default=300)
    fallback_set_point = models.FloatField()
    set_point = models.FloatField()
    critical_stream = models.ForeignKey(
        Datastream, on_delete=models.PROTECT, null=True, blank=True, related_name="regulators"
    )
    target_m = models.FloatField(null=True, blank=True)
    band_m = models.FloatField(null=True, blank=True)
    gain = models.FloatField(default=0.5)
    silent_after_s = models.PositiveIntegerField(default=1800)
    stuck_after_s = models.PositiveIntegerField(default=7200)
    time_zone = models.CharField(max_length=64, default="Asia/Tashkent")
    command_topic = models.CharField(max_length=200)
    answer_topic = models.CharField(max_length=200)
    answer_within_s = models.PositiveIntegerField(default=120)
    key_sealed = models.TextField(blank=True, default="", db_default="", editable=False)
    key_made_at = models.DateTimeField(null=True, blank=True, editable=False)
    may_be_unsigned = models.BooleanField(default=False, db_default=False)
    override_set_point = models.FloatField(null=True, blank=True)
    override_until = models.DateTimeField(null=True, blank=True)
    override_reason = models.CharField(max_length=300, blank=True)
    override_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    # What the last look at it found: what it follows, and why.
    following = models.CharField(max_length=10, blank=True)
    following_reason = models.CharField(max_length=200, blank=True)
    looked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["code"]
        constraints = [
            models.CheckConstraint(name="regulator_code_not_empty", condition=~Q(code="")),
            models.UniqueConstraint(name="regulator_code_in_division", fields=["division", "code"]),
            models.CheckConstraint(name="regulator_node_kind", condition=Q(node_kind__in=REGULATED_KINDS)),
            models.CheckConstraint(
                name="regulator_mode_known", condition=Q(mode__in=list(RegulatorMode.values))
            ),
            models.CheckConstraint(
                name="regulator_limits_in_order", condition=Q(minimum_set_point__lt=F("maximum_set_point"))
            ),
            models.CheckConstraint(
                name="regulator_step_positive",
                condition=Q(maximum_step__gt=0, gain__gt=0, gain__lte=100.0, minimum_interval_s__gt=0),
            ),
            models.CheckConstraint(
                name="regulator_fallback_within_limits", condition=_within("fallback_set_point")
            ),
            models.CheckConstraint(
                name="regulator_override_within_limits",
                condition=Q(override_set_point=None) | _within("override_set_point"),
            ),
            models.CheckConstraint(
                name="regulator_override_is_whole",
                condition=Q(override_set_point=None, override_until=None)
                | Q(override_set_point__isnull=False, override_until__isnull=False) & ~Q(override_reason=""),
            ),
            models.CheckConstraint(
                name="regulator_hold_has_target",
                condition=~Q(mode="hold")
                | Q(
                    critical_stream__isnull=False, target_m__isnull=False, band_m__gt=0, silent_after_s__gt=0
                ),
            ),
            models.CheckConstraint(
                name="regulator_topics_given",
                # A message must reach one regulator, and no pattern of topics.
                condition=~Q(command_topic="")
                & ~Q(answer_topic="")
                & ~Q(command_topic=F("answer_topic"))
                & ~Q(command_topic__regex=r"[#+]")
                & ~Q(answer_topic__regex=r"[#+]"),
            ),
            models.UniqueConstraint(name="regulator_command_topic_once", fields=["command_topic"]),
            models.UniqueConstraint(name="regulator_answer_topic_once", fields=["answer_topic"]),
        ]

    def __str__(self) -> str:
        return self.code

    def is_overridden(self, now: datetime) -> bool:
        """Whether somebody holds it by hand: until an instant that an override made by a right clock can have."""
        ends = self.override_until
        return ends is not None and now < ends <= now + LONGEST_OVERRIDE + CLOCK_TOLERANCE


class SetPointCeiling(models.Model):
    """The greatest set-point that the limits of a kind of device may allow, in a unit; an operator writes them.

    What has no ceiling in its unit is not registered.
    """

    node_kind = models.CharField(max_length=20)
    unit = models.CharField(max_length=20)
    greatest = models.FloatField()

    class Meta:
        ordering = ["node_kind", "unit"]
        constraints = [
            models.UniqueConstraint(name="set_point_ceiling_once", fields=["node_kind", "unit"]),
            models.CheckConstraint(
                name="set_point_ceiling_node_kind", condition=Q(node_kind__in=REGULATED_KINDS)
            ),
            models.CheckConstraint(
                name="set_point_ceiling_plausible", condition=Q(greatest__gt=0, greatest__lte=1e6)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.node_kind}: {self.greatest:g} {self.unit}"


class ProposalState(models.TextChoices):
    OPEN = "open", "waits for a second person"
    CONFIRMED = "confirmed", "confirmed"
    WITHDRAWN = "withdrawn", "withdrawn"


class LimitProposal(models.Model):
    """Safe limits for a regulator, the first or others: one person proposes them, another one puts them in force."""

    State = ProposalState

    uid = models.UUIDField(default=uuid.uuid4, unique=True)
    regulator = models.ForeignKey(Regulator, on_delete=models.PROTECT, related_name="limit_proposals")
    division = models.ForeignKey(Division, on_delete=models.PROTECT, related_name="limit_proposals")
    minimum_set_point = models.FloatField()
    maximum_set_point = models.FloatField()
    maximum_step = models.FloatField()
    fallback_set_point = models.FloatField()
    reason = models.CharField(max_length=300)
    state = models.CharField(max_length=10, choices=ProposalState.choices, default=ProposalState.OPEN)
    proposed_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField(db_default=Now())
    decided_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                name="limit_proposal_state_known", condition=Q(state__in=list(ProposalState.values))
            ),
            models.CheckConstraint(
                name="limit_proposal_in_order",
                condition=Q(minimum_set_point__lt=F("maximum_set_point"), maximum_step__gt=0)
                & _within("fallback_set_point"),
            ),
            models.CheckConstraint(
                name="limit_proposal_decided_by_somebody",
                condition=Q(state="open", decided_by=None, decided_at=None)
                | ~Q(state="open") & Q(decided_by__isnull=False, decided_at__isnull=False),
            ),
            models.CheckConstraint(
                name="limit_proposal_by_two_people",
                condition=~Q(state="confirmed") | ~Q(decided_by=F("proposed_by")),
            ),
            models.CheckConstraint(name="limit_proposal_has_reason", condition=~Q(reason="")),
            models.UniqueConstraint(
                name="limit_proposal_open_once", fields=["regulator"], condition=Q(state="open")
            ),
        ]
        indexes = [models.Index(name="limit_proposal_of", fields=["regulator", "-id"])]

    def __str__(self) -> str:
        return f"{self.minimum_set_point:g} to {self.maximum_set_point:g} for {self.regulator}"


class SetPointEntry(models.Model):
    """From `starts_at`, local time, on a weekday (0 Monday to 6; none for every day), this set-point."""

    regulator = models.ForeignKey(Regulator, on_delete=models.CASCADE, related_name="schedule")
    weekday = models.PositiveSmallIntegerField(null=True, blank=True)
    starts_at = models.TimeField()
    set_point = models.FloatField()

    class Meta:
        verbose_name_plural = "set point entries"
        ordering = ["regulator", "weekday", "starts_at"]
        constraints = [
            models.CheckConstraint(
                name="set_point_entry_weekday", condition=Q(weekday=None) | Q(weekday__gte=0, weekday__lte=6)
            ),
            models.UniqueConstraint(
                name="set_point_entry_once",
                fields=["regulator", "weekday", "starts_at"],
                nulls_distinct=False,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.set_point} from {self.starts_at}"


class CommandState(models.TextChoices):
    PENDING = "pending", "waits to be sent"
    SENT = "sent", "sent"
    ACKNOWLEDGED = "acknowledged", "acknowledged"
    REFUSED = "refused", "refused"
    EXPIRED = "expired", "expired"


class CommandSource(models.TextChoices):
    SCHEDULE = "schedule", "schedule"
    HOLD = "hold", "hold at the critical point"
    FALLBACK = "fallback", "fallback"
    OVERRIDE = "override", "override by hand"


class RegulatorCommand(models.Model):
    """A line of a regulator's journal: a set-point it was given, and its answer. Only the answer is ever added."""

    State = CommandState
    Source = CommandSource

    uid = models.UUIDField(default=uuid.uuid4, unique=True)
    regulator = models.ForeignKey(Regulator, on_delete=models.PROTECT, related_name="commands")
    division = models.ForeignKey(Division, on_delete=models.PROTECT, related_name="regulator_commands")
    source = models.CharField(max_length=8, choices=CommandSource.choices)
    reason = models.CharField(max_length=300)
    previous_set_point = models.FloatField()
    set_point = models.FloatField()
    # The limits as they were when it was given.
    minimum_set_point = models.FloatField()
    maximum_set_point = models.FloatField()
    state = models.CharField(max_length=12, choices=CommandState.choices, default=CommandState.PENDING)
    made_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    made_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    answer = models.CharField(max_length=300, blank=True)
    # What a signed answer must repeat; empty where the command was not signed.
    nonce = models.CharField(max_length=64, blank=True, default="", db_default="", editable=False)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                name="regulator_command_state_known", condition=Q(state__in=list(CommandState.values))
            ),
            models.CheckConstraint(
                name="regulator_command_source_known", condition=Q(source__in=list(CommandSource.values))
            ),
            models.CheckConstraint(name="regulator_command_within_limits", condition=_within("set_point")),
            models.UniqueConstraint(
                name="regulator_command_open_once",
                fields=["regulator"],
                condition=Q(state__in=["pending", "sent"]),
            ),
        ]
        indexes = [models.Index(name="regulator_command_of", fields=["regulator", "-id"])]

    def __str__(self) -> str:
        return f"{self.set_point} to {self.regulator}"


class MqttMessage(models.Model):
    """A message to be published by the process at the broker, which says when it did. Not sent after `expires_at`."""

    topic = models.CharField(max_length=200)
    payload = models.TextField()
    qos = models.PositiveSmallIntegerField(default=1, db_default=1)
    is_retained = models.BooleanField(default=False, db_default=False)
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveIntegerField(default=0, db_default=0)
    last_error = models.CharField(max_length=300, blank=True, db_default="")
    command = models.OneToOneField(
        RegulatorCommand, on_delete=models.CASCADE, null=True, blank=True, related_name="message"
    )

    class Meta:
        db_table = "sensors_mqttoutbox"
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                name="mqtt_message_has_topic", condition=~Q(topic="") & ~Q(topic__regex=r"[#+]")
            ),
            models.CheckConstraint(name="mqtt_message_qos_known", condition=Q(qos__lte=2)),
        ]
        indexes = [models.Index(name="mqtt_message_unsent", fields=["id"], condition=Q(sent_at=None))]

    def __str__(self) -> str:
        return f"{self.topic}: {self.payload}"
