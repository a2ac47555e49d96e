"""The route sheet as a PDF. The data go to route_sheet.typ as JSON, so no name is ever read as markup."""

from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from django.utils import timezone, translation
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from assets.models import LineDetail, Network, Node, NodeKind, Parcel, Pipe
from assets.route_sheets.services.drawing import Mark, Plane, RouteDrawing, draw
from assets.route_sheets.services.route import PipeRoute, RouteStep
from assets.route_sheets.services.surroundings import (
    Alignment,
    context_pipes,
    crossings,
    grounds,
    survey_points,
)
from gis_core.qr_codes import qr_svg
from gis_core.typst_pdf import pdf_of

LANGUAGES = ("uz", "ru", "en")
DASH = "–"
_TEMPLATE = Path(__file__).parent / "route_sheet.typ"


def route_sheet_pdf(
    route: PipeRoute, *, language: str = "uz", base_address: str = "", printed_on: date | None = None
) -> bytes:
    """The sheet of a route as PDF bytes, in Uzbek, Russian or English.

    The QR code leads to the first node: on the map at `base_address`, or without one to its place on earth.
    Lengths and chainages are metres (the stated lengths where stated), diameters millimetres.
    """
    day = printed_on or timezone.localdate()
    with translation.override(language):
        data = sheet_data(route, language=language, base_address=base_address, printed_on=day)
    return pdf_of(_TEMPLATE, data, made_at=datetime.combine(day, time(), UTC))


def sheet_data(route: PipeRoute, *, language: str, base_address: str, printed_on: date) -> dict[str, Any]:
    """All that the sheet shows, as texts ready to print, in the active language."""
    plane = Plane([position for step in route.steps for position in step.positions])
    alignment = Alignment(route, plane)
    near = survey_points(route, alignment)
    marks = _marks(route) + [Mark((item.point.geom.x, item.point.geom.y), "survey") for item in near]
    drawing = draw(
        plane,
        route=[step.positions for step in route.steps],
        context=context_pipes(route, plane),
        grounds=grounds(route, plane),
        marks=marks,
    )
    nodes = _nodes_shown(route)
    detailed = _with_details(nodes)
    return {
        "language": language,
        "words": {**_words(has_map=bool(base_address)), **_words_of_lines(route)},
        "facts": _facts(route, printed_on),
        "title": f"{_shown_code(route.nodes[0])} → {_shown_code(route.nodes[-1])}",
        "network": f"{route.network.name} ({route.network.code})",
        "drawing": _drawing_data(drawing),
        "segments": _segments(route),
        "devices": [_device(detailed[node.pk], chainage) for node, chainage in nodes if _is_device(node)],
        "crossings": [
            {
                "from": _number(item.from_m, 1),
                "to": _number(item.to_m, 1),
                "number": item.cadastral_number,
                "use": str(_(Parcel.LandUse(item.land_use).label)),
                "street": item.street or DASH,
            }
            for item in crossings(route, plane, alignment)
        ],
        "points": [
            {
                "code": item.point.code,
                "chainage": _number(item.chainage_m, 1),
                "offset": _number(item.offset_m, 2),
                "class": item.point.accuracy_class,
                "accuracy": _number(item.point.horizontal_accuracy_m, 3),
                "elevation": _number(item.point.elevation_m, 2),
                "surveyed_on": _day(item.point.surveyed_on),
            }
            for item in near
        ],
        "nodes": [
            {
                "code": _shown_code(node),
                "kind": _kind(node),
                "chainage": _number(chainage, 1),
                "latitude": f"{node.geom.y:.7f}",
                "longitude": f"{node.geom.x:.7f}",
                "elevation": _number(node.elevation_m, 2),
            }
            for node, chainage in nodes
        ],
        "qr_svg": qr_svg(_link(route.nodes[0], route, base_address), colour="#0b3a57"),
    }


def _words(*, has_map: bool) -> dict[str, str]:
    """The sheet's own words in the active language."""
    return {
        "sheet": _("Route sheet of a pipeline"),
        "map": _("Plan of the route"),
        "segments": _("Segments"),
        "devices": _("Devices on the route"),
        "crossings": _("Land crossed"),
        "points": _("Survey points within 10 m"),
        "nodes": _("Coordinates of the nodes (WGS 84)"),
        "from": _("From"),
        "to": _("To"),
        "pipe": _("Pipe"),
        "length": _("Length, m"),
        "chainage": _("Chainage, m"),
        "diameter": _("Diameter, mm"),
        "material": _("Material"),
        "year": _("Year"),
        "lifecycle": _("State"),
        "kind": _("Kind"),
        "code": _("Code"),
        "details": _("Details"),
        "cadastral_number": _("Cadastral number"),
        "land_use": _("Land use"),
        "street": _("Street"),
        "offset": _("Offset, m"),
        "class": _("Class"),
        "accuracy": _("Accuracy, m"),
        "elevation": _("Elevation, m"),
        "surveyed_on": _("Surveyed"),
        "latitude": _("Latitude"),
        "longitude": _("Longitude"),
        "none": _("None is known."),
        "total": _("Total"),
        "qr": _("The QR code leads to the first node on the map.")
        if has_map
        else _("The QR code names the place of the first node."),
        "legend_valve": _("valve"),
        "legend_device": _("other device"),
        "legend_survey": _("survey point"),
        "legend_other": _("other pipes"),
        "legend_route": _("route"),
        "signed": _("Drawn up by"),
        "received": _("Received by"),
    }


def _words_of_lines(route: PipeRoute) -> dict[str, str]:
    """Lines of electricity have a voltage and a conductor where pipes have a diameter and a material."""
    if not _is_electric(route):
        return {}
    return {"diameter": _("Voltage, kV"), "material": _("Conductor"), "legend_valve": _("switch")}


def _is_electric(route: PipeRoute) -> bool:
    return route.network.commodity == Network.Commodity.ELECTRICITY


def _facts(route: PipeRoute, printed_on: date) -> list[list[str]]:
    diameters: list[float] = sorted(
        {round(pipe.diameter_m * 1000) for pipe in route.pipes if pipe.diameter_m}
    )
    name = _("Diameters, mm")
    if _is_electric(route):
        name = _("Voltages, kV")
        diameters = sorted(
            {line.voltage_kv for pipe in route.pipes if (line := _line(pipe)) and line.voltage_kv}
        )
    shown = ", ".join(f"{value:g}" for value in diameters[:6]) + (" …" if len(diameters) > 6 else "")
    return [
        [_("Network"), f"{route.network.name} ({route.network.code})"],
        [_("Division"), route.network.division.name],
        [_("Date"), _day(printed_on)],
        [_("Length, m"), _number(route.length_m, 1)],
        [_("Pipes"), str(len(route.pipes))],
        [name, shown or DASH],
    ]


def _drawing_data(drawing: RouteDrawing) -> dict[str, Any]:
    return {
        "svg": drawing.svg,
        "height": drawing.height_mm,
        "scale": f"{drawing.scale_m:g} m",
        "scale_mm": drawing.scale_mm,
        "labels": [{"x": label.x_mm, "y": label.y_mm, "text": label.text} for label in drawing.labels],
    }


def _segments(route: PipeRoute) -> list[dict[str, str]]:
    return [
        _segment(step, chainage)
        for step, chainage in zip(route.steps, route.chainages_m, strict=False)
        if not step.pipe.is_connector
    ]


def _segment(step: RouteStep, chainage: float) -> dict[str, str]:
    pipe = step.pipe
    line = _line(pipe)
    return {
        "chainage": _number(chainage, 1),
        "pipe": pipe.code,
        "from": _shown_code(step.from_node),
        "to": _shown_code(step.to_node),
        "length": _number(step.length_m, 1),
        "diameter": f"{line.voltage_kv:g}"
        if line and line.voltage_kv
        else _number(pipe.diameter_m * 1000 if pipe.diameter_m else None, 0),
        "material": (line and line.conductor) or pipe.material or DASH,
        "year": str(pipe.year_installed or DASH),
        "lifecycle": _(pipe.get_lifecycle_display()),
    }


def _line(pipe: Pipe) -> LineDetail | None:
    return getattr(pipe, "line", None)


def _nodes_shown(route: PipeRoute) -> list[tuple[Node, float]]:
    """The nodes with their chainage; a node that the route passes twice is shown twice."""
    return list(zip(route.nodes, route.chainages_m, strict=True))


def _with_details(nodes: list[tuple[Node, float]]) -> dict[int, Node]:
    """The devices among the nodes by id, with the details of their kinds."""
    rows = Node.objects.select_related(
        "valve", "hydrant", "bulk_meter", "switch", "transformer", "facility"
    ).filter(pk__in=[node.pk for node, _chainage in nodes if _is_device(node)])
    return {node.pk: node for node in rows}


def _is_device(node: Node) -> bool:
    return node.kind not in (NodeKind.JUNCTION, NodeKind.POLE, NodeKind.MANHOLE)


def _device(node: Node, chainage: float) -> dict[str, str]:
    return {
        "chainage": _number(chainage, 1),
        "code": _shown_code(node),
        "kind": _kind(node),
        "details": "; ".join(_details(node)) or DASH,
    }


def _details(node: Node) -> list[str]:
    """What a crew must know of a device, in a few words."""
    found: list[str] = []
    valve = getattr(node, "valve", None)
    if valve is not None:
        found.append(_(valve.status))
        if valve.valve_type != "isolation":
            found.append(valve.valve_type)
        found += [
            word
            for word, holds in (
                (_("broken"), valve.is_broken),
                (_("not accessible"), not valve.is_accessible),
                (_("buried"), valve.is_buried),
            )
            if holds
        ]
    hydrant = getattr(node, "hydrant", None)
    if hydrant is not None and hydrant.outlet_diameter_m:
        found.append(f"{_number(hydrant.outlet_diameter_m * 1000, 0)} mm")
    meter = getattr(node, "bulk_meter", None)
    if meter is not None and meter.serial:
        found.append(meter.serial)
    switch = getattr(node, "switch", None)
    if switch is not None:
        found.append(_(switch.status))
    transformer = getattr(node, "transformer", None)
    if transformer is not None:
        voltages = f"{transformer.primary_kv:g}/{transformer.secondary_kv:g} kV"
        found.append(f"{transformer.rated_kva:g} kVA, {voltages}")
    facility = getattr(node, "facility", None)
    if facility is not None:
        found.append(facility.name)
    return found


def _marks(route: PipeRoute) -> list[Mark]:
    """Marks of the route's nodes: both ends and devices first, so that their labels have the first choice."""
    nodes = route.nodes
    ends = [Mark(_place(node), "end", _shown_code(node)) for node in (nodes[0], nodes[-1])]
    devices, plain = [], []
    for node in nodes[1:-1]:
        if _is_device(node):
            shape = "valve" if node.kind in (NodeKind.VALVE, NodeKind.SWITCH) else "device"
            devices.append(Mark(_place(node), shape, _shown_code(node)))
        else:
            plain.append(Mark(_place(node), "node", _shown_code(node)))
    return ends + devices + plain


def _place(node: Node) -> tuple[float, float]:
    return (node.geom.x, node.geom.y)


def _shown_code(node: Node) -> str:
    return node.code


def _kind(node: Node) -> str:
    return str(_(node.get_kind_display()))


def _number(value: float | None, decimals: int) -> str:
    if value is None:
        return DASH
    return number_format(round(value, decimals), decimals, use_l10n=True, force_grouping=True)


def _day(day: date) -> str:
    return f"{day:%d.%m.%Y}"


def _link(node: Node, route: PipeRoute, base_address: str) -> str:
    if base_address:
        query = urlencode({"network": route.network.code, "selected": str(node.uid)})
        return f"{base_address.rstrip('/')}/map/?{query}"
    return f"geo:{node.geom.y:.7f},{node.geom.x:.7f}"
