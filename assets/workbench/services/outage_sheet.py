"""The printed sheet of an outage for the crew: where, which valves in which order, who is without water, when."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import shapely
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from assets.isolation.selectors.outages import subscribers_to_tell
from assets.models import Network, Node, Outage, Pipe
from assets.workbench.selectors.attributes import PIPE_CLASS
from assets.workbench.selectors.element_filters import ElementFilter
from assets.workbench.selectors.elements import all_elements
from assets.workbench.services.map_sheet import (
    MARGIN_MM,
    SheetRequest,
    sheet_content,
    state_of,
    typeset,
)
from assets.workbench.services.sheet_drawing import Box, SheetContent, SheetMark, SheetPlane, draw_sheet
from gis_core.access import Capability, Viewer, holds

# On paper; the whole list is a CSV.
MAXIMUM_LISTED = 400
_MAP_WIDTH_MM, _MAP_HEIGHT_MM = 190.0, 118.0
_MARGIN_DEGREES = 0.0006


def outage_sheet_pdf(outage: Outage, *, viewer: Viewer) -> bytes:
    """The sheet as PDF bytes, in the present language; people are listed for whoever may see subscribers.

    There is no map where none of its pipes is there any more.
    """
    network = outage.network
    pipes = _pipes(network, outage)
    valves = nearest_first(_valves(network, outage), _place_of_break(outage, pipes))
    now = timezone.localtime()
    return typeset(
        "outage_sheet.typ",
        {
            "language": translation.get_language() or "uz",
            "margin": MARGIN_MM,
            "title": _("Outage %(number)s") % {"number": outage.number},
            "reason": outage.reason,
            "network": f"{network.name} ({network.code})",
            "state": _(outage.get_state_display()),
            "drawing": _drawing(network, outage, pipes, valves) if pipes else None,
            "facts": _facts(outage),
            "valves": [_valve_row(number, valve) for number, valve in enumerate(valves, 1)],
            "people": _people(outage, viewer),
            "words": _words(),
            "printed": f"{now:%d.%m.%Y %H:%M}",
        },
        made_at=now,
    )


def _valves(network: Network, outage: Outage) -> list[dict[str, Any]]:
    """The valves to close, each with its row of its kind."""
    kinds = Node.objects.filter(pk__in=outage.valve_ids).values_list("kind", flat=True).distinct()
    found: dict[str, dict[str, Any]] = {}
    for kind in kinds.order_by("kind"):
        for row in all_elements(network, ElementFilter(kind, codes=outage.close)):
            found[row["code"]] = row
    return [found[code] for code in outage.close if code in found]


def nearest_first(valves: Sequence[dict[str, Any]], place: Any) -> list[dict[str, Any]]:
    """Valves in the order in which they are closed, as the map lists them: by their distance from the break.

    `place` is a point in degrees; without one the order stays.
    """
    if place is None:
        return list(valves)
    across = math.cos(math.radians(place.y))
    return sorted(
        valves, key=lambda valve: math.hypot((valve["lon"] - place.x) * across, valve["lat"] - place.y)
    )


def _place_of_break(outage: Outage, pipes: Sequence[Mapping[str, Any]]) -> Any:
    """Where the pipe is broken, a point in degrees; None where that pipe is there no more."""
    broken = next((row for row in pipes if row["uid"] == str(outage.pipe_uid)), None)
    if broken is None:
        return None
    line: Any = shapely.from_wkb(bytes(broken["wkb"]))
    return shapely.line_interpolate_point(line, outage.position, normalized=True)


def _pipes(network: Network, outage: Outage) -> list[dict[str, Any]]:
    uids = list(Pipe.objects.filter(pk__in=outage.pipe_ids, is_connector=False).values_list("uid", flat=True))
    return all_elements(network, ElementFilter(PIPE_CLASS, uids=uids))


def _box(pipes: Sequence[Mapping[str, Any]], valves: Sequence[Mapping[str, Any]]) -> Box:
    boxes = [row["bbox"] for row in (*pipes, *valves)]
    return (
        min(box[0] for box in boxes) - _MARGIN_DEGREES,
        min(box[1] for box in boxes) - _MARGIN_DEGREES,
        max(box[2] for box in boxes) + _MARGIN_DEGREES,
        max(box[3] for box in boxes) + _MARGIN_DEGREES,
    )


def _drawing(
    network: Network,
    outage: Outage,
    pipes: Sequence[Mapping[str, Any]],
    valves: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    plane = SheetPlane(_box(pipes, valves), _MAP_WIDTH_MM, _MAP_HEIGHT_MM)
    return draw_sheet(plane, _content(network, outage, plane, pipes, valves))


def _content(
    network: Network,
    outage: Outage,
    plane: SheetPlane,
    pipes: Sequence[Mapping[str, Any]],
    valves: Sequence[Mapping[str, Any]],
) -> SheetContent:
    asked = SheetRequest(
        plane.box(),
        "",
        groups=("pipes", "nodes", "buildings"),
        chosen=frozenset(row["uid"] for row in pipes),
    )
    content = sheet_content(network, plane, asked)
    codes = {valve["code"] for valve in valves}
    # On the crew's map only the valves that they close have names.
    content.marks = [replace(mark, label="") for mark in content.marks if mark.label not in codes]
    content.marks += [
        SheetMark(valve["lon"], valve["lat"], "valve", "#c92a2a", f"{number}. {valve['code']}", is_first=True)
        for number, valve in enumerate(valves, 1)
    ]
    place = _place_of_break(outage, pipes)
    if place is not None:
        content.marks.append(SheetMark(place.x, place.y, "break", label=outage.pipe_code, is_first=True))
    return content


def _facts(outage: Outage) -> list[list[str]]:
    return [
        [_("Starts"), _moment(outage.starts_at)],
        [_("Ends"), _moment(outage.ends_at)],
        [_("State"), _(outage.get_state_display())],
        [_("Pipe"), outage.pipe_code],
        [_("Length, m"), f"{outage.length_m:,.0f}".replace(",", " ")],
        [_("Volume, m³"), f"{outage.volume_m3:,.1f}".replace(",", " ")],
        [_("Subscribers without water"), str(outage.subscribers)],
        [_("Priority customers"), str(len(outage.priority))],
    ]


def _valve_row(number: int, valve: Mapping[str, Any]) -> dict[str, str]:
    words = {
        "broken": _("broken"),
        "inaccessible": _("not accessible"),
        "closed": _("closed"),
        "open": _("open"),
    }
    diameter = valve.get("diameter_mm")
    return {
        "number": str(number),
        "code": valve["code"],
        "state": words[state_of(valve)],
        "diameter": "" if diameter is None else f"{diameter:g}",
        "buried": _("buried") if valve.get("is_buried") else "",
        "place": f"{valve['lat']:.6f}, {valve['lon']:.6f}",
    }


def _people(outage: Outage, viewer: Viewer) -> dict[str, Any]:
    """Those who lose their water, priority customers first, then by address; none where the viewer may not see them."""
    if not holds(viewer, Capability.VIEW_SUBSCRIBERS):
        return {"is_shown": False, "rows": [], "left": ""}
    listed = subscribers_to_tell(outage, viewer=viewer, limit=MAXIMUM_LISTED + 1)
    left = outage.subscribers - MAXIMUM_LISTED if len(listed) > MAXIMUM_LISTED else 0
    return {
        "is_shown": True,
        "rows": [
            {name: str(row[name]) for name in ("address", "name", "phone", "account")}
            | {"is_priority": bool(row["is_priority"])}
            for row in listed[:MAXIMUM_LISTED]
        ],
        "left": _("and %(number)s more") % {"number": left} if left > 0 else "",
    }


def _words() -> dict[str, str]:
    return {
        "sheet": _("Sheet of an outage"),
        "valves": _("Valves to close, in this order"),
        "code": _("Code"),
        "state": _("State"),
        "diameter": _("Diameter, mm"),
        "place": _("Latitude, longitude"),
        "turned": _("Closed at"),
        "opened": _("Opened at"),
        "people": _("Without water, priority customers first"),
        "address": _("Address"),
        "name": _("Name"),
        "phone": _("Phone"),
        "account": _("Account"),
        "hidden": _("Names are printed for those who may see subscribers."),
        "none": _("None is known."),
        "priority": _("priority"),
        "done": _("Done by"),
        "signature": _("Signature"),
    }


def _moment(at: Any) -> str:
    return f"{timezone.localtime(at):%d.%m.%Y %H:%M}"
