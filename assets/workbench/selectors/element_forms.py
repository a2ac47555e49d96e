"""What can be set on the elements of a network, as the models and the services of edits have it, and what is drawn."""

from typing import Any

from django.db.models import F, Func, Q, TextField, Value
from django.db.models.functions import StrIndex
from django.utils.translation import gettext as _

from assets.editing.services.attributes import NEEDS_DETAIL
from assets.editing.services.lifecycles import TRANSITIONS
from assets.models import (
    Curve,
    DrawingTemplate,
    Lifecycle,
    MaterialLife,
    Network,
    NodeKind,
    Pattern,
    Pipe,
    Zone,
    rules_of,
)
from assets.workbench.selectors.attributes import PIPE_CLASS, ElementAttribute, attributes_of
from assets.workbench.selectors.elements import MAXIMUM_CHOICES, choices_of

# Materials in use are looked for among so many of the network's first pipes.
_LOOKED_AT = 20_000
_OF_LINES = ("voltage_kv", "conductor", "placing", "pressure_class", "circuit", "flow_regime")


def element_forms(network: Network) -> dict[str, Any]:
    """The forms of lines and of every kind of node of the network's commodity, in the reader's language.

    A field says its operation and the path of its value there; what is shown is what is kept times `factor`.
    """
    rules = rules_of(network.commodity)
    known = _known_in(network)
    is_electric = network.commodity == Network.Commodity.ELECTRICITY
    return {
        "network": network.code,
        "commodity": network.commodity,
        "headloss_formula": network.headloss_formula,
        "lifecycle": {
            "choices": [{"value": state.value, "title": _(state.label)} for state in Lifecycle],
            "transitions": {state: list(after) for state, after in TRANSITIONS.items()},
        },
        "line": {
            "title": _("line") if is_electric else _("pipe"),
            "fields": _fields(network, PIPE_CLASS, known),
        },
        "nodes": {
            str(kind): {
                "title": _(NodeKind(kind).label),
                "is_device": kind in rules.device_kinds,
                "needs_details": kind in NEEDS_DETAIL,
                "fields": _fields(network, kind, known),
            }
            for kind in NodeKind.values
            if kind in rules.kinds
        },
        "templates": drawing_templates(network),
    }


def _fields(
    network: Network, element_class: str, known: dict[str, list[dict[str, str]]]
) -> list[dict[str, Any]]:
    """What the attributes of a class take; the state of its life is changed by an operation of its own."""
    return [
        _field(attribute, known)
        for attribute in attributes_of(element_class, network.commodity)
        if attribute.setting is not None and attribute.name != "lifecycle"
    ]


def _field(attribute: ElementAttribute, known: dict[str, list[dict[str, str]]]) -> dict[str, Any]:
    setting = attribute.setting
    assert setting is not None
    named = known.get(setting.refers_to)
    return {
        "name": setting.field,
        "column": attribute.name,
        "title": _(attribute.title),
        "type": "choice" if named is not None else attribute.type,
        "unit": _(attribute.unit) if attribute.unit else "",
        "factor": attribute.factor,
        "choices": choices_of(attribute) if named is None else named,
        "suggestions": known["material"] if attribute.name == "material" else [],
        "is_required": setting.is_required,
        "is_expected": setting.is_expected,
        "least": setting.least,
        "most": setting.most,
        "longest": setting.longest,
        "default": setting.default,
        "is_detail": setting.path.startswith("values.details."),
        "operation": setting.operation,
        "path": setting.path,
    }


def _known_in(network: Network) -> dict[str, list[dict[str, str]]]:
    """Zones, curves and patterns of the network, and the materials of its pipes, to choose from."""
    zones = Zone.objects.filter(network=network).order_by("code").values_list("uid", "code", "name")
    named = {
        name: [
            {"value": code, "title": code}
            for code in model._default_manager.filter(network=network)
            .order_by("code")
            .values_list("code", flat=True)[:MAXIMUM_CHOICES]
        ]
        for name, model in (("curve", Curve), ("pattern", Pattern))
    }
    looked_at = Pipe.objects.filter(network=network, is_connector=False).order_by("id").values("material")
    used = set(looked_at[:_LOOKED_AT].values_list("material", flat=True)) - {""}
    usual = set(MaterialLife.objects.values_list("name", flat=True)) if not used else set()
    return {
        "zone": [
            {"value": str(uid), "title": name if name == code else f"{code} – {name}"}
            for uid, code, name in zones[:MAXIMUM_CHOICES]
        ],
        "material": [{"value": word, "title": _(word)} for word in sorted(used | usual)],
        **named,
    }


def drawing_templates(network: Network) -> list[dict[str, Any]]:
    """What is drawn in the network: the templates of its division and of those above, the nearest division's first.

    `values` and `details` are as the operations add_pipe, add_node and place_device take them.
    """
    path = Value(network.division.path, output_field=TextField())
    rows = (
        DrawingTemplate.objects.filter(commodity=network.commodity)
        .annotate(begins=StrIndex(path, F("division__path")))
        .filter(Q(begins=1))
        .annotate(depth=Func(F("division__path"), function="length"))
        .order_by("-depth", "place", "name")
    )
    return [_template(row) for row in rows]


def _template(row: DrawingTemplate) -> dict[str, Any]:
    values: dict[str, Any] = {}
    details: dict[str, Any] = {}
    if row.kind == PIPE_CLASS:
        values = {name: value for name in ("diameter_m", "material") if (value := getattr(row, name))}
        line = {name: value for name in _OF_LINES if (value := getattr(row, name))}
        values |= {"line": line} if line else {}
    else:
        diameter = "outlet_diameter_m" if row.kind == NodeKind.HYDRANT else "diameter_m"
        details = {diameter: row.diameter_m} if row.diameter_m else {}
        details |= {"valve_type": row.valve_type, "status": "open"} if row.valve_type else {}
    return {
        "uid": str(row.uid),
        "title": _(row.name),
        "element": "line" if row.kind == PIPE_CLASS else "node",
        "kind": row.kind,
        "values": values,
        "details": details,
    }
