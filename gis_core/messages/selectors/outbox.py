"""Messages as people may see them."""

from django.db.models import Count, QuerySet

from gis_core.access import Capability, Viewer, visible
from gis_core.models import Message


def messages_visible_to(
    viewer: Viewer, capability: Capability = Capability.VIEW_SUBSCRIBERS
) -> QuerySet[Message]:
    """Messages to people of the viewer's divisions, the newest first."""
    return visible(Message.objects.select_related("division", "enterprise"), viewer, capability)


def messages_by_state(viewer: Viewer) -> dict[str, int]:
    """How many there are in each state that has any."""
    rows = messages_visible_to(viewer).order_by().values("state").annotate(count=Count("pk"))
    return {row["state"]: row["count"] for row in rows}
