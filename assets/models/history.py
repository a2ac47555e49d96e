"""What the network remembers of its changes: edits, the rows they changed, and which element came from which."""

import uuid

from django.conf import settings
from django.contrib.gis.db import models
from django.contrib.postgres.indexes import GistIndex
from django.db.models import F, Q
from django.db.models.functions import Now

from gis_core.models import Division


class Versioned(models.Model):
    """A row whose earlier states the database keeps (sql/history.sql).

    `version` counts the row's states and answers If-Match. `valid_from` is when the present state began.
    `change_id` names the content: the edit that made it, 0 for what was imported, a negative number for a change
    outside any edit. An undo brings back the content and with it the content's `change_id`.
    The database sets all three on every update.
    """

    version = models.PositiveIntegerField(default=1, db_default=1, editable=False)
    valid_from = models.DateTimeField(db_default=Now(), editable=False)
    change_id = models.BigIntegerField(default=0, db_default=0, editable=False)

    class Meta:
        abstract = True


class Edit(models.Model):
    """One change of a network by one person: one transaction, undone as a whole.

    `undoes` names the edit that this one takes back; the undo of an undo is a redo. `undone_by` says that an edit
    is taken back at present.
    """

    uid = models.UUIDField(default=uuid.uuid4, unique=True)
    network = models.ForeignKey("assets.Network", on_delete=models.PROTECT, related_name="edits")
    division = models.ForeignKey(Division, on_delete=models.PROTECT, related_name="edits")
    acting_user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="edits"
    )
    operation = models.CharField(max_length=40)
    summary = models.CharField(max_length=400, blank=True)
    parameters = models.JSONField(default=dict)
    # What an operation could not do as one might expect, for the person who asked for it.
    remarks = models.JSONField(default=list)
    made_at = models.DateTimeField()
    undoes = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="undo_edits"
    )
    undone_by = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                name="edit_not_of_itself",
                condition=(Q(undoes=None) | ~Q(undoes=F("id"))) & (Q(undone_by=None) | ~Q(undone_by=F("id"))),
            ),
        ]
        indexes = [models.Index(fields=["network", "acting_user", "-id"], name="edit_by_user")]

    def __str__(self) -> str:
        return f"{self.operation} ({self.uid})"


class RowChange(models.Model):
    """One row's state before one edit, written by the database. Append-only but for the edit in progress.

    `before` is the row without its generated columns and its geometry, which stands in `before_geom` to the last
    bit; both are null for a row that the edit made. The state held from `valid_from` until `valid_to`.
    """

    class Operation(models.TextChoices):
        INSERT = "I", "made"
        UPDATE = "U", "changed"
        DELETE = "D", "deleted"

    edit = models.ForeignKey(
        Edit, on_delete=models.PROTECT, null=True, blank=True, related_name="row_changes", db_index=False
    )
    network_id = models.BigIntegerField(null=True, blank=True)
    table_name = models.CharField(max_length=63)
    row_id = models.BigIntegerField()
    operation = models.CharField(max_length=1, choices=Operation.choices)
    before = models.JSONField(null=True, blank=True)
    before_geom = models.GeometryField(srid=4326, null=True, blank=True, spatial_index=False)
    before_change_id = models.BigIntegerField(null=True, blank=True)
    after_change_id = models.BigIntegerField(null=True, blank=True)
    valid_from = models.DateTimeField(null=True, blank=True)
    valid_to = models.DateTimeField()

    class Meta:
        ordering = ["id"]
        constraints = [
            # Not partial: a kept plan, made for any edit, could not use it.
            models.UniqueConstraint(fields=["edit", "table_name", "row_id"], name="row_change_once_in_edit"),
            models.CheckConstraint(
                name="row_change_has_its_state",
                condition=Q(operation="I", before=None) | Q(operation__in=["U", "D"], before__isnull=False),
            ),
        ]
        indexes = [
            models.Index(fields=["table_name", "row_id", "-id"], name="row_change_by_row"),
            models.Index(fields=["network_id", "table_name", "valid_to"], name="row_change_by_time"),
            GistIndex(fields=["before_geom"], name="row_change_geom"),
        ]

    def __str__(self) -> str:
        return f"{self.operation} {self.table_name} {self.row_id}"


class Lineage(models.Model):
    """Which element came from which: after a split, a merge or a replacement.

    Elements are named by uid and code, since the ancestor may be deleted. `from_share` and `to_share` say which part
    of the ancestor's drawn length the descendant is.
    """

    class Relation(models.TextChoices):
        SPLIT = "split", "split"
        MERGE = "merge", "merge"
        REPLACE = "replace", "replaced"

    edit = models.ForeignKey(Edit, on_delete=models.PROTECT, related_name="lineage")
    element = models.CharField(max_length=10, choices=[("pipe", "pipe"), ("node", "node")])
    relation = models.CharField(max_length=10, choices=Relation.choices)
    ancestor_uid = models.UUIDField(db_index=True)
    ancestor_code = models.CharField(max_length=80)
    descendant_uid = models.UUIDField(db_index=True)
    descendant_code = models.CharField(max_length=80)
    from_share = models.FloatField(null=True, blank=True)
    to_share = models.FloatField(null=True, blank=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                name="lineage_relation_known", condition=Q(relation__in=["split", "merge", "replace"])
            ),
            models.CheckConstraint(name="lineage_element_known", condition=Q(element__in=["pipe", "node"])),
        ]

    def __str__(self) -> str:
        return f"{self.ancestor_code} -> {self.descendant_code} ({self.relation})"
