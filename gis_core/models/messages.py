"""The one outbox of the product: messages to people and programs, and the gateways that carry them."""

import uuid
from datetime import time

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from gis_core.models.divisions import Division, Enterprise

# Those that messages are written in; kept here, since a migration must not follow the settings.
MESSAGE_LANGUAGES = ("uz", "uz-cyrl", "ru", "en")


class MessageMedium(models.TextChoices):
    SMS = "sms", "SMS"
    EMAIL = "email", "e-mail"
    WEBHOOK = "webhook", "webhook"
    LOG = "log", "log"


class MessageState(models.TextChoices):
    WAITING = "waiting", "waiting"
    SENDING = "sending", "being sent"
    SENT = "sent", "sent"
    DELIVERED = "delivered", "delivered"
    FAILED = "failed", "not delivered"
    GIVEN_UP = "given_up", "given up"
    UNKNOWN = "unknown", "outcome unknown"


class Message(models.Model):
    """What somebody is to be told of one event by one medium; written with the event, sent afterwards.

    `event_key` names the event for ever, such as `invoice 7c9e…`; `event` its kind, whose template is filled with
    `template_values`. `attachment` names what is made when it is sent: `KIND:KEY`. `gateway_id` is the gateway's.
    """

    uid = models.UUIDField(default=uuid.uuid4, unique=True)
    division = models.ForeignKey(Division, on_delete=models.PROTECT, related_name="messages")
    enterprise = models.ForeignKey(Enterprise, on_delete=models.PROTECT, null=True, related_name="messages")
    event = models.CharField(max_length=40)
    event_key = models.CharField(max_length=120)
    medium = models.CharField(max_length=8, choices=MessageMedium.choices)
    recipient = models.CharField(max_length=500)
    language = models.CharField(max_length=10)
    template_values = models.JSONField(default=dict)
    attachment = models.CharField(max_length=120, blank=True)
    is_urgent = models.BooleanField(default=False)
    state = models.CharField(max_length=10, choices=MessageState.choices, default=MessageState.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    # When it is sent, or asked about, again; of what is being sent, until when the sender has it.
    next_attempt_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField(null=True)
    gateway_id = models.CharField(max_length=80, blank=True)
    last_error = models.CharField(max_length=400, blank=True)
    created_at = models.DateTimeField(db_default=Now())
    sent_at = models.DateTimeField(null=True)
    delivered_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(name="message_once", fields=["event_key", "medium", "recipient"]),
            models.CheckConstraint(name="message_medium_known", condition=Q(medium__in=MessageMedium.values)),
            models.CheckConstraint(name="message_state_known", condition=Q(state__in=MessageState.values)),
            models.CheckConstraint(
                name="message_language_known", condition=Q(language__in=MESSAGE_LANGUAGES)
            ),
            models.CheckConstraint(
                name="message_is_addressed", condition=~Q(recipient="") & ~Q(event="") & ~Q(event_key="")
            ),
            models.CheckConstraint(
                name="message_sent_has_time", condition=~Q(state="sent") | Q(sent_at__isnull=False)
            ),
            models.CheckConstraint(
                name="message_delivered_has_time",
                condition=Q(state="delivered", delivered_at__isnull=False)
                | ~Q(state="delivered") & Q(delivered_at=None),
            ),
        ]
        indexes = [
            # What was sent stays for ever: each of these holds only what its search can find.
            models.Index(
                F("is_urgent").desc(), F("id"), name="message_waiting", condition=Q(state="waiting")
            ),
            models.Index(name="message_sending", fields=["next_attempt_at"], condition=Q(state="sending")),
            models.Index(
                name="message_to_ask_about",
                fields=["next_attempt_at"],
                condition=Q(state__in=["sent", "unknown"], medium="sms") & ~Q(gateway_id=""),
            ),
            models.Index(name="message_by_division", fields=["division", "state", "-id"]),
            models.Index(name="message_by_recipient", fields=["recipient", "medium", "-sent_at"]),
        ]

    def __str__(self) -> str:
        return f"{self.medium} {self.event_key}"


class MessageGateway(models.Model):
    """Who carries messages of a medium for an enterprise, or, without one, for the whole installation.

    `credentials` are sealed one by one. Between `quiet_from` and `quiet_until`, on the local clock, only urgent
    messages leave.
    """

    class Driver(models.TextChoices):
        LOG = "log", "log"
        ESKIZ = "eskiz", "Eskiz"
        SMTP = "smtp", "SMTP"

    enterprise = models.ForeignKey(
        Enterprise, on_delete=models.PROTECT, null=True, blank=True, related_name="message_gateways"
    )
    division = models.ForeignKey(
        Division, on_delete=models.PROTECT, null=True, blank=True, related_name="message_gateways"
    )
    medium = models.CharField(max_length=8, choices=MessageMedium.choices)
    driver = models.CharField(max_length=8, choices=Driver.choices)
    url = models.CharField(max_length=300, blank=True)
    sender = models.CharField(max_length=100, blank=True)
    credentials = models.JSONField(blank=True, default=dict)
    quiet_from = models.TimeField(null=True, blank=True, default=time(22))
    quiet_until = models.TimeField(null=True, blank=True, default=time(8))
    is_enabled = models.BooleanField(default=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                name="message_gateway_once", fields=["enterprise", "medium"], nulls_distinct=False
            ),
            models.CheckConstraint(
                name="message_gateway_driver_fits",
                condition=Q(driver="log", medium__in=["sms", "email"])
                | Q(driver="eskiz", medium="sms")
                | Q(driver="smtp", medium="email"),
            ),
            models.CheckConstraint(
                name="message_gateway_of_a_division",
                condition=Q(enterprise=None, division=None)
                | Q(enterprise__isnull=False, division__isnull=False),
            ),
            models.CheckConstraint(
                name="message_gateway_has_address", condition=Q(driver="log") | ~Q(url="")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.medium} by {self.driver}"
