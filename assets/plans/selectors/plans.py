"""Plans and price lists that a viewer may see."""

from django.db.models import QuerySet

from assets.models import Plan, PriceListItem
from gis_core.access import Capability, Viewer, visible


def plans_visible_to(viewer: Viewer) -> QuerySet[Plan]:
    """Plans of the networks that the viewer may see."""
    plans = Plan.objects.select_related("network__division", "made_by", "approved_by", "applied_edit")
    return visible(plans, viewer, Capability.VIEW_NETWORK)


def prices_visible_to(viewer: Viewer) -> QuerySet[PriceListItem]:
    """The price lists of the viewer's divisions."""
    return visible(PriceListItem.objects.select_related("division"), viewer, Capability.VIEW_NETWORK)
