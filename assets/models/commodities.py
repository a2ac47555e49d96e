"""What each commodity's network is made of: its kinds of nodes, where the commodity comes from, its line attributes."""

import functools
from dataclasses import dataclass, field
from typing import Any

from django.contrib.gis.db import models
from django.db.models import Q
from django.utils.translation import gettext_noop as _

from assets.models.graph import DEVICE_KINDS, Node, NodeKind, Pipe
from assets.models.history import Versioned
from assets.models.networks import Network
from gis_core.sentences import Figure, Sentence

_K = NodeKind
# Hydraulics is the same for everything that flows in pipes, so these stand in all such networks.
_OF_PIPES = {
    _K.JUNCTION,
    _K.TANK,
    _K.RESERVOIR,
    _K.SOURCE,
    _K.PUMPING_STATION,
    _K.PUMP,
    _K.VALVE,
    _K.REGULATOR,
    _K.BULK_METER,
}


@dataclass(frozen=True)
class Attribute:
    """One attribute of a commodity's lines: a field of `LineDetail` or of `Pipe`.

    Numbers lie between `least` and `most`; words are among `choices`. `is_required` is what validation asks of every
    line in service; the database takes a line without it, since surveys come piece by piece.
    """

    name: str
    is_required: bool = False
    choices: tuple[str, ...] = ()
    least: float | None = None
    most: float | None = None


@dataclass(frozen=True)
class CommodityRules:
    """The rules of one commodity.

    `kinds` may stand in its networks; `supply_kinds` are where the commodity comes from and `sink_kinds` where it
    leaves (the outfalls of sewers); `device_kinds` sit in a line between two of its ends; `blocking_kinds` can shut
    the flow off. `follows_slope`: the flow runs along the drawing of a line, from its start to its end, by gravity.
    `line_attributes` are the attributes that its lines have; others are refused.
    """

    commodity: str
    kinds: frozenset[str]
    supply_kinds: frozenset[str]
    device_kinds: frozenset[str]
    blocking_kinds: frozenset[str]
    sink_kinds: frozenset[str] = frozenset()
    follows_slope: bool = False
    flow_unit: str = "m3/h"
    capacity_unit: str = "m3/h"
    line_attributes: tuple[Attribute, ...] = field(default=())

    def attribute(self, name: str) -> Attribute | None:
        """The rule for one line attribute, None when lines of this commodity do not have it."""
        return next((rule for rule in self.line_attributes if rule.name == name), None)

    def findings_of_line(self, values: dict[str, Any]) -> list[str]:
        """What is wrong with a line's attributes, as sentences; empty when nothing is."""
        findings: list[str] = []
        for name, value in values.items():
            if value not in (None, "") and self.attribute(name) is None:
                findings.append(
                    Sentence(
                        _("{name} is not an attribute of a line of {commodity}."),
                        name=name,
                        commodity=self.commodity,
                    )
                )
        for rule in self.line_attributes:
            value = values.get(rule.name)
            if value in (None, ""):
                if rule.is_required:
                    findings.append(Sentence(_("{rule} is missing."), rule=rule.name))
            elif rule.choices and str(value) not in rule.choices:
                findings.append(
                    Sentence(
                        _("{rule} must be one of {choices}; it is {value}."),
                        rule=rule.name,
                        choices=", ".join(rule.choices),
                        value=value,
                    )
                )
            elif (rule.least is not None and value < rule.least) or (
                rule.most is not None and value > rule.most
            ):
                findings.append(
                    Sentence(
                        _("{rule} must be from {least} to {most}; it is {value}."),
                        rule=rule.name,
                        least=Figure(rule.least, "g"),
                        most=Figure(rule.most, "g"),
                        value=value,
                    )
                )
        return findings


_PIPE_ATTRIBUTES = (
    Attribute("diameter_m", is_required=True, least=0.01, most=10.0),
    Attribute("material", is_required=True),
)


def _rules(
    commodity: str, kinds: set[str], supply: set[str], blocking: set[str], **more: Any
) -> CommodityRules:
    names = frozenset(str(kind) for kind in kinds)
    return CommodityRules(
        commodity=commodity,
        kinds=names,
        supply_kinds=frozenset(str(kind) for kind in supply),
        device_kinds=names & frozenset(DEVICE_KINDS),
        blocking_kinds=frozenset(str(kind) for kind in blocking),
        **more,
    )


_ALL_RULES = {
    rules.commodity: rules
    for rules in (
        _rules(
            "water",
            {*_OF_PIPES, _K.TREATMENT, _K.SUBSTATION, _K.DISTRIBUTION_CENTRE, _K.HYDRANT},
            {_K.TANK, _K.RESERVOIR, _K.SOURCE},
            {_K.VALVE},
            line_attributes=_PIPE_ATTRIBUTES,
        ),
        _rules(
            "sewerage",
            {*_OF_PIPES, _K.TREATMENT, _K.MANHOLE, _K.OUTFALL, _K.LIFT_STATION},
            set(),
            {_K.VALVE},
            sink_kinds=frozenset({_K.OUTFALL.value, _K.TREATMENT.value}),
            follows_slope=True,
            line_attributes=(
                *_PIPE_ATTRIBUTES,
                Attribute("flow_regime", choices=("gravity", "pressure")),
            ),
        ),
        _rules(
            "gas",
            {*_OF_PIPES, _K.SUBSTATION, _K.DISTRIBUTION_CENTRE, _K.REGULATOR_STATION, _K.METERING_STATION},
            {_K.SOURCE, _K.RESERVOIR, _K.TANK},
            {_K.VALVE},
            line_attributes=(
                *_PIPE_ATTRIBUTES,
                Attribute("pressure_class", is_required=True, choices=("low", "medium", "high_2", "high_1")),
            ),
        ),
        _rules(
            "electricity",
            {
                _K.JUNCTION,
                _K.SOURCE,
                _K.SUBSTATION,
                _K.DISTRIBUTION_CENTRE,
                _K.BUSBAR,
                _K.FEEDER_HEAD,
                _K.TRANSFORMER,
                _K.SWITCH,
                _K.POLE,
                _K.SERVICE_CABINET,
                _K.BULK_METER,
            },
            {_K.SOURCE, _K.SUBSTATION},
            {_K.SWITCH, _K.FEEDER_HEAD},
            flow_unit="kW",
            capacity_unit="kVA",
            line_attributes=(
                Attribute("voltage_kv", is_required=True, least=0.05, most=1150.0),
                Attribute("conductor", is_required=True),
                Attribute("phases", least=1, most=3),
                Attribute("placing", choices=("overhead", "underground")),
            ),
        ),
        _rules(
            "heat",
            {
                *_OF_PIPES,
                _K.SUBSTATION,
                _K.BOILER_HOUSE,
                _K.HEAT_EXCHANGER,
                _K.HEAT_SUBSTATION,
                _K.HEAT_CHAMBER,
            },
            {_K.BOILER_HOUSE, _K.SOURCE, _K.RESERVOIR, _K.TANK},
            {_K.VALVE},
            capacity_unit="Gcal/h",
            line_attributes=(
                *_PIPE_ATTRIBUTES,
                Attribute("circuit", is_required=True, choices=("supply", "return")),
            ),
        ),
    )
}


def rules_of(commodity: str) -> CommodityRules:
    """The rules of a commodity (a value of `Network.Commodity`); KeyError for another word."""
    return _ALL_RULES[commodity]


@functools.cache
def kinds_by_commodity() -> tuple[tuple[str, str], ...]:
    """All allowed pairs (commodity, node kind), sorted: what the table `CommodityKind` holds."""
    return tuple(sorted((rules.commodity, kind) for rules in _ALL_RULES.values() for kind in rules.kinds))


LINE_ATTRIBUTES = (
    "voltage_kv",
    "conductor",
    "phases",
    "placing",
    "pressure_class",
    "circuit",
    "flow_regime",
)


class CommodityKind(models.Model):
    """Which kinds of nodes stand in the networks of a commodity: the rules above, where the database reads them."""

    commodity = models.CharField(max_length=12, choices=Network.Commodity.choices)
    kind = models.CharField(max_length=20, choices=NodeKind.choices)

    class Meta:
        ordering = ["commodity", "kind"]
        constraints = [
            models.UniqueConstraint(fields=["commodity", "kind"], name="commodity_kind_once"),
            models.CheckConstraint(
                name="commodity_kind_is_a_kind", condition=Q(kind__in=list(NodeKind.values))
            ),
            models.CheckConstraint(
                name="commodity_kind_of_a_commodity",
                condition=Q(commodity__in=list(Network.Commodity.values)),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.commodity}"


class LineDetail(Versioned):
    """What a line has beyond a water pipe's attributes, by its network's commodity (see `rules_of`).

    Electricity: nominal voltage (kV), conductor ("AS-50", "SIP-2 3x70"), phases, overhead or underground. Gas: the
    pressure class. Heat: the circuit. Sewerage: gravity or pressure.
    """

    pipe = models.OneToOneField(Pipe, on_delete=models.CASCADE, primary_key=True, related_name="line")
    voltage_kv = models.FloatField(null=True, blank=True)
    conductor = models.CharField(max_length=40, blank=True)
    phases = models.PositiveSmallIntegerField(null=True, blank=True)
    placing = models.CharField(
        max_length=11, blank=True, choices=[("overhead", "overhead"), ("underground", "underground")]
    )
    pressure_class = models.CharField(
        max_length=8,
        blank=True,
        choices=[
            ("low", "low pressure"),
            ("medium", "medium pressure"),
            ("high_2", "high pressure, class 2"),
            ("high_1", "high pressure, class 1"),
        ],
    )
    circuit = models.CharField(max_length=6, blank=True, choices=[("supply", "supply"), ("return", "return")])
    flow_regime = models.CharField(
        max_length=8, blank=True, choices=[("gravity", "gravity"), ("pressure", "pressure")]
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="line_voltage_plausible",
                condition=Q(voltage_kv=None) | Q(voltage_kv__gte=0.05, voltage_kv__lte=1150),
            ),
            models.CheckConstraint(
                name="line_phases_plausible", condition=Q(phases=None) | Q(phases__gte=1, phases__lte=3)
            ),
            models.CheckConstraint(
                name="line_placing_known", condition=Q(placing__in=["", "overhead", "underground"])
            ),
            models.CheckConstraint(
                name="line_pressure_class_known",
                condition=Q(pressure_class__in=["", "low", "medium", "high_2", "high_1"]),
            ),
            models.CheckConstraint(
                name="line_circuit_known", condition=Q(circuit__in=["", "supply", "return"])
            ),
            models.CheckConstraint(
                name="line_flow_regime_known", condition=Q(flow_regime__in=["", "gravity", "pressure"])
            ),
        ]

    def __str__(self) -> str:
        return f"attributes of {self.pipe}"


class TransformerDetail(Versioned):
    """A transformer: rated power (kVA), voltages (kV) and losses without and at full load (kW)."""

    node = models.OneToOneField(Node, on_delete=models.CASCADE, primary_key=True, related_name="transformer")
    node_kind = models.CharField(max_length=20, default=NodeKind.TRANSFORMER)
    rated_kva = models.FloatField()
    primary_kv = models.FloatField()
    secondary_kv = models.FloatField()
    no_load_loss_kw = models.FloatField(null=True, blank=True)
    load_loss_kw = models.FloatField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(name="transformer_kind", condition=Q(node_kind="transformer")),
            models.CheckConstraint(
                name="transformer_ratings_positive",
                condition=Q(
                    rated_kva__gt=0,
                    rated_kva__lt=10_000_000,
                    primary_kv__gt=0,
                    primary_kv__lte=1150,
                    secondary_kv__gt=0,
                    secondary_kv__lte=1150,
                ),
            ),
            models.CheckConstraint(
                name="transformer_losses_plausible",
                condition=(Q(no_load_loss_kw=None) | Q(no_load_loss_kw__gte=0, no_load_loss_kw__lt=1_000_000))
                & (Q(load_loss_kw=None) | Q(load_loss_kw__gte=0, load_loss_kw__lt=1_000_000)),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.node}, {self.rated_kva:g} kVA"


class SwitchDetail(Versioned):
    """A switch or a feeder's head: closed (conducting) or open, and what it can carry."""

    class Type(models.TextChoices):
        BREAKER = "breaker", "circuit breaker"
        LOAD_BREAK = "load_break", "load-break switch"
        DISCONNECTOR = "disconnector", "disconnector"
        RECLOSER = "recloser", "recloser"
        FUSE = "fuse", "fuse"

    node = models.OneToOneField(Node, on_delete=models.CASCADE, primary_key=True, related_name="switch")
    node_kind = models.CharField(max_length=20, default=NodeKind.SWITCH)
    switch_type = models.CharField(max_length=12, choices=Type.choices, default=Type.LOAD_BREAK)
    status = models.CharField(
        max_length=6, default="closed", choices=[("closed", "closed"), ("open", "open")]
    )
    rated_current_a = models.FloatField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(name="switch_kind", condition=Q(node_kind__in=["switch", "feeder_head"])),
            models.CheckConstraint(name="switch_status_known", condition=Q(status__in=["closed", "open"])),
            models.CheckConstraint(
                name="switch_type_known",
                condition=Q(switch_type__in=["breaker", "load_break", "disconnector", "recloser", "fuse"]),
            ),
            models.CheckConstraint(
                name="switch_current_plausible",
                condition=Q(rated_current_a=None) | Q(rated_current_a__gt=0, rated_current_a__lt=1_000_000),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.node}, {self.status}"
