"""What subscribers owe, by the levels of the country down to the account."""

from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from billing.ledger.selectors.debts import Debts, DebtSummary, debt_summary
from billing.ledger.selectors.places import LEVELS
from frontend_map.loss_texts import place_words
from frontend_map.page_access import page
from gis_core.access import Capability

_INSIDE = dict(pairwise(LEVELS))


@dataclass(frozen=True)
class ShownDebts:
    """A line of the table: its figures, and where it leads."""

    debts: Debts
    address: str


@page(Capability.VIEW_SUBSCRIBERS)
def debts(request: HttpRequest) -> HttpResponse:
    """Debts on a day (`?level=&parent=&as_of=`); without a level the first that has several rows."""
    as_of = _day(request.GET.get("as_of", ""))
    summary = _summary(request, as_of)
    rows = [ShownDebts(row, _inside(summary, row)) for row in summary.rows]
    context = {
        "summary": summary,
        "rows": rows,
        "today": timezone.localdate(),
        "levels": list(place_words().items()),
        "level_name": place_words()[summary.level],
        "crumbs": [
            {**crumb, "address": _address(summary, level=crumb["level"], parent=crumb["key"])}
            for crumb in summary.crumbs
        ],
        "top": _address(summary, level="republic", parent=None),
        "export_query": _address(summary).partition("?")[2],
    }
    return render(request, "frontend_map/debts.html", context)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return timezone.localdate()


def _summary(request: HttpRequest, as_of: date) -> DebtSummary:
    level = request.GET.get("level", "")
    parent = request.GET.get("parent", "").replace("\x00", "") or None
    if level and level not in LEVELS:
        raise Http404
    if level:
        return debt_summary(request.user, level=level, parent=parent, as_of=as_of)
    # Who sees one district only would look at one line all the way down.
    for name in LEVELS[1:-1]:
        summary = debt_summary(request.user, level=name, parent=parent, as_of=as_of)
        if len(summary.rows) > 1:
            return summary
    return debt_summary(request.user, level="account", parent=parent, as_of=as_of)


def _address(summary: DebtSummary, **changes: str | None) -> str:
    query = {"level": summary.level, "parent": summary.parent, "as_of": summary.as_of.isoformat(), **changes}
    return f"{reverse('debts')}?{urlencode({name: value for name, value in query.items() if value})}"


def _inside(summary: DebtSummary, row: Debts) -> str:
    if summary.level == "account":
        return reverse("account", args=[row.key])
    changes: dict[str, Any] = {"level": _INSIDE[summary.level], "parent": row.key}
    return _address(summary, **changes)
