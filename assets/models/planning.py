"""Planned alternatives and planned interruptions: plans with their edits, prices, outages."""

import uuid

from django.conf import settings
from django.contrib.gis.db import models
from django.contrib.postgres.fields import ArrayField
from django.db.models import F, Q

from assets.models.history import Edit
from assets.models.networks import Network
from gis_core.models import Division


class Plan(models.Model):
    """An alternative for a network: edits that wait until somebody approves them."""

    class State(models.TextChoices):
        DRAFT = "draft", "draft"
        APPROVED = "approved", "approved"
        WITHDRAWN = "withdrawn", "withdrawn"

    uid = models.UUIDField(default=uuid.uuid4, unique=True)
    network = models.ForeignKey(Network, on_delete=models.PROTECT, related_name="plans")
    division = models.ForeignKey(Division, on_delete=models.PROTECT, related_name="plans")
    code = models.CharField(max_length=60)
    name = models.CharField(max_length=200)
    state = models.CharField(max_length=10, choices=State.choices, default=State.DRAFT)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="plans"
    )
    made_at = models.DateTimeField(auto_now_add=True)
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    approved_at = models.DateTimeField(null=True, blank=True)
    applied_edit = models.ForeignKey(
        Edit, on_delete=models.PROTECT, null=True, blank=True, related_name="plans"
    )

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["network", "code"], name="plan_code_in_network"),
            models.CheckConstraint(
                name="plan_state_known", condition=Q(state__in=["draft", "approved", "withdrawn"])
            ),
            models.CheckConstraint(
                name="plan_approved_with_its_edit",
                condition=Q(state="approved", applied_edit__isnull=False, approved_at__isnull=False)
                | (~Q(state="approved") & Q(applied_edit=None, approved_at=None)),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.name}"


class PlannedEdit(models.Model):
    """One edit of a plan, in the form in which bulk edits are posted, with the versions it was drawn against."""

    plan = models.ForeignKey(Plan, on_delete=models.CASCADE, related_name="planned_edits")
    ordinal = models.PositiveIntegerField()
    operation = models.CharField(max_length=40)
    parameters = models.JSONField(default=dict)
    # {"pipe:<uid>": version, "node:<uid>": version} of what the edit touches, as its author saw it.
    base_versions = models.JSONField(default=dict)

    class Meta:
        ordering = ["plan", "ordinal"]
        constraints = [models.UniqueConstraint(fields=["plan", "ordinal"], name="planned_edit_ordinal")]

    def __str__(self) -> str:
        return f"{self.operation} of {self.plan}"


class PriceListItem(models.Model):
    """What laying, placing or removing costs: per metre of pipe or per piece, in UZS without VAT.

    A pipe's price is that of the smallest `maximum_diameter_m` that takes it, of its material where one is named.
    """

    class Work(models.TextChoices):
        LAY = "lay", "lay a pipe, per metre"
        ABANDON = "abandon", "take a pipe out, per metre"
        PLACE = "place", "place a node or device, each"
        REMOVE = "remove", "remove a node or device, each"

    uid = models.UUIDField(default=uuid.uuid4, unique=True)
    division = models.ForeignKey(Division, on_delete=models.PROTECT, related_name="price_list")
    commodity = models.CharField(max_length=12, choices=Network.Commodity.choices)
    work = models.CharField(max_length=10, choices=Work.choices)
    kind = models.CharField(max_length=20, blank=True)
    material = models.CharField(max_length=40, blank=True)
    maximum_diameter_m = models.FloatField(null=True, blank=True)
    unit_price = models.DecimalField(max_digits=16, decimal_places=2)
    valid_from = models.DateField()

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(name="price_not_negative", condition=Q(unit_price__gte=0)),
            models.CheckConstraint(
                name="price_work_known", condition=Q(work__in=["lay", "abandon", "place", "remove"])
            ),
            models.UniqueConstraint(
                fields=[
                    "division",
                    "commodity",
                    "work",
                    "kind",
                    "material",
                    "maximum_diameter_m",
                    "valid_from",
                ],
                name="price_once",
                nulls_distinct=False,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.work} {self.kind or self.material} {self.unit_price}"


class Outage(models.Model):
    """An interruption of supply to isolate a pipe: what is closed, what is without water, when.

    The figures and lists are those of the isolation when it was planned or last computed anew. Ids, not foreign keys,
    are listed: a finished outage stays as it was when its pipes are gone.
    """

    class State(models.TextChoices):
        PLANNED = "planned", "planned"
        IN_PROGRESS = "in_progress", "in progress"
        FINISHED = "finished", "finished"
        CANCELLED = "cancelled", "cancelled"
        CONFLICT = "conflict", "in conflict with another"

    uid = models.UUIDField(default=uuid.uuid4, unique=True)
    network = models.ForeignKey(Network, on_delete=models.PROTECT, related_name="outages")
    division = models.ForeignKey(Division, on_delete=models.PROTECT, related_name="outages")
    number = models.CharField(max_length=30)
    reason = models.CharField(max_length=300)
    state = models.CharField(max_length=12, choices=State.choices, default=State.PLANNED)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    pipe_uid = models.UUIDField()
    pipe_code = models.CharField(max_length=80)
    position = models.FloatField(default=0.5, db_default=0.5)
    inoperable_valves = ArrayField(models.CharField(max_length=60), default=list)
    valve_ids = ArrayField(models.BigIntegerField(), default=list)
    pipe_ids = ArrayField(models.BigIntegerField(), default=list)
    node_ids = ArrayField(models.BigIntegerField(), default=list)
    cut_off_node_ids = ArrayField(models.BigIntegerField(), default=list)
    close = ArrayField(models.CharField(max_length=60), default=list)
    length_m = models.FloatField(default=0)
    volume_m3 = models.FloatField(default=0)
    subscribers = models.PositiveIntegerField(default=0)
    priority = models.JSONField(default=list)
    # Whose service is interrupted: the list of whom to tell is made from it when it is asked for.
    attachment_ids = ArrayField(models.BigIntegerField(), default=list, db_default=[])
    # [{"outage": number, "reason": ...}] of the outages this one does not go together with.
    conflicts = models.JSONField(default=list, db_default=[])
    # [{"uid": ..., "code": ..., "status": ...}] of the valves that its start closed, with what they were before.
    closed_valves = models.JSONField(default=list, db_default=[])
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="outages"
    )
    made_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-starts_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["network", "number"], name="outage_number_in_network"),
            models.CheckConstraint(
                name="outage_state_known",
                condition=Q(state__in=["planned", "in_progress", "finished", "cancelled", "conflict"]),
            ),
            models.CheckConstraint(name="outage_ends_after_start", condition=Q(ends_at__gt=F("starts_at"))),
            models.CheckConstraint(
                name="outage_position_on_pipe", condition=Q(position__gte=0.0, position__lte=1.0)
            ),
            models.CheckConstraint(
                name="outage_conflict_has_reason", condition=~Q(state="conflict") | ~Q(conflicts=[])
            ),
            models.CheckConstraint(
                name="outage_times_fit_state",
                condition=Q(state__in=["planned", "conflict"], started_at=None, ended_at=None)
                | Q(state="in_progress", started_at__isnull=False, ended_at=None)
                | Q(
                    state="finished",
                    started_at__isnull=False,
                    ended_at__isnull=False,
                    ended_at__gte=F("started_at"),
                )
                | Q(state="cancelled", ended_at=None),
            ),
        ]

    def __str__(self) -> str:
        return f"outage {self.number}"
