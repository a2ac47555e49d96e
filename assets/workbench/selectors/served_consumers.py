"""Who is served at an element: how many for whoever sees the network, who they are for whoever sees subscribers."""

from typing import Any

from assets.consumer_providers import consumers_at_attachments, list_consumers_at_attachments
from assets.models import Attachment, Node, Pipe
from gis_core.access import Capability, Viewer, holds

MAXIMUM_LISTED = 1000


def served_at(element: Node | Pipe, *, viewer: Viewer) -> dict[str, Any]:
    """`count` and `priority_count` for everybody, and `results` where `is_listed`: the viewer may see subscribers.

    A pipe serves what hangs on it, a node what draws from it: what hangs on itself, or on a pipe nearest to it as the
    hydraulic model counts it. Priority customers come first.
    """
    end = {"pipe": element} if isinstance(element, Pipe) else {"node": element}
    places = list(
        Attachment.objects.filter(network_id=element.network_id, **end).values_list("pk", flat=True)
    )
    counts = consumers_at_attachments(places)
    is_listed = holds(viewer, Capability.VIEW_SUBSCRIBERS)
    listed: list[dict[str, Any]] = []
    if is_listed:
        listed = list_consumers_at_attachments("subscribers", places, limit=MAXIMUM_LISTED + 1, viewer=viewer)
    return {
        "count": counts.get("subscribers", 0),
        "priority_count": counts.get("priority", 0),
        "is_listed": is_listed,
        "is_truncated": len(listed) > MAXIMUM_LISTED,
        "results": listed[:MAXIMUM_LISTED],
    }
