"""What validation leaves behind: ground that was changed and not looked at since, and what was found."""

import uuid

from django.conf import settings
from django.contrib.gis.db import models
from django.contrib.postgres.fields import ArrayField
from django.db.models import Q

from assets.models.history import Edit
from assets.models.networks import Network
from gis_core.models import Division


class DirtyArea(models.Model):
    """Ground that an edit touched and that no validation has cleared since (longitude/latitude)."""

    network = models.ForeignKey(Network, on_delete=models.CASCADE, related_name="dirty_areas")
    edit = models.ForeignKey(Edit, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    geom = models.PolygonField(srid=4326)
    made_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"dirty area {self.pk}"


class Finding(models.Model):
    """Something validation found. Found again it stays the same row, so that an acceptance holds."""

    class Severity(models.TextChoices):
        ERROR = "error", "error"
        WARNING = "warning", "warning"
        NOTE = "note", "note"

    uid = models.UUIDField(default=uuid.uuid4, unique=True)
    network = models.ForeignKey(Network, on_delete=models.CASCADE, related_name="findings")
    division = models.ForeignKey(Division, on_delete=models.PROTECT, related_name="findings")
    check_code = models.CharField(max_length=60)
    severity = models.CharField(max_length=10, choices=Severity.choices)
    explanation = models.TextField()
    # "node:<uid>" and "pipe:<uid>" of the offenders, and their codes for people.
    elements = ArrayField(models.CharField(max_length=60), default=list)
    element_codes = ArrayField(models.CharField(max_length=100), default=list)
    node_ids = ArrayField(models.BigIntegerField(), default=list)
    pipe_ids = ArrayField(models.BigIntegerField(), default=list)
    # The same fault of the same elements has the same fingerprint.
    fingerprint = models.CharField(max_length=64)
    geom = models.GeometryField(srid=4326, null=True, blank=True)
    # The edit that would mend it, in the form of bulk edits; null where none is safe.
    repair = models.JSONField(null=True, blank=True)
    found_at = models.DateTimeField(auto_now_add=True)
    accepted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    accepted_at = models.DateTimeField(null=True, blank=True)
    acceptance_reason = models.CharField(max_length=400, blank=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["network", "check_code", "fingerprint"], name="finding_once"),
            models.CheckConstraint(
                name="finding_severity_known", condition=Q(severity__in=["error", "warning", "note"])
            ),
            models.CheckConstraint(
                name="finding_accepted_with_reason",
                condition=Q(accepted_at=None, accepted_by=None, acceptance_reason="")
                | (Q(accepted_at__isnull=False) & ~Q(acceptance_reason="")),
            ),
        ]
        indexes = [models.Index(fields=["network", "severity", "id"], name="finding_by_severity")]

    def __str__(self) -> str:
        return f"{self.check_code} {', '.join(self.element_codes)}"
