"""Meters of buildings."""

from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext_noop

from billing.models import GroupMeter
from gis_core.access import Capability, Viewer, visible
from gis_core.errors import ReportedError
from gis_core.sentences import Sentence


def visible_group_meters(viewer: Viewer) -> QuerySet[GroupMeter]:
    """The meters of buildings that a viewer may see, by name."""
    return visible(
        GroupMeter.objects.select_related("service_point", "service", "enterprise"),
        viewer,
        Capability.VIEW_SUBSCRIBERS,
    ).order_by("name", "id")


def group_meter_by_point(code: str) -> GroupMeter:
    """The building's meter at a service point; ReportedError where there is none."""
    found = GroupMeter.objects.filter(service_point__code=code).first()
    if found is None:
        raise ReportedError(
            Sentence(gettext_noop("There is no building's meter at point {code}."), code=code),
            code="building",
        )
    return found


def accounts_of_flats(group_meter: GroupMeter) -> dict[str, UUID]:
    """The uids of the accounts that ever belonged to a building, by number."""
    return dict(group_meter.flats.values_list("account__number", "account__uid"))
