"""Who changed what, when, from which values to which: written with the change, never rewritten."""

from django.db import models
from django.db.models.functions import Now

from gis_core.models.divisions import Division
from gis_core.models.users import User


class AuditEvent(models.Model):
    """One change. The table takes INSERT only; the database refuses UPDATE, DELETE and TRUNCATE."""

    at = models.DateTimeField(db_default=Now(), editable=False)
    user = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="audit_events")
    action = models.CharField(max_length=60)
    object_type = models.CharField(max_length=60)
    object_id = models.CharField(max_length=100)
    division = models.ForeignKey(Division, on_delete=models.PROTECT, null=True)
    old_values = models.JSONField(null=True)
    new_values = models.JSONField(null=True)

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["object_type", "object_id"], name="audit_by_object"),
            models.Index(fields=["division", "-id"], name="audit_by_division"),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.object_type} {self.object_id}"
