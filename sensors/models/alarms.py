"""Alarms: rules, what a rule remembers of a datastream, alarms with their journal, the outbox of notifications."""

import uuid

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from assets.models import Network
from gis_core.models import Division, User
from sensors.models.devices import Datastream, Quantity


class ChannelKind(models.TextChoices):
    EMAIL = "email", "e-mail"
    WEBHOOK = "webhook", "webhook"


# Those that the product's messages are in; kept here, since a migration must not follow the settings.
LANGUAGES = ("uz", "uz-cyrl", "ru", "en")


class NotificationChannel(models.Model):
    """Where notifications go: the addresses of an e-mail, or the URL of a webhook signed with `secret`.

    An e-mail speaks `language`; where that is empty, the language of the settings.
    """

    uid = models.UUIDField(default=uuid.uuid4, unique=True)
    division = models.ForeignKey(Division, on_delete=models.PROTECT, related_name="notification_channels")
    name = models.CharField(max_length=100)
    kind = models.CharField(max_length=8, choices=ChannelKind.choices)
    # Addresses separated by commas, or a URL.
    target = models.CharField(max_length=500)
    secret = models.CharField(max_length=100, blank=True)
    language = models.CharField(max_length=10, blank=True, default="", db_default="")
    is_enabled = models.BooleanField(default=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                name="notification_channel_language_known", condition=Q(language__in=["", *LANGUAGES])
            ),
            models.CheckConstraint(
                name="notification_channel_kind_known", condition=Q(kind__in=["email", "webhook"])
            ),
            models.CheckConstraint(name="notification_channel_has_target", condition=~Q(target="")),
            models.UniqueConstraint(name="notification_channel_name_once", fields=["division", "name"]),
        ]

    def __str__(self) -> str:
        return self.name


class AlarmKind(models.TextChoices):
    LIMIT = "limit", "value outside its limits"
    MISSING = "missing", "no data"
    RATE = "rate", "value changes too fast"
    NIGHT_MINIMUM = "night_minimum", "night minimum outside its limits"


class AlarmSeverity(models.TextChoices):
    WARNING = "warning", "warning"
    CRITICAL = "critical", "critical"


class AlarmRule(models.Model):
    """When an alarm is raised: for one datastream, or for all of a quantity within a division (and network).

    A sample is above `high` or below `low`; the condition is gone when it is back by `hysteresis` within them. It must
    hold for `raise_after_s` before an alarm is raised, and be gone for `clear_after_s` before it is cleared.
    Samples are
    values (`limit`), units per hour since the value before (`rate`), the least hourly mean of a local night
    (`night_minimum`, from `night_from` to `night_to` in the datastream's zone) or seconds without data (`missing`,
    above `silent_after_s`). Limits are in the datastream's unit for one datastream, else in the canonical unit.
    """

    uid = models.UUIDField(default=uuid.uuid4, unique=True)
    division = models.ForeignKey(Division, on_delete=models.PROTECT, related_name="alarm_rules")
    datastream = models.ForeignKey(
        Datastream, on_delete=models.PROTECT, null=True, blank=True, related_name="alarm_rules"
    )
    observed_property = models.CharField(max_length=12, choices=Quantity.choices, blank=True)
    network = models.ForeignKey(
        Network, on_delete=models.PROTECT, null=True, blank=True, related_name="alarm_rules"
    )
    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=14, choices=AlarmKind.choices)
    severity = models.CharField(max_length=8, choices=AlarmSeverity.choices, default=AlarmSeverity.WARNING)
    low = models.FloatField(null=True, blank=True)
    high = models.FloatField(null=True, blank=True)
    hysteresis = models.FloatField(default=0)
    raise_after_s = models.PositiveIntegerField(default=0)
    clear_after_s = models.PositiveIntegerField(default=0)
    silent_after_s = models.PositiveIntegerField(null=True, blank=True)
    night_from = models.TimeField(null=True, blank=True)
    night_to = models.TimeField(null=True, blank=True)
    channels = models.ManyToManyField(NotificationChannel, related_name="rules", blank=True)
    is_enabled = models.BooleanField(default=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                name="alarm_rule_kind_known", condition=Q(kind__in=list(AlarmKind.values))
            ),
            models.CheckConstraint(
                name="alarm_rule_severity_known", condition=Q(severity__in=list(AlarmSeverity.values))
            ),
            models.CheckConstraint(
                name="alarm_rule_scope",
                condition=Q(datastream=None) & ~Q(observed_property="")
                | Q(datastream__isnull=False, observed_property="", network=None),
            ),
            models.CheckConstraint(
                name="alarm_rule_fits_kind",
                condition=Q(
                    kind="missing", silent_after_s__gt=0, low=None, high=None, night_from=None, night_to=None
                )
                | Q(
                    kind="night_minimum",
                    silent_after_s=None,
                    night_from__isnull=False,
                    night_to__isnull=False,
                )
                & ~Q(night_from=F("night_to"))
                & (Q(low__isnull=False) | Q(high__isnull=False))
                | Q(kind__in=["limit", "rate"], silent_after_s=None, night_from=None, night_to=None)
                & (Q(low__isnull=False) | Q(high__isnull=False)),
            ),
            models.CheckConstraint(
                name="alarm_rule_hysteresis_fits",
                # The band in which the condition is gone must not be empty.
                condition=Q(hysteresis__gte=0)
                & (Q(low=None) | Q(high=None) | Q(high__gte=F("low") + 2 * F("hysteresis"))),
            ),
            models.CheckConstraint(
                name="alarm_rule_durations_bounded",
                condition=Q(raise_after_s__lte=31 * 86400, clear_after_s__lte=31 * 86400),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class AlarmWatch(models.Model):
    """What a rule remembers of a datastream between two evaluations; times are those of samples.

    `side` is the last side that a sample decided: true out of the limits, false back within them; `side_since` is when
    it was first so. `is_active` is what follows from it after the durations.
    """

    rule = models.ForeignKey(AlarmRule, on_delete=models.CASCADE, related_name="watches", db_index=False)
    datastream = models.ForeignKey(Datastream, on_delete=models.CASCADE, related_name="+")
    evaluated_until = models.DateTimeField(null=True, blank=True)
    side = models.BooleanField(default=False, db_default=False)
    side_since = models.DateTimeField(null=True, blank=True)
    is_active = models.BooleanField(default=False, db_default=False)
    last_value = models.FloatField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(name="alarm_watch_once", fields=["rule", "datastream"])]

    def __str__(self) -> str:
        return f"{self.rule_id} of {self.datastream_id}"


class AlarmState(models.TextChoices):
    RAISED = "raised", "raised"
    ACKNOWLEDGED = "acknowledged", "acknowledged"
    CLEARED = "cleared", "cleared"
    CLOSED = "closed", "closed"


# Where an alarm can go from each state. One whose condition comes back before it is closed is raised again.
MOVES: dict[str, frozenset[str]] = {
    AlarmState.RAISED: frozenset({AlarmState.ACKNOWLEDGED, AlarmState.CLEARED}),
    AlarmState.ACKNOWLEDGED: frozenset({AlarmState.CLEARED}),
    AlarmState.CLEARED: frozenset({AlarmState.RAISED, AlarmState.CLOSED}),
    AlarmState.CLOSED: frozenset(),
}


class Alarm(models.Model):
    """A condition of a rule at a datastream: raised, acknowledged by a person, cleared when it is gone, closed.

    `value` is the sample at which it was raised. At most one alarm of a rule and datastream is not closed.
    """

    State = AlarmState

    uid = models.UUIDField(default=uuid.uuid4, unique=True)
    rule = models.ForeignKey(AlarmRule, on_delete=models.PROTECT, related_name="alarms")
    datastream = models.ForeignKey(Datastream, on_delete=models.PROTECT, related_name="alarms")
    division = models.ForeignKey(Division, on_delete=models.PROTECT, related_name="alarms")
    severity = models.CharField(max_length=8, choices=AlarmSeverity.choices)
    state = models.CharField(max_length=12, choices=AlarmState.choices, default=AlarmState.RAISED)
    # Of the samples: since when the condition held, and when it was gone.
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    value = models.FloatField(null=True, blank=True)
    raised_at = models.DateTimeField(db_default=Now())
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    acknowledged_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    cleared_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    times_raised = models.PositiveIntegerField(default=1, db_default=1)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(name="alarm_state_known", condition=Q(state__in=list(AlarmState.values))),
            models.CheckConstraint(
                name="alarm_times_fit_state",
                condition=Q(state="raised", cleared_at=None, closed_at=None, acknowledged_at=None)
                | Q(state="acknowledged", acknowledged_at__isnull=False, cleared_at=None, closed_at=None)
                | Q(state="cleared", cleared_at__isnull=False, closed_at=None)
                | Q(state="closed", cleared_at__isnull=False, closed_at__isnull=False),
            ),
            models.UniqueConstraint(
                name="alarm_open_once",
                fields=["rule", "datastream"],
                condition=~Q(state="closed"),
            ),
        ]
        indexes = [
            models.Index(name="alarm_by_state", fields=["division", "state"]),
        ]

    def __str__(self) -> str:
        return f"{self.rule}: {self.state}"


class AlarmEvent(models.Model):
    """A line of an alarm's journal; never changed."""

    class Action(models.TextChoices):
        RAISED = "raised", "raised"
        RAISED_AGAIN = "raised_again", "raised again"
        ACKNOWLEDGED = "acknowledged", "acknowledged"
        CLEARED = "cleared", "cleared"
        CLOSED = "closed", "closed"

    alarm = models.ForeignKey(Alarm, on_delete=models.PROTECT, related_name="events")
    action = models.CharField(max_length=12, choices=Action.choices)
    made_at = models.DateTimeField(db_default=Now())
    made_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    # The sample that made it, where one did.
    sample_time = models.DateTimeField(null=True, blank=True)
    value = models.FloatField(null=True, blank=True)
    note = models.CharField(max_length=400, blank=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                name="alarm_event_action_known",
                condition=Q(action__in=["raised", "raised_again", "acknowledged", "cleared", "closed"]),
            )
        ]

    def __str__(self) -> str:
        return f"{self.action} at {self.made_at}"


class Notification(models.Model):
    """A line of the outbox: one journal line to one channel, sent at least once under the key `uid`."""

    class State(models.TextChoices):
        PENDING = "pending", "pending"
        SENT = "sent", "sent"
        FAILED = "failed", "given up"

    uid = models.UUIDField(default=uuid.uuid4, unique=True)
    event = models.ForeignKey(AlarmEvent, on_delete=models.PROTECT, related_name="notifications")
    channel = models.ForeignKey(NotificationChannel, on_delete=models.PROTECT, related_name="notifications")
    state = models.CharField(max_length=8, choices=State.choices, default=State.PENDING)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField(db_default=Now())
    last_error = models.CharField(max_length=400, blank=True)
    created_at = models.DateTimeField(db_default=Now())
    sent_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                name="notification_state_known", condition=Q(state__in=["pending", "sent", "failed"])
            ),
            models.CheckConstraint(
                name="notification_sent_has_time",
                condition=Q(state="sent", sent_at__isnull=False) | ~Q(state="sent") & Q(sent_at=None),
            ),
            models.UniqueConstraint(name="notification_once", fields=["event", "channel"]),
        ]
        indexes = [
            models.Index(name="notification_due", fields=["next_attempt_at"], condition=Q(state="pending"))
        ]

    def __str__(self) -> str:
        return f"{self.state}: {self.event} to {self.channel}"
