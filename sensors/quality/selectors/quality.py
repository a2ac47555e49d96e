"""Reading quality rules and flags, scoped by division."""

from datetime import datetime

from django.db.models import Q, QuerySet

from gis_core.access import Capability, Viewer, divisions_of, is_unrestricted, visible
from sensors.models import Datastream, QualityFlag, QualityRule


def quality_rules_visible_to(viewer: Viewer) -> QuerySet[QualityRule]:
    """Rules of the viewer's divisions, and those of the system, which everybody who sees sensors sees."""
    rules = QualityRule.objects.select_related("division", "datastream", "changed_by")
    if is_unrestricted(viewer):
        return rules
    divisions = divisions_of(viewer, Capability.VIEW_SENSORS).values("pk")
    return rules.filter(Q(division=None) | Q(division__in=divisions))


def quality_flags_visible_to(viewer: Viewer) -> QuerySet[QualityFlag]:
    """Flags of datastreams in the viewer's divisions."""
    flags = QualityFlag.objects.select_related("datastream")
    return visible(flags, viewer, Capability.VIEW_SENSORS, division="datastream__division")


def flags_of(
    datastream: Datastream,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    is_open: bool = True,
) -> QuerySet[QualityFlag]:
    """Flags that meet [since, until), oldest first. The datastream must come from a scoped selector."""
    flags = QualityFlag.objects.filter(datastream=datastream).order_by("time", "pk")
    if is_open:
        flags = flags.filter(cleared_at=None)
    if since is not None:
        flags = flags.filter(Q(time__gte=since) | Q(end_time__gt=since))
    return flags.filter(time__lt=until) if until is not None else flags
