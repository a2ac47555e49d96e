"""What may this person see and do: the one place that answers it.

A user holds roles within divisions (`RoleAssignment`); a role brings capabilities; a capability held in a
division holds in all divisions below it. Every selector takes the `viewer` who is asking and passes its
queryset through `visible`. What is not visible does not exist for the viewer: pages and APIs answer 404.
"""

from collections.abc import Iterable
from enum import StrEnum
from functools import reduce
from operator import or_
from typing import Any, TypeVar

from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import ValidationError
from django.db.models import Model, Q, QuerySet

from gis_core.models import Division, RoleAssignment, User

Viewer = User | AnonymousUser
M = TypeVar("M", bound=Model)


class Capability(StrEnum):
    """What can be allowed, in the words of the trade."""

    VIEW_DIVISIONS = "view divisions"
    VIEW_NETWORK = "view network"
    EDIT_NETWORK = "edit network"
    RECORD_FIELD_WORK = "record field work"
    VIEW_WORK = "view work orders"
    DISPATCH_WORK = "dispatch work"
    VIEW_SENSORS = "view sensors"
    WRITE_SENSORS = "write sensors"
    EDIT_SENSORS = "edit sensors"
    EDIT_SERIES = "edit series"
    HANDLE_ALARMS = "handle alarms"
    OPERATE_REGULATORS = "operate regulators"
    VIEW_BALANCES = "view balances"
    COMPUTE_BALANCES = "compute balances"
    HANDLE_LEAK_EVENTS = "handle leak events"
    VIEW_SUBSCRIBERS = "view subscribers"
    MANAGE_ACCOUNTS = "manage accounts"
    ENTER_READINGS = "enter readings"
    RUN_BILLING = "run billing"
    RECORD_PAYMENTS = "record payments"
    CORRECT_BOOKS = "correct books"
    VIEW_JOBS = "view jobs"
    VIEW_AUDIT = "view audit"
    MANAGE_USERS = "manage users"


_EVERY_STAFF = {Capability.VIEW_DIVISIONS, Capability.VIEW_NETWORK}
_Role = RoleAssignment.Role

ROLE_CAPABILITIES: dict[str, frozenset[Capability]] = {
    _Role.ENGINEER: frozenset(
        _EVERY_STAFF
        | {
            Capability.EDIT_NETWORK,
            Capability.RECORD_FIELD_WORK,
            Capability.VIEW_WORK,
            Capability.DISPATCH_WORK,
            Capability.VIEW_SENSORS,
            Capability.HANDLE_ALARMS,
            Capability.OPERATE_REGULATORS,
            Capability.EDIT_SENSORS,
            Capability.EDIT_SERIES,
            Capability.WRITE_SENSORS,
            Capability.VIEW_BALANCES,
            Capability.HANDLE_LEAK_EVENTS,
            Capability.VIEW_JOBS,
        }
    ),
    _Role.ANALYST: frozenset(
        _EVERY_STAFF
        | {
            Capability.VIEW_WORK,
            Capability.VIEW_SENSORS,
            Capability.HANDLE_ALARMS,
            Capability.EDIT_SERIES,
            Capability.VIEW_BALANCES,
            Capability.COMPUTE_BALANCES,
            Capability.HANDLE_LEAK_EVENTS,
            Capability.VIEW_JOBS,
        }
    ),
    _Role.CREW: frozenset(
        _EVERY_STAFF
        | {
            Capability.RECORD_FIELD_WORK,
            Capability.VIEW_WORK,
            Capability.ENTER_READINGS,
            Capability.VIEW_SENSORS,
            Capability.HANDLE_ALARMS,
        }
    ),
    _Role.CLERK: frozenset(
        _EVERY_STAFF
        | {
            Capability.VIEW_SUBSCRIBERS,
            Capability.MANAGE_ACCOUNTS,
            Capability.ENTER_READINGS,
            Capability.RUN_BILLING,
            Capability.RECORD_PAYMENTS,
            Capability.VIEW_JOBS,
        }
    ),
    _Role.CASHIER: frozenset(_EVERY_STAFF | {Capability.VIEW_SUBSCRIBERS, Capability.RECORD_PAYMENTS}),
    _Role.MANAGER: frozenset(
        _EVERY_STAFF
        | {
            Capability.VIEW_WORK,
            Capability.DISPATCH_WORK,
            Capability.VIEW_SENSORS,
            Capability.HANDLE_ALARMS,
            Capability.VIEW_BALANCES,
            Capability.COMPUTE_BALANCES,
            Capability.HANDLE_LEAK_EVENTS,
            Capability.VIEW_SUBSCRIBERS,
            Capability.RUN_BILLING,
            Capability.CORRECT_BOOKS,
            Capability.VIEW_JOBS,
        }
    ),
    _Role.ADMINISTRATOR: frozenset(Capability),
    _Role.AUDITOR: frozenset(
        _EVERY_STAFF
        | {
            Capability.VIEW_WORK,
            Capability.VIEW_SENSORS,
            Capability.VIEW_BALANCES,
            Capability.VIEW_SUBSCRIBERS,
            Capability.VIEW_JOBS,
            Capability.VIEW_AUDIT,
        }
    ),
}


class NotVisible(Exception):
    """What was asked for does not exist, or not for this viewer: the two are told apart nowhere."""


def _grants(viewer: Viewer) -> list[tuple[str, str]]:
    """The (role, division path) pairs of a viewer, read once per user object, i.e. once per request."""
    if not isinstance(viewer, User) or not viewer.is_active:
        return []
    cached: list[tuple[str, str]] | None = getattr(viewer, "_role_grants", None)
    if cached is None:
        cached = list(
            RoleAssignment.objects.filter(user=viewer).values_list("role", "division__path").order_by("id")
        )
        viewer._role_grants = cached  # type: ignore[attr-defined]
    return cached


def roles_of(viewer: Viewer) -> list[str]:
    """The distinct roles a viewer holds anywhere, in the order of `RoleAssignment.Role`."""
    held = {role for role, _path in _grants(viewer)}
    if isinstance(viewer, User) and viewer.is_active and viewer.is_superuser:
        held.add(_Role.ADMINISTRATOR)
    return [role for role in _Role.values if role in held]


def capabilities_of(viewer: Viewer) -> frozenset[Capability]:
    """Every capability a viewer holds somewhere."""
    return frozenset().union(*(ROLE_CAPABILITIES[role] for role in roles_of(viewer)))


def holds(viewer: Viewer, capability: Capability) -> bool:
    """Whether the viewer has the capability in some division."""
    return capability in capabilities_of(viewer)


def is_unrestricted(viewer: Viewer) -> bool:
    """Superusers see every division."""
    return isinstance(viewer, User) and viewer.is_active and viewer.is_superuser


def granted_paths(viewer: Viewer, capability: Capability) -> list[str]:
    """The division paths in which the viewer holds the capability, without those inside another of them."""
    paths = sorted({path for role, path in _grants(viewer) if capability in ROLE_CAPABILITIES[role]})
    return [path for path in paths if not any(path != other and path.startswith(other) for other in paths)]


def divisions_of(viewer: Viewer, capability: Capability) -> QuerySet[Division]:
    """The divisions in which the viewer holds the capability, those below included."""
    if is_unrestricted(viewer):
        return Division.objects.all()
    return Division.objects.filter(_any_prefix(granted_paths(viewer, capability), "path"))


def _any_prefix(paths: Iterable[str], field: str) -> Q:
    conditions = [Q(**{f"{field}__startswith": path}) for path in paths]
    return reduce(or_, conditions) if conditions else Q(pk__in=[])


def visible(
    queryset: QuerySet[M], viewer: Viewer, capability: Capability, *, division: str = "division"
) -> QuerySet[M]:
    """Keep the rows of `queryset` whose `division` (a lookup path) the viewer may see with the capability."""
    if is_unrestricted(viewer):
        return queryset
    return queryset.filter(**{f"{division}__in": divisions_of(viewer, capability).values("pk")})


def access(queryset: QuerySet[M], viewer: Viewer, capability: Capability, **lookup: Any) -> M:
    """Return the one visible row that `lookup` names; raise NotVisible when there is none for this viewer.

    `lookup` may carry `division=` as in `visible` under the name `division_lookup`. What no key can be names no row.
    """
    division = lookup.pop("division_lookup", "division")
    try:
        named = queryset.filter(**lookup)
    except (ValidationError, ValueError) as error:
        raise NotVisible(f"no {queryset.model._meta.verbose_name} has such a key") from error
    found = visible(named, viewer, capability, division=division).first()
    if found is None:
        raise NotVisible(f"no such {queryset.model._meta.verbose_name}")
    return found


def require(viewer: Viewer, capability: Capability, division: Division) -> None:
    """Raise NotVisible unless the viewer holds the capability in `division`."""
    if is_unrestricted(viewer):
        return
    if not any(division.path.startswith(path) for path in granted_paths(viewer, capability)):
        raise NotVisible("no such division")
