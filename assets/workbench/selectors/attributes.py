"""The attributes of pipes and nodes, from the models: what a table shows and filters, and what a form sets.

A class is "pipe", "node" (all nodes) or a kind of node. An attribute knows its SQL, so that a table of any class is one
query; what is set by an edit knows the operation and the place of its value in it. Diameters are kept in metres and
shown in millimetres, but for tanks: shown = kept x `factor`.
"""

from dataclasses import dataclass
from functools import cache
from typing import Any

from django.contrib.gis.db import models
from django.utils.translation import gettext_noop as _

from assets.editing.services.attributes import (
    DETAIL_OF_KIND,
    NODE_FIELDS,
    PIPE_FIELDS,
    bounds_of,
    detail_fields,
    words_of,
)
from assets.models import Curve, Lifecycle, LineDetail, Node, NodeKind, Pattern, Pipe, TankDetail, rules_of
from assets.models.commodities import LINE_ATTRIBUTES
from assets.workbench.selectors.words import TITLES, WORDS, unit_of
from gis_core.database.sql_fragments import Fragment
from gis_core.errors import ReportedError
from gis_core.sentences import Sentence

PIPE_CLASS, NODE_CLASS = "pipe", "node"
CLASSES: tuple[str, ...] = (PIPE_CLASS, NODE_CLASS, *NodeKind.values)
# Only what water under pressure or by gravity has.
_OF_FLOW = frozenset({"diameter_m", "material", "roughness", "minor_loss", "has_check_valve"})
_MILLIMETRES = 1000.0


@dataclass(frozen=True)
class Setting:
    """How an attribute is set: the operation of an edit, and where in it the value goes ("values.details.status").

    `field` is its name there and in the model.
    `is_required`: a new element is refused without it. `is_expected`: validation asks for it. `least` and `most` are
    what is possible at all, in the unit that is shown.
    """

    operation: str
    path: str
    field: str = ""
    default: Any = None
    is_required: bool = False
    is_expected: bool = False
    least: float | None = None
    most: float | None = None
    longest: int | None = None
    refers_to: str = ""


@dataclass(frozen=True)
class ElementAttribute:
    """An attribute: type is text, number, integer, truth, date or choice; `setting` None where no edit sets it."""

    name: str
    type: str
    sql: Fragment
    unit: str = ""
    factor: float = 1.0
    choices: tuple[tuple[str, str], ...] = ()
    setting: Setting | None = None

    @property
    def title(self) -> str:
        return TITLES[self.name]


def attributes_of(element_class: str, commodity: str) -> tuple[ElementAttribute, ...]:
    """The attributes of a class in a network of a commodity, in the order of a table's columns.

    Raises ReportedError (bad_class) for a word that is no class.
    """
    if element_class not in CLASSES:
        raise ReportedError(
            Sentence(_("class must be one of {classes}."), classes=", ".join(CLASSES)), code="bad_class"
        )
    return _attributes(element_class, commodity)


@cache
def _attributes(element_class: str, commodity: str) -> tuple[ElementAttribute, ...]:
    if element_class == PIPE_CLASS:
        return tuple(_of_pipes(commodity))
    return tuple(_of_nodes(element_class, commodity))


def _of_pipes(commodity: str) -> list[ElementAttribute]:
    rules = rules_of(commodity)
    carries_flow = rules.attribute("diameter_m") is not None
    own = [
        _from_model(Pipe, name, "pipe", "set_pipe_attributes", f"values.{name}")
        for name in PIPE_FIELDS
        if carries_flow or name not in _OF_FLOW
    ]
    line = [
        _from_model(LineDetail, name, "line", "set_pipe_attributes", f"values.line.{name}", joins=("line",))
        for name in LINE_ATTRIBUTES
        if rules.attribute(name) is not None
    ]
    expected = {rule.name for rule in rules.line_attributes if rule.is_required}
    code, *others = [
        _expected(attribute, attribute.name.replace("_mm", "_m") in expected) for attribute in (*own, *line)
    ]
    length = ElementAttribute(
        "length_m", "number", Fragment("coalesce(pipe.stated_length_m, pipe.geodesic_length_m)"), "m"
    )
    age = ElementAttribute(
        "age_years",
        "integer",
        Fragment(
            "greatest(extract(year FROM now() AT TIME ZONE 'Asia/Tashkent')::integer - pipe.year_installed, 0)"
        ),
        unit_of("age_years"),
    )
    breaks = ElementAttribute(
        "breaks", "integer", Fragment("coalesce(broken.breaks, 0)", aliases=frozenset({"broken"}))
    )
    zone = ElementAttribute("zone", "text", Fragment("zone.code", aliases=frozenset({"start_node", "zone"})))
    ordered = {attribute.name: attribute for attribute in (code, *others, length, age, breaks, zone)}
    ordered |= {"lifecycle": _lifecycle("pipe")}
    first = [name for name in _PIPE_ORDER if name in ordered]
    return [ordered[name] for name in (*first, *(name for name in ordered if name not in first))]


_PIPE_ORDER = (
    "code",
    "diameter_mm",
    "voltage_kv",
    "conductor",
    "material",
    "length_m",
    "year_installed",
    "age_years",
    "status",
    "lifecycle",
    "zone",
    "breaks",
)


def _of_nodes(element_class: str, commodity: str) -> list[ElementAttribute]:
    kinds = NodeKind.choices if element_class == NODE_CLASS else []
    known = rules_of(commodity).kinds
    zone = ElementAttribute(
        "zone",
        "text",
        Fragment("zone.code", aliases=frozenset({"zone"})),
        setting=Setting("set_node_attributes", "values.zone", field="zone", refers_to="zone"),
    )
    own = {
        name: _from_model(Node, name, "node", "set_node_attributes", f"values.{name}") for name in NODE_FIELDS
    }
    attributes = [own["code"]]
    if kinds:
        choices = tuple((str(kind), str(label)) for kind, label in kinds if kind in known)
        attributes.append(ElementAttribute("kind", "choice", Fragment("node.kind"), choices=choices))
    attributes += [own["elevation_m"], _lifecycle("node"), zone, own["installed_on"]]
    model = DETAIL_OF_KIND.get(element_class)
    for name in detail_fields(element_class):
        path = f"values.details.{name}"
        attributes.append(_from_model(model, name, "detail", "set_node_attributes", path, joins=("detail",)))
    return attributes


def _lifecycle(table: str) -> ElementAttribute:
    return ElementAttribute(
        "lifecycle",
        "choice",
        Fragment(f"{table}.lifecycle"),
        choices=tuple((str(value), str(label)) for value, label in Lifecycle.choices),
        setting=Setting("change_lifecycle", "to", field="lifecycle", default=Lifecycle.IN_SERVICE.value),
    )


def _expected(attribute: ElementAttribute, is_expected: bool) -> ElementAttribute:
    if not is_expected or attribute.setting is None:
        return attribute
    setting = Setting(**{**vars(attribute.setting), "is_expected": True})
    return ElementAttribute(**{**vars(attribute), "setting": setting})


def _from_model(
    model: Any, name: str, table: str, operation: str, path: str, *, joins: tuple[str, ...] = ()
) -> ElementAttribute:
    field = model._meta.get_field(name)
    aliases = frozenset(joins)
    # A tank is as wide as a house.
    factor = _MILLIMETRES if name.endswith("diameter_m") and model is not TankDetail else 1.0
    shown = f"{name}m" if factor != 1.0 else name
    column = f"{table}.{name}"
    refers_to = ""
    if isinstance(field, models.ForeignKey):
        refers_to = {Curve: "curve", Pattern: "pattern"}[field.related_model]  # type: ignore[index]
        sql = f"(SELECT named.code FROM assets_{refers_to} named WHERE named.id = {column}_id)"  # noqa: S608
    elif factor != 1.0:
        # Rounded as it is shown, so that what a filter names is what is found.
        sql = f"round(({column} * 1000)::numeric, 3)::float8"
    else:
        sql = column
    least, most = _bounds(field, name, factor)
    return ElementAttribute(
        shown,
        _type_of(field, model, name),
        Fragment(sql, aliases=aliases),
        unit_of(shown),
        factor,
        _choices(field, model, name),
        Setting(
            operation,
            path,
            field=name,
            default=_default(field, factor),
            is_required=not field.null and not field.has_default() and not field.blank,
            least=least,
            most=most,
            longest=field.max_length if isinstance(field, models.CharField) else None,
            refers_to=refers_to,
        ),
    )


def _type_of(field: Any, model: Any, name: str) -> str:
    if field.choices or words_of(model, name):
        return "choice"
    if isinstance(field, models.BooleanField):
        return "truth"
    if isinstance(field, models.FloatField):
        return "number"
    if isinstance(field, models.IntegerField):
        return "integer"
    return "date" if isinstance(field, models.DateField) else "text"


def _choices(field: Any, model: Any, name: str) -> tuple[tuple[str, str], ...]:
    if field.choices:
        return tuple((str(value), str(label)) for value, label in field.choices)
    return tuple((word, WORDS[word]) for word in words_of(model, name))


def _bounds(field: Any, name: str, factor: float) -> tuple[float | None, float | None]:
    if not isinstance(field, models.FloatField | models.IntegerField):
        return None, None
    least, most = bounds_of(name)
    return (
        None if least is None else round(least * factor, 6),
        None if most is None else round(most * factor, 6),
    )


def _default(field: Any, factor: float) -> Any:
    if not field.has_default() or callable(field.default):
        return None
    default = field.default
    return default * factor if factor != 1.0 and isinstance(default, int | float) else default
