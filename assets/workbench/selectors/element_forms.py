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
    """The forms of pipes and of every kind of node of the network's commodity, in the reader's language.

    A field says its operation and the path of its value there; zones, curves, patterns and materials of the network are
    named once in `references`, by which fields refer to them. Shown values are kept ones times `factor`.
    """
    kinds = rules_of(network.commodity).kinds
    classes = [PIPE_CLASS, *(str(kind) for kind in NodeKind.values if kind in kinds)]
    return {
        "network": network.code,
        "commodity": network.commodity,
        "headloss_formula": network.headloss_formula,
        "transitions": {state: list(after) for state, after in TRANSITIONS.items()},
        "references": _references(network),
        "classes": [_form(network, element_class) for element_class in classes],
        "templates": drawing_templates(network),
    }


def _form(network: Network, element_class: str) -> dict[str, Any]:
    title = _("pipe") if element_class == PIPE_CLASS else _(NodeKind(element_class).label)
    if element_class == PIPE_CLASS and network.commodity == Network.Commodity.ELECTRICITY:
        title = _("line")
    return {
        "class": element_class,
        "title": title,
        "is_device": element_class in rules_of(network.commodity).device_kinds,
        "needs_details": element_class in NEEDS_DETAIL,
        "fields": [
            _field(attribute)
            for attribute in attributes_of(element_class, network.commodity)
            if attribute.setting is not None
        ],
    }


def _field(attribute: ElementAttribute) -> dict[str, Any]:
    setting = attribute.setting
    assert setting is not None
    return {
        "name": attribute.name,
        "title": _(attribute.title),
        "type": attribute.type,
        "unit": _(attribute.unit) if attribute.unit else "",
        "factor": attribute.factor,
        "choices": choices_of(attribute),
        "reference": "material" if attribute.name == "material" else setting.refers_to,
        "is_required": setting.is_required,
        "is_expected": setting.is_expected,
        "least": setting.least,
        "most": setting.most,
        "longest": setting.longest,
        "default": setting.default,
        "operation": setting.operation,
        "path": setting.path,
    }


def _references(network: Network) -> dict[str, list[dict[str, str]]]:
    zones = Zone.objects.filter(network=network).order_by("code").values_list("uid", "code", "name")
    named = {
        name: [
            {"value": code, "label": code}
            for code in model._default_manager.filter(network=network)
            .order_by("code")
            .values_list("code", flat=True)[:MAXIMUM_CHOICES]
        ]
        for name, model in (("curve", Curve), ("pattern", Pattern))
    }
    looked_at = Pipe.objects.filter(network=network, is_connector=False).order_by("id").values("material")
    used = set(looked_at[:_LOOKED_AT].values_list("material", flat=True)) - {""}
    known = set(MaterialLife.objects.values_list("name", flat=True)) if not used else set()
    return {
        "zone": [
            {"value": str(uid), "label": name if name == code else f"{code} – {name}"}
            for uid, code, name in zones[:MAXIMUM_CHOICES]
        ],
        "material": [{"value": word, "label": _(word)} for word in sorted(used | known)],
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
        "kind": row.kind,
        "name": _(row.name),
        "values": values,
        "details": details,
    }
