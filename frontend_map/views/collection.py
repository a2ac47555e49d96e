"""What was billed and what came in: twelve months of a place, and its parts from the worst payers on."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from billing.ledger.selectors.collection import (
    Collected,
    CollectionByPlace,
    collection_by_month,
    collection_by_place,
)
from billing.ledger.selectors.debts import debt_summary
from billing.ledger.selectors.places import LEVELS, asked_place
from frontend_map.loss_texts import place_words
from frontend_map.page_access import page
from gis_core.access import Capability

_INSIDE = dict(pairwise(LEVELS))


@dataclass(frozen=True)
class ShownMonth:
    """A month of the trend; the bars are percent of the largest amount shown."""

    row: Collected
    address: str
    billed_percent: int
    paid_percent: int
    is_shown: bool


@page(Capability.VIEW_SUBSCRIBERS)
def collection(request: HttpRequest) -> HttpResponse:
    """The month chosen (`?month=&level=&parent=`), the trend up to the newest, and the parts of the place."""
    asked = _AskedCollection(request)
    found = asked.found
    trend = _since_the_first(collection_by_month(request.user, last_month=asked.newest, parent=asked.parent))
    shown = next((row for row in trend if row.month == asked.month), None)
    if shown is None:
        [shown] = collection_by_month(request.user, last_month=asked.month, months=1, parent=asked.parent)
    words = place_words()
    context = {
        "shown": shown,
        "trend": _bars(asked, trend),
        "overdue": debt_summary(
            request.user, level="republic", as_of=timezone.localdate(), parent=asked.parent
        ).total.overdue,
        "rows": [(row, asked.inside(row), asked.debts(row)) for row in found.rows],
        "units": found.units,
        "is_cut": found.is_cut,
        "level": asked.level,
        "level_name": words[asked.level],
        "levels": list(words.items()),
        "parent": asked.parent,
        "crumbs": [
            {**crumb, "address": asked.address(level=crumb["level"], parent=crumb["key"])}
            for crumb in asked_place(request.user, asked.parent).crumbs
        ],
        "top": asked.address(level=LEVELS[1], parent=None),
        "debts_address": f"{reverse('debts')}?{urlencode({'parent': asked.parent} if asked.parent else {})}",
    }
    return render(request, "frontend_map/collection.html", context)


class _AskedCollection:
    """What the address asks for. `newest` is the month before this one, the newest that has ended."""

    def __init__(self, request: HttpRequest) -> None:
        this_month = timezone.localdate().replace(day=1)
        self.newest = (this_month - timedelta(days=1)).replace(day=1)
        self.month = min(_month(request.GET.get("month", "")) or self.newest, this_month)
        self.parent = request.GET.get("parent", "").replace("\x00", "") or None
        level = request.GET.get("level", "")
        if level and level not in LEVELS:
            raise Http404
        self.level, self.found = self._first_level(request, [level] if level else self._levels_below(request))

    def _levels_below(self, request: HttpRequest) -> list[str]:
        place = asked_place(request.user, self.parent)
        return list(LEVELS[LEVELS.index(place.crumbs[-1]["level"]) if place.crumbs else 1 :])

    def _first_level(self, request: HttpRequest, levels: list[str]) -> tuple[str, CollectionByPlace]:
        """The first level that has several parts, else the last: one line all the way down says nothing."""
        for name in levels:
            found = collection_by_place(request.user, level=name, month=self.month, parent=self.parent)
            if found.units > 1:
                break
        return name, found

    def address(self, **changes: str | None) -> str:
        query = {"level": self.level, "parent": self.parent, "month": f"{self.month:%Y-%m}", **changes}
        return f"{reverse('collection')}?{urlencode({name: value for name, value in query.items() if value})}"

    def inside(self, row: Collected) -> str:
        if self.level == "account":
            return reverse("account", args=[row.key])
        return self.address(level=_INSIDE[self.level], parent=row.key)

    def debts(self, row: Collected) -> str:
        if self.level == "account":
            return f"{reverse('account', args=[row.key])}#statement"
        return f"{reverse('debts')}?{urlencode({'level': _INSIDE[self.level], 'parent': row.key})}"


def _month(text: str) -> date | None:
    try:
        return date.fromisoformat(f"{text}-01")
    except ValueError:
        return None


def _since_the_first(trend: list[Collected]) -> list[Collected]:
    """The months from the first on in which anything was billed or paid; the last one in any case."""
    begun = next((place for place, row in enumerate(trend) if row.billed or row.paid), len(trend) - 1)
    return trend[begun:]


def _bars(asked: _AskedCollection, trend: list[Collected]) -> list[ShownMonth]:
    largest: Any = max((max(row.billed, row.paid) for row in trend), default=Decimal(0)) or Decimal(1)
    return [
        ShownMonth(
            row,
            asked.address(month=f"{row.month:%Y-%m}"),
            max(0, round(100 * row.billed / largest)),
            max(0, round(100 * row.paid / largest)),
            row.month == asked.month,
        )
        for row in trend
    ]
