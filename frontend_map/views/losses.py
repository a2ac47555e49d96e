"""The losses of the country, and from there down to single zones; and the board of leak events."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from balances.models import LEAK_EVENT_MOVES
from balances.selectors.leak_events import assignable_users, leak_events_visible_to
from balances.selectors.loss_summary import BASES, LEVELS, LossRow, LossSummary, loss_summary, trend_of
from frontend_map.loss_texts import board_texts, event_state_words, level_words, map_loss_texts
from frontend_map.page_access import page
from gis_core.access import Capability, holds

_MONTH = re.compile(r"(\d{4})-(0[1-9]|1[0-2])(-01)?")
_INSIDE = {"republic": "region", "region": "district", "district": "network", "network": "zone"}
_SPARK_WIDTH, _SPARK_HEIGHT = 96, 26
MOST_EVENTS = 300


@dataclass(frozen=True)
class ShownRow:
    """A line of the table: its figures on the basis, where it leads, and its trend as a line.

    Volumes are whole cubic metres, what they differ by is taken from them, and totals add them: a reader can add up
    what is shown, here and on the home page.
    """

    row: LossRow
    rank: int | None
    share: float | None
    supply_m3: Decimal | None
    imbalance_m3: Decimal | None
    other_imbalance_m3: Decimal | None
    other_share: float | None
    address: str
    spark: str


@page(Capability.VIEW_BALANCES)
def losses(request: HttpRequest) -> HttpResponse:
    """Imbalance of a month (`?level=&parent=&month=&basis=`); without a level the first that has several rows."""
    basis = request.GET.get("basis", "apportioned")
    basis = basis if basis in BASES else "apportioned"
    summary = _summary(request, basis)
    shown = _shown_rows(summary)
    position = summary.months.index(summary.month) if summary.month in summary.months else -1
    context = {
        "summary": summary,
        "rows": shown,
        "total": _total(summary, shown),
        "basis": basis,
        "levels": [(name, words) for name, words in level_words().items()],
        "level_name": level_words()[summary.level],
        "crumbs": [
            {**crumb, "address": _address(summary, level=crumb["level"], parent=crumb["code"])}
            for crumb in summary.crumbs
        ],
        "earlier": summary.months[position - 1] if position > 0 else None,
        "later": summary.months[position + 1] if 0 <= position < len(summary.months) - 1 else None,
        "has_map": any(row.geometry for row in summary.rows),
        "settings": _map_settings(summary, shown),
        "texts": map_loss_texts(),
        "export_query": _export_query(summary),
    }
    return render(request, "frontend_map/losses.html", context)


def _summary(request: HttpRequest, basis: str) -> LossSummary:
    level, parent = request.GET.get("level", ""), request.GET.get("parent", "").replace("\x00", "") or None
    found = _MONTH.fullmatch(request.GET.get("month", ""))
    month = date(int(found[1]), int(found[2]), 1) if found and found[1] != "0000" else None

    def read(level: str, parent: str | None) -> LossSummary:
        return loss_summary(
            request.user, level=level, parent=parent, month=month, basis=basis, with_geometry=True
        )

    if level in LEVELS:
        return read(level, parent)
    if level:
        raise Http404
    # Who sees one district only would look at one line all the way down.
    for name in LEVELS[1:-1]:
        summary = read(name, parent)
        if sum(row.zones is not None for row in summary.rows) > 1:
            return summary
    networks = [row.code for row in summary.rows if row.zones]
    return read("zone", networks[0] if len(networks) == 1 else parent)


def _address(summary: LossSummary, **changes: str | None) -> str:
    query = {
        "level": summary.level,
        "parent": summary.parent,
        "month": f"{summary.month:%Y-%m}" if summary.month else None,
        "basis": summary.basis,
        **changes,
    }
    return f"{reverse('losses')}?{urlencode({name: value for name, value in query.items() if value})}"


def _export_query(summary: LossSummary) -> str:
    return _address(summary).partition("?")[2]


def _shown_rows(summary: LossSummary) -> list[ShownRow]:
    other = "billed" if summary.basis == "apportioned" else "apportioned"

    def worth(row: LossRow) -> tuple[bool, bool, float, str]:
        share = row.share(summary.basis)
        return (not row.is_outline, share is None, -(share or 0.0), row.code)

    shown, rank = [], 0
    for row in sorted(summary.rows, key=worth):
        share = row.share(summary.basis)
        is_ranked = share is not None and not row.is_outline
        rank += is_ranked
        shown.append(
            ShownRow(
                row=row,
                rank=rank if is_ranked else None,
                share=share,
                supply_m3=_whole(row.supply_m3),
                imbalance_m3=_whole_imbalance(row, summary.basis),
                other_imbalance_m3=_whole_imbalance(row, other),
                other_share=row.share(other),
                address=_inside(summary, row),
                spark=spark_points([entry["share"] for entry in trend_of(row, summary.basis)]),
            )
        )
    return shown


def _whole(volume: Decimal | None) -> Decimal | None:
    return None if volume is None else volume.quantize(Decimal(1), ROUND_HALF_UP)


def _whole_imbalance(row: LossRow, basis: str) -> Decimal | None:
    supply, used = _whole(row.supply_m3), _whole(row.billed_m3 if basis == "billed" else row.apportioned_m3)
    if supply is None or used is None:
        return None
    return supply - used - (_whole(row.unbilled_m3) or Decimal(0))


def _inside(summary: LossSummary, row: LossRow) -> str:
    if summary.level == "zone":
        return reverse("zone", args=[row.uid])
    return _address(summary, level=_INSIDE[summary.level], parent=row.code)


def spark_points(values: list[float | None]) -> str:
    """Points of a polyline through the known values, in a box of 96 by 26; empty for fewer than two."""
    known = [(position, value) for position, value in enumerate(values) if value is not None]
    if len(known) < 2:
        return ""
    low, high = min(value for _at, value in known), max(value for _at, value in known)
    span, last = (high - low) or 1.0, len(values) - 1
    return " ".join(
        f"{2 + position / last * (_SPARK_WIDTH - 4):.1f},"
        f"{_SPARK_HEIGHT - 3 - (value - low) / span * (_SPARK_HEIGHT - 6):.1f}"
        for position, value in known
    )


def _total(summary: LossSummary, shown: list[ShownRow]) -> dict[str, Any]:
    total = summary.total
    counted = [line for line in shown if not line.row.is_outline and line.row.status == "sufficient"]

    def add(volumes: Iterable[Decimal | None]) -> Decimal | None:
        return sum((volume or Decimal(0) for volume in volumes), Decimal(0)) if counted else None

    supply = add(line.supply_m3 for line in counted)
    imbalance = add(line.imbalance_m3 for line in counted)
    beside = add(line.other_imbalance_m3 for line in counted)

    def share(volume: Decimal | None) -> Decimal | None:
        return volume / supply if supply and volume is not None else None

    return {
        **total,
        "supply_m3": supply,
        "imbalance_m3": imbalance,
        "left_out": total["zones"] - total["sufficient_zones"],
        "share": share(imbalance),
        "limit_share": share(total["limit_95_m3"]),
        "beside_share": share(beside),
        "beside_m3": beside,
    }


def _map_settings(summary: LossSummary, shown: list[ShownRow]) -> dict[str, Any]:
    def text(value: Any) -> str | None:
        return None if value is None else str(value)

    return {
        "basis": summary.basis,
        "rows": [
            {
                "key": f"{line.row.network or ''}:{line.row.code}",
                "name": line.row.name,
                "address": line.address,
                "isOutline": line.row.is_outline,
                "status": line.row.status,
                "supply_m3": text(line.row.supply_m3),
                "imbalance_billed_m3": text(line.row.imbalance_billed_m3),
                "imbalance_apportioned_m3": text(line.row.imbalance_apportioned_m3),
                "limit_95_m3": text(line.row.limit_95_m3),
                "geometry": line.row.geometry,
            }
            for line in shown
        ],
    }


@page(Capability.VIEW_BALANCES)
def leak_events(request: HttpRequest) -> HttpResponse:
    """The board of leak events, a column a state (`?network=`); at most 300 events, the newest first."""
    events = leak_events_visible_to(request.user).order_by("-detected_at", "-id")
    code = request.GET.get("network", "").replace("\x00", "")
    if code:
        events = events.filter(network__code=code)
    found = list(events[:MOST_EVENTS])
    may_handle = holds(request.user, Capability.HANDLE_LEAK_EVENTS)
    columns = [
        {"state": state, "name": words, "events": [event for event in found if event.state == state]}
        for state, words in event_state_words().items()
    ]
    context = {
        "columns": columns,
        "count": len(found),
        "is_cut": len(found) == MOST_EVENTS,
        "network": code,
        "may_handle": may_handle,
        "settings": {
            "api": "/api/v1/leak-events/",
            "mayHandle": may_handle,
            "moves": {str(state): list(targets) for state, targets in LEAK_EVENT_MOVES.items()},
            "people": [user.username for user in assignable_users(request.user)] if may_handle else [],
            "user": request.user.get_username(),
        },
        "texts": board_texts(),
    }
    return render(request, "frontend_map/leak_events.html", context)
