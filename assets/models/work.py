"""Work in the field: orders with their moves, materials and photos; valves turned; what phones sent."""

import uuid

from django.contrib.gis.db import models
from django.contrib.postgres.indexes import GistIndex
from django.db.models import Q
from django.db.models.functions import Now

from assets.models.attachments import Attachment
from assets.models.cadastre import Document
from assets.models.networks import Network
from gis_core.models import Division, User


class WorkOrder(models.Model):
    """Something to be done at a place, from its order to its end.

    The states and their moves are those of `assets/work_orders/services/moving.py:TRANSITIONS`; the database refuses
    others, and a state that the journal of moves does not tell. `version` counts the row's states, set by the database.
    What it is about follows its attachment, through every edit; `geom` is where the crew goes, WGS 84.
    """

    class Kind(models.TextChoices):
        LEAK_REPAIR = "leak_repair", "leak repair"
        INSPECTION = "inspection", "inspection"
        VALVE_WORK = "valve_work", "valve work"
        METER_WORK = "meter_work", "meter work"
        READING_ROUND = "reading_round", "reading round"
        SENSOR_WORK = "sensor_work", "work on a device"
        OTHER = "other", "other work"

    class Priority(models.TextChoices):
        URGENT = "urgent", "urgent"
        HIGH = "high", "high"
        NORMAL = "normal", "normal"
        LOW = "low", "low"

    class Source(models.TextChoices):
        HAND = "hand", "by hand"
        LEAK = "leak", "from a leak"
        OUTAGE = "outage", "from an outage"
        ALARM = "alarm", "from an alarm"

    class State(models.TextChoices):
        NEW = "new", "new"
        ASSIGNED = "assigned", "assigned"
        ON_THE_WAY = "on_the_way", "on the way"
        DONE = "done", "done"
        IMPOSSIBLE = "impossible", "impossible"
        CANCELLED = "cancelled", "cancelled"

    uid = models.UUIDField(default=uuid.uuid4, unique=True)
    network = models.ForeignKey(Network, on_delete=models.PROTECT, related_name="work_orders")
    division = models.ForeignKey(Division, on_delete=models.PROTECT, related_name="work_orders")
    number = models.CharField(max_length=40)
    kind = models.CharField(max_length=16, choices=Kind.choices)
    title = models.CharField(max_length=200)
    description = models.TextField(blank=True)
    priority = models.CharField(max_length=8, choices=Priority.choices, default=Priority.NORMAL)
    source = models.CharField(max_length=8, choices=Source.choices, default=Source.HAND)
    # What it came from: the uid of the leak, outage or alarm, and what that said then. None for what came by hand.
    source_uid = models.UUIDField(null=True, blank=True)
    source_text = models.CharField(max_length=300, blank=True)
    geom = models.PointField(srid=4326, spatial_index=False)
    attachment = models.ForeignKey(
        Attachment, on_delete=models.PROTECT, null=True, blank=True, related_name="work_orders"
    )
    state = models.CharField(max_length=12, choices=State.choices, default=State.NEW)
    assignee = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="work_orders"
    )
    due_at = models.DateTimeField(null=True, blank=True)
    time_spent_min = models.PositiveIntegerField(null=True, blank=True)
    version = models.PositiveIntegerField(default=1, db_default=1, editable=False)
    created_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="+", editable=False
    )
    created_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["network", "number"], name="work_order_number_in_network"),
            models.CheckConstraint(name="work_order_has_a_title", condition=~Q(title="")),
            models.CheckConstraint(name="work_order_number_not_empty", condition=~Q(number="")),
            models.CheckConstraint(
                name="work_order_kind_known",
                condition=Q(
                    kind__in=[
                        "leak_repair",
                        "inspection",
                        "valve_work",
                        "meter_work",
                        "reading_round",
                        "sensor_work",
                        "other",
                    ]
                ),
            ),
            models.CheckConstraint(
                name="work_order_priority_known",
                condition=Q(priority__in=["urgent", "high", "normal", "low"]),
            ),
            models.CheckConstraint(
                name="work_order_state_known",
                condition=Q(state__in=["new", "assigned", "on_the_way", "done", "impossible", "cancelled"]),
            ),
            models.CheckConstraint(
                name="work_order_source_is_named",
                condition=Q(source="hand", source_uid=None)
                | Q(source__in=["leak", "outage", "alarm"], source_uid__isnull=False),
            ),
            # New orders are nobody's; who is on the way or has been there has a name.
            models.CheckConstraint(
                name="work_order_assignee_fits_state",
                condition=Q(state="new", assignee=None)
                | Q(state__in=["assigned", "on_the_way", "done", "impossible"], assignee__isnull=False)
                | Q(state="cancelled"),
            ),
            models.CheckConstraint(
                name="work_order_time_plausible",
                condition=Q(time_spent_min=None) | Q(time_spent_min__lte=60_000),
            ),
        ]
        indexes = [
            GistIndex(fields=["geom"], name="work_order_geom"),
            models.Index(fields=["assignee", "state"], name="work_order_of_assignee"),
            models.Index(fields=["division", "state", "id"], name="work_order_in_division"),
        ]

    def __str__(self) -> str:
        return f"work order {self.number}"


class WorkOrderMove(models.Model):
    """One line of an order's journal: who brought it from which state to which, when, and what they said."""

    uid = models.UUIDField(default=uuid.uuid4, unique=True)
    order = models.ForeignKey(WorkOrder, on_delete=models.PROTECT, related_name="moves")
    from_state = models.CharField(max_length=12, choices=WorkOrder.State.choices, blank=True)
    to_state = models.CharField(max_length=12, choices=WorkOrder.State.choices)
    assignee = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    note = models.TextField(blank=True)
    moved_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    # When it was so in the field; a phone without a network tells it later.
    moved_at = models.DateTimeField()
    recorded_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                name="work_order_impossible_says_why", condition=~Q(to_state="impossible") | ~Q(note="")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.order}: {self.from_state or 'nothing'} to {self.to_state}"


class WorkMaterial(models.Model):
    """A material used on an order: what, how much, in which unit."""

    uid = models.UUIDField(default=uuid.uuid4, unique=True)
    order = models.ForeignKey(WorkOrder, on_delete=models.PROTECT, related_name="materials")
    material = models.CharField(max_length=120)
    quantity = models.DecimalField(max_digits=12, decimal_places=3)
    unit = models.CharField(max_length=20)
    recorded_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    recorded_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(name="work_material_quantity_positive", condition=Q(quantity__gt=0)),
            models.CheckConstraint(name="work_material_is_named", condition=~Q(material="") & ~Q(unit="")),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} {self.unit} {self.material}"


class WorkPhoto(models.Model):
    """A photo of an order, kept as a document."""

    order = models.ForeignKey(WorkOrder, on_delete=models.PROTECT, related_name="photos")
    document = models.OneToOneField(Document, on_delete=models.PROTECT, related_name="work_photo")

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.document} of {self.order}"


class ValveOperation(models.Model):
    """A valve that somebody turned: how many turns, and how it stood before and after. What was done stays so.

    The valve's own status is changed by an edit in the same transaction. `attachment` says which valve, through edits.
    """

    uid = models.UUIDField(default=uuid.uuid4, unique=True)
    network = models.ForeignKey(Network, on_delete=models.PROTECT, related_name="valve_operations")
    division = models.ForeignKey(Division, on_delete=models.PROTECT, related_name="valve_operations")
    attachment = models.ForeignKey(Attachment, on_delete=models.PROTECT, related_name="valve_operations")
    order = models.ForeignKey(
        WorkOrder, on_delete=models.PROTECT, null=True, blank=True, related_name="valve_operations"
    )
    turns = models.FloatField()
    status_before = models.CharField(max_length=6)
    status_after = models.CharField(max_length=6)
    note = models.TextField(blank=True)
    operated_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="valve_operations")
    operated_at = models.DateTimeField()
    recorded_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                name="valve_operation_turns_plausible", condition=Q(turns__gte=0, turns__lte=2000)
            ),
            models.CheckConstraint(
                name="valve_operation_status_known",
                condition=Q(
                    status_before__in=["active", "open", "closed"],
                    status_after__in=["active", "open", "closed"],
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.status_before} to {self.status_after} with {self.turns:g} turns"


class FieldChange(models.Model):
    """A change that a phone sent and that was applied, under the phone's own uid, with what it was answered.

    The same uid again is answered the same and changes nothing; `digest` tells whether it is the same change.
    """

    uid = models.UUIDField(unique=True)
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="field_changes")
    kind = models.CharField(max_length=30)
    digest = models.CharField(max_length=64)
    answer = models.JSONField()
    applied_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                name="field_change_digest_form", condition=Q(digest__regex=r"^[0-9a-f]{64}$")
            ),
            models.CheckConstraint(name="field_change_kind_not_empty", condition=~Q(kind="")),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.uid}"
