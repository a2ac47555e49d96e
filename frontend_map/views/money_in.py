"""Money of unknown owners, statements brought in, and days compared with providers."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _

from billing.channels.selectors.owners import REASONS
from billing.channels.selectors.suspense import (
    CHANNEL_NAMES,
    clearing_by_channel,
    suspense_sums,
    suspense_visible_to,
    yesterday_first,
)
from billing.selectors.search import find_accounts
from frontend_map.page_access import page
from gis_core.access import Capability, holds
from gis_core.selectors.organisation import enterprises_visible_to

_SHOWN = 25
_STATES = ("open", "assigned", "returned")
_LONGEST_TEXT = 100


@page(Capability.VIEW_SUBSCRIBERS)
def suspense(request: HttpRequest) -> HttpResponse:
    """Money without an owner (`?state=&page=`); of one (`?item=`), with accounts found by a text (`q`)."""
    state = request.GET.get("state", "open")
    state = state if state in _STATES else "open"
    rows = suspense_visible_to(request.user).filter(state=state)
    item = _item(request)
    text = request.GET.get("q", "").replace("\x00", "").strip()[:_LONGEST_TEXT]
    found = find_accounts(request.user, text) if item is not None and text else []
    may_decide = holds(request.user, Capability.RUN_BILLING)
    context: dict[str, Any] = {
        "rows": Paginator(rows, _SHOWN).get_page(request.GET.get("page")),
        "state": state,
        "states": [("open", _("Undecided")), ("assigned", _("Assigned")), ("returned", _("Returned"))],
        "sums": suspense_sums(request.user),
        "item": item,
        "text": text,
        "found": [one.account for one in found if item and one.account.enterprise_id == item.enterprise_id],
        "reasons": {code: _(words) for code, words in REASONS.items()},
        "may_decide": may_decide,
        "enterprises": enterprises_visible_to(request.user) if may_decide else [],
        "settings": {
            "suspense": "/api/v1/suspense/",
            "files": "/api/v1/payment-files/",
            "texts": {
                "failed": _("Not done: {reason}"),
                "lost": _("No connection to the server. Try again."),
                "taken": _(
                    "{posted} posted, {duplicates} known already, {suspense} without an owner, "
                    "{settlements} from providers, {ignored} ignored; {amount} UZS posted."
                ),
                "tried": _("Only tried, nothing was stored."),
            },
        },
    }
    return render(request, "frontend_map/suspense.html", context)


def _item(request: HttpRequest) -> Any:
    try:
        uid = UUID(request.GET.get("item", ""))
    except ValueError:
        return None
    return suspense_visible_to(request.user).filter(uid=uid, state="open").first()


@page(Capability.VIEW_SUBSCRIBERS)
def reconciliation(request: HttpRequest) -> HttpResponse:
    """What differed between us and the providers: yesterday's first; and what these have of ours."""
    kinds = {
        "missing_here": _("Missing here"),
        "missing_there": _("Missing at the provider"),
        "different": _("Different"),
    }
    days = [
        {
            "row": row,
            "channel": _(CHANNEL_NAMES[row.channel]),
            "differences": [
                {
                    "kind": kinds[one["kind"]],
                    "reference": one["reference"],
                    "ours": _side(one, "ours", "missing_there"),
                    "theirs": _side(one, "theirs", "missing_here"),
                }
                for one in row.differences
            ],
        }
        for row in yesterday_first(request.user)
    ]
    clearing = [
        {**row, "channel": _(CHANNEL_NAMES[row["channel"]])} for row in clearing_by_channel(request.user)
    ]
    context = {
        "days": days,
        "clearing": clearing,
        "yesterday": timezone.localdate() - timedelta(days=1),
    }
    return render(request, "frontend_map/reconciliation.html", context)


def _side(one: dict[str, Any], name: str, kind: str) -> Any:
    """What a side says of a row: account and amount; nothing where it lacks the row."""
    if one["kind"] == "different":
        return one[name]
    return one if one["kind"] == kind else None
