"""Buildings' meters: what one showed in a month, and how its flats share it."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from billing.pricing.selectors.registered_buildings import price_building
from billing.selectors.group_meters import accounts_of_flats, visible_group_meters
from frontend_map.page_access import page
from frontend_map.work_lists import reason_in_words
from gis_core.access import Capability

_SHOWN = 50


@dataclass(frozen=True)
class ShownFlat:
    """A flat's part: its own figure or its share, one of them; `weight` is of those that share."""

    number: str
    account_uid: UUID | None
    weight: str
    metered: Decimal | None
    share: Decimal | None


@page(Capability.VIEW_SUBSCRIBERS)
def group_meters(request: HttpRequest) -> HttpResponse:
    """The buildings of the viewer's divisions (`?page=`), and one of them in a month (`?building=&month=`)."""
    rows = visible_group_meters(request.user)
    listed = Paginator(rows, _SHOWN).get_page(request.GET.get("page"))
    month = _month(request)
    context: dict[str, Any] = {"listed": listed, "month": month}
    if "building" in request.GET:
        building = rows.filter(uid=_uid(request)).first()
        if building is None:
            raise Http404("no such building")
        shown = _shares(price_building(building, month), accounts_of_flats(building))
        context |= {"building": building, **shown}
    return render(request, "frontend_map/group_meters.html", context)


def _uid(request: HttpRequest) -> UUID:
    try:
        return UUID(request.GET["building"])
    except ValueError:
        raise Http404("no such building") from None


def _month(request: HttpRequest) -> date:
    text = request.GET.get("month", "")
    try:
        return date.fromisoformat(f"{text}-01") if text else timezone.localdate().replace(day=1)
    except ValueError:
        raise Http404("no month") from None


def _shares(priced: dict[str, Any], accounts: dict[str, UUID]) -> dict[str, Any]:
    answer = priced["cases"][0]
    documents = priced["document"]["cases"]
    said = documents[0]["building"] if documents else {"quantity": None, "flats": []}
    shares = {entry["flat"]: Decimal(entry["quantity"]) for entry in answer["shares"]}
    flats = [
        ShownFlat(
            flat["flat"],
            accounts.get(flat["flat"]),
            flat.get("residents") or flat.get("area_m2") or "",
            None if flat["metered"] is None else Decimal(flat["metered"]),
            shares.get(flat["flat"]) if flat["metered"] is None else None,
        )
        for flat in said["flats"]
    ]
    return {
        "quantity": said["quantity"] and Decimal(said["quantity"]),
        "remainder": answer["remainder"] and Decimal(answer["remainder"]),
        "own": sum((flat.metered for flat in flats if flat.metered is not None), Decimal(0)),
        "flats": flats,
        "reasons": [reason_in_words(found["reason"]) for found in answer["exceptions"]],
    }
