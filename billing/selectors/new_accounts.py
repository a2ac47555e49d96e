"""What a new account can be made of: enterprises, their services, and the divisions whose streets they serve."""

from collections.abc import Sequence

from django.db.models import Q, QuerySet

from billing.models import SubscriberClass, SuppliedService
from gis_core.access import Capability, Viewer, divisions_of, granted_paths, is_unrestricted
from gis_core.models import Division, Enterprise

# A page offers so many divisions to add a street to; a region has some hundreds of mahallas.
_MOST_DIVISIONS = 2000
# (value, word) of who may be a subscriber.
SUBSCRIBER_CLASSES: Sequence[tuple[str, str]] = SubscriberClass.choices


def enterprises_to_open_for(viewer: Viewer) -> list[Enterprise]:
    """The enterprises some of whose accounts lie where the viewer manages accounts.

    Accounts are the enterprise's division's, or those of the districts below a larger one.
    """
    rows = Enterprise.objects.select_related("division").defer("division__boundary").order_by("name")
    if is_unrestricted(viewer):
        return list(rows)
    own = Division.objects.filter(path__in=granted_paths(viewer, Capability.MANAGE_ACCOUNTS))
    levels = list(own.values_list("path", "level"))
    return [row for row in rows if any(_opens_for(row.division, *held) for held in levels)]


def _opens_for(served: Division, path: str, level: int) -> bool:
    """Whether somebody who manages accounts from a path downwards manages some of those of a served division."""
    is_above = served.path.startswith(path)
    return is_above or (path.startswith(served.path) and level <= Division.Level.DISTRICT)


def services_to_supply() -> list[SuppliedService]:
    """What a contract can begin with, in the order of bills: all but what is charged once."""
    rows = SuppliedService.objects.select_related("base")
    return list(rows.exclude(basis=SuppliedService.Basis.ONE_OFF).order_by("position"))


def divisions_with_streets(viewer: Viewer) -> QuerySet[Division]:
    """The divisions to which the viewer may add a street: mahallas, and what has none below it."""
    own = divisions_of(viewer, Capability.MANAGE_ACCOUNTS)
    rows = own.filter(Q(level=Division.Level.MAHALLA) | Q(children=None)).select_related("parent")
    return rows.defer("boundary", "parent__boundary").order_by("path")[:_MOST_DIVISIONS]
