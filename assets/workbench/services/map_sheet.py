"""What is seen of the map, on paper: a PDF with title, legend, scale, north, date and who printed it.

The data go to the Typst form as JSON, so no name is ever read as markup.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import shapely
from django.contrib.gis.geos import Polygon as GeosBox
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from assets.models import Building, MaterialLife, Network, Parcel, Zone, rules_of
from assets.workbench.selectors.attributes import NODE_CLASS, PIPE_CLASS
from assets.workbench.selectors.element_filters import ElementFilter
from assets.workbench.selectors.elements import all_elements, count_elements
from assets.workbench.services.sheet_drawing import (
    PLAIN_JUNCTION,
    Box,
    Colouring,
    SheetContent,
    SheetLine,
    SheetMark,
    SheetPlane,
    draw_sheet,
    width_of,
)
from gis_core.errors import ReportedError
from gis_core.models import User
from gis_core.typst_pdf import pdf_of

# Width and height of a sheet upright, millimetres.
PAPERS = {"A4": (210.0, 297.0), "A3": (297.0, 420.0)}
ORIENTATIONS = ("landscape", "portrait")
GROUPS = ("pipes", "nodes", "zones", "buildings", "parcels")
# More elements than that are no map on one sheet.
MAXIMUM_DRAWN = 15_000
_MAXIMUM_GROUNDS = 3000
_LABELLED_PIPES = 400
MARGIN_MM = 10.0
TITLE_MM, FOOT_MM = 13.0, 22.0
_SHUT = {"closed": "#c92a2a", "broken": "#f08c00", "inaccessible": "#868e96", "open": "#ffffff"}
FORMS = Path(__file__).parent


@dataclass(frozen=True)
class SheetRequest:
    """What is printed: a box (degrees), title, paper, layers, colours, the legend, uids of what is chosen."""

    box: Box
    title: str
    paper: str = "A4"
    orientation: str = "landscape"
    groups: Sequence[str] = ("pipes", "nodes", "zones", "buildings")
    colouring: Colouring = field(default_factory=Colouring)
    legend: Sequence[Mapping[str, str]] = ()
    chosen: frozenset[str] = frozenset()
    # Values by uid, for colours by what is no attribute of a pipe: a simulation's, or breaks.
    pipe_values: Mapping[str, float | None] | None = None
    # Of junctions, which have no colours of their own.
    node_colouring: Colouring = field(default_factory=Colouring)
    node_values: Mapping[str, float | None] | None = None


def map_sheet_pdf(network: Network, asked: SheetRequest, *, printed_by: User) -> bytes:
    """The sheet as PDF bytes, in the present language; raises ReportedError for more than a sheet can show."""
    width, height = PAPERS[asked.paper]
    if asked.orientation == "landscape":
        width, height = height, width
    plane = SheetPlane(asked.box, width - 2 * MARGIN_MM, height - 2 * MARGIN_MM - TITLE_MM - FOOT_MM)
    content = sheet_content(network, plane, asked)
    now = timezone.localtime()
    data = {
        "language": translation.get_language() or "uz",
        "paper": {"width": width, "height": height, "margin": MARGIN_MM},
        "title": asked.title or network.name,
        "network": f"{network.name} ({network.code})",
        "drawing": draw_sheet(plane, content),
        "legend": [*asked.legend, *_own_legend(content)],
        "facts": [
            [_("Scale"), f"1 : {plane.scale:,.0f}".replace(",", " ")],
            [_("Date"), f"{now:%d.%m.%Y %H:%M}"],
            [_("Printed by"), printed_by.get_full_name() or printed_by.username],
        ],
        "words": {"legend": _("Legend"), "selection": _("chosen")},
        "has_selection": bool(asked.chosen),
    }
    return typeset("map_sheet.typ", data, made_at=now)


def typeset(form: str, data: Mapping[str, Any], *, made_at: datetime) -> bytes:
    """A document of one of our forms."""
    return pdf_of(FORMS / form, data, made_at=made_at)


def sheet_content(network: Network, plane: SheetPlane, asked: SheetRequest) -> SheetContent:
    """What lies in the frame; raises ReportedError (too_large) for more than MAXIMUM_DRAWN pipes or nodes."""
    content = SheetContent()
    box = plane.box()
    if "parcels" in asked.groups:
        content.grounds += _grounds(Parcel, "parcel", network, box)
    if "buildings" in asked.groups:
        content.grounds += _grounds(Building, "building", network, box)
    if "zones" in asked.groups:
        zones = Zone.objects.filter(network=network, geom__bboverlaps=GeosBox.from_bbox(box))
        content.zones = [(zone.name, shapely.from_wkb(bytes(zone.geom.wkb))) for zone in zones if zone.geom]
    if "pipes" in asked.groups:
        content.lines = _lines(_within(network, PIPE_CLASS, box), asked)
    if "nodes" in asked.groups:
        content.marks = _marks(network, _within(network, NODE_CLASS, box), box, asked)
    return content


def _within(network: Network, element_class: str, box: Box) -> list[dict[str, Any]]:
    asked = ElementFilter(element_class, bbox=box)
    if count_elements(network, asked, at_most=MAXIMUM_DRAWN + 1) > MAXIMUM_DRAWN:
        raise ReportedError(
            _("There is more here than a sheet can show. Zoom in, or hide a layer."), code="too_large"
        )
    return all_elements(network, asked)


def _grounds(model: Any, style: str, network: Network, box: Box) -> list[tuple[str, Any]]:
    rows = (
        model._default_manager.filter(geom__bboverlaps=GeosBox.from_bbox(box))
        .filter(division__path__startswith=network.division.path)
        .order_by("pk")
        .values_list("geom", flat=True)[:_MAXIMUM_GROUNDS]
    )
    return [(style, shapely.from_wkb(bytes(geom.wkb))) for geom in rows]


def _lines(rows: Sequence[Mapping[str, Any]], asked: SheetRequest) -> list[SheetLine]:
    codes = _material_codes() if asked.colouring.attribute == "material" else {}
    values = asked.pipe_values
    are_labelled = len(rows) <= _LABELLED_PIPES
    lines = []
    for row in rows:
        value = row.get(asked.colouring.attribute) if values is None else values.get(row["uid"])
        diameter = row.get("diameter_mm")
        label = row["code"] if diameter is None else f"{row['code']} · {diameter:g}"
        lines.append(
            SheetLine(
                shapely.from_wkb(bytes(row["wkb"])),
                asked.colouring.of(codes.get(str(value).strip().lower(), value)),
                width_of(diameter),
                label if are_labelled else "",
                row["uid"] in asked.chosen,
                is_dashed=row["lifecycle"] != "in_service",
            )
        )
    return lines


def _material_codes() -> dict[str, str]:
    return {word: life.code for life in MaterialLife.objects.all() for word in life.names}


def _marks(
    network: Network, rows: Sequence[Mapping[str, Any]], box: Box, asked: SheetRequest
) -> list[SheetMark]:
    states = states_of_shutters(network, box)
    return [
        SheetMark(
            row["lon"],
            row["lat"],
            shape_of(network, row["kind"]),
            _fill_of_mark(network, row, states.get(row["uid"]), asked),
            row["code"] if row["kind"] not in ("junction", "pole", "manhole") else "",
            row["uid"] in asked.chosen,
        )
        for row in rows
    ]


def _fill_of_mark(network: Network, row: Mapping[str, Any], state: str | None, asked: SheetRequest) -> str:
    if asked.node_values is not None and shape_of(network, row["kind"]) == "junction":
        return asked.node_colouring.of(asked.node_values.get(row["uid"]))
    return fill_of(network, row["kind"], state)


def states_of_shutters(network: Network, box: Box) -> dict[str, str]:
    """Of valves and switches by uid: the first that holds of broken, inaccessible, closed and open."""
    found = {}
    for kind in ("valve", "regulator", "switch", "feeder_head"):
        if kind in rules_of(network.commodity).kinds:
            for row in all_elements(network, ElementFilter(kind, bbox=box)):
                found[row["uid"]] = state_of(row)
    return found


def state_of(row: Mapping[str, Any]) -> str:
    """The state of a valve or switch from its row."""
    if row.get("is_broken"):
        return "broken"
    if row.get("is_accessible") is False:
        return "inaccessible"
    return "closed" if row.get("status") == "closed" else "open"


def shape_of(network: Network, kind: str) -> str:
    """The shape of a kind's mark."""
    if kind in ("junction", "pole", "manhole"):
        return "junction"
    if kind in ("valve", "regulator", "switch", "feeder_head"):
        return "valve"
    return "source" if kind in rules_of(network.commodity).supply_kinds else "device"


def fill_of(network: Network, kind: str, state: str | None) -> str:
    """The colour of a mark."""
    if state is not None:
        return _SHUT[state]
    return {"junction": PLAIN_JUNCTION, "source": "#1864ab"}.get(shape_of(network, kind), "#7048a8")


def _own_legend(content: SheetContent) -> list[dict[str, str]]:
    """What the marks mean, as far as they are there."""
    fills = {(mark.shape, mark.fill) for mark in content.marks}
    words = {
        "open": _("valve, open"),
        "closed": _("valve, closed"),
        "broken": _("valve, broken"),
        "inaccessible": _("valve, not accessible"),
    }
    entries = [
        {"label": words[state], "colour": colour, "shape": "valve"}
        for state, colour in _SHUT.items()
        if ("valve", colour) in fills
    ]
    shapes = {shape for shape, _fill in fills}
    for shape, colour, label in (
        ("source", "#1864ab", _("source or store")),
        ("device", "#7048a8", _("other device or station")),
    ):
        if shape in shapes:
            entries.append({"label": label, "colour": colour, "shape": shape})
    if any(line.is_dashed for line in content.lines):
        entries.append({"label": _("not in service"), "colour": "#12608f", "shape": "dashes"})
    if content.zones:
        entries.append({"label": _("edge of a zone"), "colour": "#7048a8", "shape": "dashes"})
    return entries
