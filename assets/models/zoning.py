"""When a zone's members were last taken from the graph."""

from django.conf import settings
from django.contrib.gis.db import models

from assets.models.graph import Zone
from assets.models.history import Edit


class ZoneFlood(models.Model):
    """The last time a zone's membership was set by flooding it from the graph, or found to be as the graph has it."""

    zone = models.OneToOneField(
        Zone, on_delete=models.CASCADE, primary_key=True, db_constraint=False, related_name="flood"
    )
    flooded_at = models.DateTimeField()
    edit = models.ForeignKey(Edit, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    flooded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    members = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return f"flood of {self.zone}"
