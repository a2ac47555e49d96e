"""What weighs too much for one person: it waits until a second one does it."""

import uuid
from datetime import datetime, timedelta

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from gis_core.models.divisions import Division
from gis_core.models.users import User

# What nobody confirmed in so many days has to be proposed anew (so does 40_decided_once.sql say).
LASTS_DAYS = 30


class WaitingAct(models.Model):
    """An act that somebody proposes and another person does, or that is let go; until then nothing has happened.

    `subject` names what it is about, in the words of its kind: a subscriber's uid, an enterprise's code and a month.
    """

    class Kind(models.TextChoices):
        ERASE_PERSON = "erase person", "erasure of a person"
        REOPEN_MONTH = "reopen month", "reopening of a month"

    class State(models.TextChoices):
        OPEN = "open", "waits for a second person"
        CONFIRMED = "confirmed", "confirmed"
        WITHDRAWN = "withdrawn", "withdrawn"

    uid = models.UUIDField(default=uuid.uuid4, unique=True)
    division = models.ForeignKey(Division, on_delete=models.PROTECT, related_name="waiting_acts")
    kind = models.CharField(max_length=20, choices=Kind.choices)
    subject = models.CharField(max_length=60)
    reason = models.CharField(max_length=200)
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    proposed_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField(db_default=Now())
    decided_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                name="waiting_act_kind_known", condition=Q(kind__in=["erase person", "reopen month"])
            ),
            models.CheckConstraint(
                name="waiting_act_state_known", condition=Q(state__in=["open", "confirmed", "withdrawn"])
            ),
            models.CheckConstraint(name="waiting_act_says_why", condition=~Q(reason="") & ~Q(subject="")),
            models.CheckConstraint(
                name="waiting_act_decided_by_somebody",
                condition=Q(state="open", decided_by=None, decided_at=None)
                | ~Q(state="open") & Q(decided_by__isnull=False, decided_at__isnull=False),
            ),
            models.CheckConstraint(
                name="waiting_act_by_two_people",
                condition=~Q(state="confirmed") | ~Q(decided_by=F("proposed_by")),
            ),
            models.UniqueConstraint(
                name="waiting_act_open_once", fields=["kind", "subject"], condition=Q(state="open")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject}"

    @property
    def open_until(self) -> datetime:
        """The moment from which it does not hold any more, unless it was decided before."""
        return self.proposed_at + timedelta(days=LASTS_DAYS)
