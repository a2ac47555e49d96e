"""Reading alarms, their rules, channels, journals and notifications, scoped by division."""

from django.db.models import QuerySet

from gis_core.access import Capability, Viewer, visible
from sensors.models import Alarm, AlarmEvent, AlarmRule, Notification, NotificationChannel


def alarms_visible_to(viewer: Viewer, capability: Capability = Capability.VIEW_SENSORS) -> QuerySet[Alarm]:
    """Alarms of the viewer's divisions."""
    alarms = Alarm.objects.select_related("rule", "datastream__thing", "division", "acknowledged_by")
    return visible(alarms, viewer, capability)


def alarm_rules_visible_to(
    viewer: Viewer, capability: Capability = Capability.VIEW_SENSORS
) -> QuerySet[AlarmRule]:
    """Alarm rules of the viewer's divisions."""
    rules = AlarmRule.objects.select_related("division", "datastream", "network").prefetch_related("channels")
    return visible(rules, viewer, capability)


def channels_visible_to(
    viewer: Viewer, capability: Capability = Capability.EDIT_SENSORS
) -> QuerySet[NotificationChannel]:
    """Notification channels of the viewer's divisions; their addresses are for those who set them."""
    return visible(NotificationChannel.objects.select_related("division"), viewer, capability)


def journal_of(alarm: Alarm) -> QuerySet[AlarmEvent]:
    """The journal of an alarm, oldest first. The alarm must come from a scoped selector."""
    return AlarmEvent.objects.filter(alarm=alarm).select_related("made_by").order_by("pk")


def notifications_visible_to(viewer: Viewer) -> QuerySet[Notification]:
    """The outbox of the viewer's divisions."""
    rows = Notification.objects.select_related("event__alarm", "channel")
    return visible(rows, viewer, Capability.EDIT_SENSORS, division="channel__division")
