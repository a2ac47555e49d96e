"""What people may set on nodes, pipes and their details, and how their values are read."""

import math
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from django.contrib.gis.db import models
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_noop as _

from assets.editing.services.attachments import as_text, hanging_on_attachments
from assets.editing.services.elements import (
    locked_node,
    locked_pipe,
    refusal,
    refuse_taken_node_code,
    refuse_taken_pipe_code,
    zone_of_network,
)
from assets.editing.services.session import EditSession, editing
from assets.models import (
    BulkMeterDetail,
    Curve,
    FacilityDetail,
    HydrantDetail,
    LineDetail,
    Network,
    Node,
    NodeKind,
    Pattern,
    Pipe,
    PumpDetail,
    ReservoirDetail,
    SwitchDetail,
    TankDetail,
    TransformerDetail,
    ValveDetail,
)
from assets.models.commodities import LINE_ATTRIBUTES
from gis_core.errors import ReportedError
from gis_core.models import User
from gis_core.sentences import Sentence, Word, Words

NODE_FIELDS = ("code", "elevation_m", "installed_on")
PIPE_FIELDS = (
    "code",
    "diameter_m",
    "material",
    "roughness",
    "minor_loss",
    "stated_length_m",
    "year_installed",
    "status",
    "has_check_valve",
)
_K = NodeKind
_FACILITIES = (
    _K.SUBSTATION,
    _K.DISTRIBUTION_CENTRE,
    _K.TREATMENT,
    _K.PUMPING_STATION,
    _K.LIFT_STATION,
    _K.REGULATOR_STATION,
    _K.METERING_STATION,
    _K.BOILER_HOUSE,
    _K.HEAT_SUBSTATION,
)
DETAIL_OF_KIND: dict[str, Any] = {
    _K.TANK.value: TankDetail,
    _K.RESERVOIR.value: ReservoirDetail,
    _K.SOURCE.value: ReservoirDetail,
    _K.PUMP.value: PumpDetail,
    _K.VALVE.value: ValveDetail,
    _K.REGULATOR.value: ValveDetail,
    _K.BULK_METER.value: BulkMeterDetail,
    _K.HYDRANT.value: HydrantDetail,
    _K.TRANSFORMER.value: TransformerDetail,
    _K.SWITCH.value: SwitchDetail,
    _K.FEEDER_HEAD.value: SwitchDetail,
    **{kind.value: FacilityDetail for kind in _FACILITIES},
}
# Without their details these are nothing to the hydraulics; others may be known by place alone.
NEEDS_DETAIL = {
    _K.TANK.value,
    _K.RESERVOIR.value,
    _K.PUMP.value,
    _K.VALVE.value,
    _K.REGULATOR.value,
    _K.BULK_METER.value,
    _K.HYDRANT.value,
    _K.SWITCH.value,
}
_WORDS: dict[Any, tuple[str, ...]] = {
    "valve_type": ("PRV", "PSV", "PBV", "FCV", "TCV", "GPV", "PCV", "isolation", "check"),
    (ValveDetail, "status"): ("active", "open", "closed"),
    (PumpDetail, "status"): ("open", "closed"),
}
# What is possible at all, least and most; validation has narrower opinions.
_RANGES: dict[str, tuple[float, float]] = {
    "elevation_m": (-500.0, 9000.0),
    "diameter_m": (1e-4, 99.9),
    "outlet_diameter_m": (1e-4, 99.9),
    "roughness": (1e-9, 10_000.0),
    "minor_loss": (0.0, 1e6),
    "stated_length_m": (1e-6, 9.9e8),
    "year_installed": (1800, 2200),
    "voltage_kv": (0.05, 1150.0),
    "phases": (1, 3),
    "head_m": (-500.0, 20_000.0),
    "initial_level_m": (0.0, 10_000.0),
    "minimum_level_m": (0.0, 10_000.0),
    "maximum_level_m": (0.0, 10_000.0),
    "minimum_volume_m3": (0.0, 1e9),
    "power_w": (0.0, 1e10),
    "relative_speed": (0.0, 100.0),
    "setting": (-1e6, 1e6),
    "error_percent": (0.0, 100.0),
    "capacity": (0.0, 1e12),
}


def words_of(model: type[models.Model], name: str) -> tuple[str, ...]:
    """The words that an attribute takes, where the model itself does not list them."""
    return _WORDS.get(name) or _WORDS.get((model, name)) or ()


def bounds_of(name: str) -> tuple[float | None, float | None]:
    """The least and the most that a number of this name may be; None where nothing is said."""
    return _RANGES.get(name, (None, None))


def parse_values(
    model: type[models.Model], allowed: Iterable[str], values: Mapping[str, Any], network: Network
) -> dict[str, Any]:
    """Values as the model's fields take them; raises ReportedError (bad_values) naming each that cannot be.

    Patterns and curves are named by their codes in the network.
    """
    known = set(allowed)
    parsed: dict[str, Any] = {}
    wrong: list[dict[str, str]] = []
    for name, value in values.items():
        if name not in known:
            wrong.append(
                {
                    "element": name,
                    "reason": Sentence(
                        _("unknown; known: {known}"), known=", ".join(sorted(known)) or "none"
                    ),
                }
            )
            continue
        try:
            parsed[name] = _parse(model, name, value, network)
        except ValidationError as error:
            # A sentence of ours stays one, to be translated for the asker.
            said = getattr(error, "message", None)
            reason = said if isinstance(said, Sentence) else " ".join(error.messages)
            wrong.append({"element": name, "reason": reason})
    if wrong:
        first = wrong[0]
        message = Sentence(_("{name}: {reason}"), name=first["element"], reason=first["reason"])
        raise ReportedError(message, code="bad_values", details=wrong)
    return parsed


def _parse(model: type[models.Model], name: str, value: Any, network: Network) -> Any:
    field = model._meta.get_field(name)
    assert isinstance(field, models.Field)
    if value is None:
        if not field.null:
            raise ValidationError(Sentence(_("It cannot be null.")))
        return None
    if isinstance(field, models.ForeignKey):
        return _named(field, value, network)
    _require_type(field, value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        least, most = _RANGES.get(name, (-1e15, 1e15))
        if not least <= value <= most:
            raise ValidationError(
                Sentence(_("It must be from {least} to {most}."), least=f"{least:g}", most=f"{most:g}")
            )
    words = words_of(model, name)
    if words and value not in words:
        raise ValidationError(Sentence(_("It must be one of {words}."), words=Words(words)))
    if isinstance(value, str):
        value = value.strip()
        if not value and name == "code":
            raise ValidationError(Sentence(_("It cannot be empty.")))
        if name == "code" and not value.isprintable():
            raise ValidationError(Sentence(_("It has characters that cannot be printed.")))
        if not value and field.blank:
            return value
    return field.clean(value, None)


def _require_type(field: "models.Field[Any, Any]", value: Any) -> None:
    """A number is no text, a text no number, and neither is a truth value."""
    if isinstance(field, models.BooleanField):
        if not isinstance(value, bool):
            raise ValidationError(Sentence(_("It must be true or false.")))
    elif isinstance(field, models.FloatField | models.IntegerField):
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise ValidationError(Sentence(_("It must be a finite number.")))
        if isinstance(field, models.IntegerField) and value != int(value):
            raise ValidationError(Sentence(_("It must be a whole number.")))
    elif isinstance(field, models.DateField):
        if isinstance(value, date):
            return
        if not isinstance(value, str) or len(value) != 10:
            raise ValidationError(Sentence(_("Write a day as 2026-01-31.")))
    elif not isinstance(value, str) or "\x00" in value:
        raise ValidationError(Sentence(_("It must be a text.")))


def _named(field: Any, value: Any, network: Network) -> Any:
    model = field.related_model
    if model not in (Pattern, Curve) or not isinstance(value, str):
        raise ValidationError(Sentence(_("It must be the code of a pattern or curve of the network.")))
    found = model.objects.filter(network=network, code=value).first()
    if found is None:
        raise ValidationError(
            Sentence(_("The network has no {kind} {value}."), kind=model._meta.verbose_name, value=value)
        )
    return found


def detail_fields(kind: str) -> tuple[str, ...]:
    """The names of the details that a node of this kind has."""
    model = DETAIL_OF_KIND.get(kind)
    if model is None:
        return ()
    hidden = {"node", "node_kind", "version", "valid_from", "change_id"}
    return tuple(field.name for field in model._meta.concrete_fields if field.name not in hidden)


def make_detail(node: Node, values: Mapping[str, Any], network: Network) -> None:
    """Write the details of a new node; raises ReportedError for those that are missing or wrong."""
    detail = detail_of(node, values, network)
    if detail is not None:
        detail.save(force_insert=True)


def detail_of(node: Node, values: Mapping[str, Any], network: Network) -> models.Model | None:
    """The details of a new node, not stored yet; None where it needs none. Raises ReportedError as `make_detail`."""
    model = DETAIL_OF_KIND.get(node.kind)
    if model is None:
        if values:
            raise refusal(
                "bad_values",
                Sentence(_("A {kind} has no details."), kind=Word(node.get_kind_display())),
                "details",
            )
        return None
    if not values and node.kind not in NEEDS_DETAIL:
        return None
    _refuse_missing(model, node, values)
    parsed = parse_values(model, detail_fields(node.kind), values, network)
    return model(node=node, node_kind=node.kind, **parsed)


def _refuse_missing(model: Any, node: Node, values: Mapping[str, Any]) -> None:
    missing = [
        name
        for name in detail_fields(node.kind)
        if name not in values
        and not model._meta.get_field(name).has_default()  # type: ignore[union-attr]
        and not model._meta.get_field(name).null
        and not getattr(model._meta.get_field(name), "blank", False)
    ]
    if missing:
        raise ReportedError(
            Sentence(
                _("A {kind} needs {missing} in its details."),
                kind=Word(node.get_kind_display()),
                missing=", ".join(missing),
            ),
            code="bad_values",
            details=[{"element": f"details.{name}", "reason": "missing"} for name in missing],
        )


def set_node_attributes(
    network: Network,
    *,
    node: Any,
    values: Mapping[str, Any],
    acting_user: User | None,
    expected_version: int | None = None,
) -> dict[str, Any]:
    """Set attributes of a node: code, elevation, zone (uid or None), day of installation, `details` of its kind.

    Returns {"node": uid}. Raises ReportedError (bad_values with the fields, code_taken) or StaleVersion.
    """
    with editing(network, operation="set_node_attributes", acting_user=acting_user) as session:
        row = locked_node(network, node, expected_version)
        session.summarise(Sentence(_("attributes of {kind} {row}"), kind=row.kind, row=row.code))
        plain = {name: value for name, value in values.items() if name not in ("zone", "details")}
        parsed = parse_values(Node, NODE_FIELDS, plain, network)
        if "code" in parsed:
            refuse_taken_node_code(network, row.kind, parsed["code"], but=row.pk)
            session.codes.free(row.code)
        if "zone" in values:
            zone = None if values["zone"] is None else zone_of_network(network, values["zone"])
            parsed["zone"] = zone
            _remark_consumers(session, row, zone.pk if zone else None)
        details = values.get("details", {})
        if not isinstance(details, Mapping):
            raise refusal("bad_values", Sentence(_("details is an object.")), "details")
        if details:
            _set_details(row, details, network)
        for name, value in parsed.items():
            setattr(row, name, value)
        # A change of the details is a change of the node: its version moves with either.
        row.save(update_fields=[*parsed] or ["lifecycle"])
        return {"node": str(row.uid)}


def _set_details(node: Node, values: Mapping[str, Any], network: Network) -> None:
    model = DETAIL_OF_KIND.get(node.kind)
    detail = None if model is None else model._default_manager.filter(node=node).first()
    if model is None or detail is None:
        make_detail(node, values, network)
        return
    parsed = parse_values(model, detail_fields(node.kind), values, network)
    for name, value in parsed.items():
        setattr(detail, name, value)
    detail.save(update_fields=list(parsed))


def _remark_consumers(session: EditSession, node: Node, zone_id: int | None) -> None:
    if zone_id == node.zone_id:
        return
    counts = hanging_on_attachments(node.attachments.values_list("pk", flat=True))
    if counts:
        session.remark(
            f"node {node.code}", Sentence(_("{counts} change their zone with it"), counts=as_text(counts))
        )


def set_pipe_attributes(
    network: Network,
    *,
    pipe: Any,
    values: Mapping[str, Any],
    acting_user: User | None,
    expected_version: int | None = None,
) -> dict[str, Any]:
    """Set attributes of a pipe, those of its commodity's lines under `line`; return {"pipe": uid}.

    Raises ReportedError (bad_values with the fields, code_taken) or StaleVersion.
    """
    with editing(network, operation="set_pipe_attributes", acting_user=acting_user) as session:
        row = locked_pipe(network, pipe, expected_version)
        session.summarise(Sentence(_("attributes of pipe {row}"), row=row.code))
        parsed = pipe_values(network, {name: value for name, value in values.items() if name != "line"})
        if "code" in parsed:
            refuse_taken_pipe_code(network, parsed["code"], but=row.pk)
            session.codes.free(row.code)
        set_line(network, row, values.get("line", {}))
        for name, value in parsed.items():
            setattr(row, name, value)
        row.save(update_fields=[*parsed] or ["lifecycle"])
        return {"pipe": str(row.uid)}


def pipe_values(network: Network, values: Mapping[str, Any]) -> dict[str, Any]:
    """A pipe's own attributes, parsed; raises ReportedError (bad_values)."""
    return parse_values(Pipe, PIPE_FIELDS, values, network)


def set_line(network: Network, pipe: Pipe, values: Any) -> None:
    """Set the attributes that a line has beyond a water pipe's; raises ReportedError (bad_values)."""
    if values is None or values == {}:
        return
    if not isinstance(values, Mapping):
        raise refusal("bad_values", Sentence(_("line is an object.")), "line")
    parsed = parse_values(LineDetail, LINE_ATTRIBUTES, values, network)
    LineDetail.objects.update_or_create(pipe=pipe, defaults=parsed)
