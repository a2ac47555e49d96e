"""The log of accounts: what became of them, from which day on, by whom."""

from collections.abc import Sequence
from datetime import date

from django.db.models import QuerySet

from billing.models import Account, AccountChange
from gis_core.access import Capability, Viewer, visible

MOST_CHANGES = 100
# (value, word) of what can become of an account.
CHANGE_KINDS: Sequence[tuple[str, str]] = AccountChange.Kind.choices


def account_changes_visible_to(viewer: Viewer) -> QuerySet[AccountChange]:
    """Changes of accounts of the viewer's divisions, the newest first, with both parties and who made them."""
    changes = AccountChange.objects.select_related(
        "account__subscriber__street", "other_account__subscriber", "made_by"
    )
    return visible(changes, viewer, Capability.VIEW_SUBSCRIBERS, division="account__division")


def history_of(account: Account) -> list[AccountChange]:
    """An account's newest changes, at most MOST_CHANGES; whoever calls has access to it."""
    rows = account.changes.select_related("other_account__subscriber", "made_by")
    return list(rows.order_by("-pk")[:MOST_CHANGES])


def changes_between(
    viewer: Viewer, *, since: date | None, until: date | None, kind: str, text: str
) -> QuerySet[AccountChange]:
    """Changes from day to day (both included), of a kind, of whose name or account number the text is a part."""
    rows = account_changes_visible_to(viewer)
    if since is not None:
        rows = rows.filter(day__gte=since)
    if until is not None:
        rows = rows.filter(day__lte=until)
    if kind:
        rows = rows.filter(kind=kind)
    if text:
        named = rows.filter(account__subscriber__name__icontains=text)
        rows = named | rows.filter(account__number=text)
    return rows.order_by("-day", "-pk")
