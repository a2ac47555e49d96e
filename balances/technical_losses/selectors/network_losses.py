"""Technical losses of a network by zone, beside what it received, delivered and lost."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from django.db import connection
from django.utils.translation import gettext_noop as _

from assets.models import Network
from balances.models import ZoneMeter
from balances.periods import DaySpan
from balances.technical_losses.deviation import LossParts, loss_parts
from balances.technical_losses.selectors.edge_amounts import EdgeAmount, edge_amounts
from balances.technical_losses.selectors.electric_parts import electric_parts
from balances.technical_losses.selectors.loss_settings import COVERAGE_GATE, LossSettings, PartLoss
from balances.technical_losses.selectors.piped_parts import (
    gas_parts,
    heat_parts,
    line_pack_by_zone,
    pressed_pipes,
    sum_known,
)
from balances.technical_losses.selectors.water_parts import water_parts
from gis_core.database.sql_files import load_sql
from gis_core.errors import ReportedError
from gis_core.sentences import Sentence
from sensors.models import Datastream

UNITS = {"water": "m3", "electricity": "kWh", "gas": "m3", "heat": "kWh"}


@dataclass(frozen=True)
class ZoneFlows:
    """What a zone received, delivered (to others and to its customers) and stored, in the commodity's unit.

    `supply` is what stayed in the zone: received less what went on to others and less what was stored.
    """

    received: float | None
    sent: float | None
    consumed: float | None
    storage_change: float | None
    reasons: tuple[str, ...] = ()

    @property
    def delivered(self) -> float | None:
        return sum_known([self.sent, self.consumed])

    @property
    def supply(self) -> float | None:
        if self.received is None or self.sent is None or self.storage_change is None:
            return None
        return self.received - self.sent - self.storage_change

    @property
    def lost(self) -> float | None:
        return None if self.supply is None or self.consumed is None else self.supply - self.consumed


@dataclass(frozen=True)
class ZoneTechnicalLoss:
    """A zone with all zones inside it, or (without a code) what lies in none. Amounts are in the commodity's unit.

    `standard` is what a norm allows: of heat by the norms of its pipes, else the stated percentage of what was
    received.
    """

    zone_code: str | None
    parent: str | None
    flows: ZoneFlows
    standard: float | None
    parts: LossParts
    known_parts: int
    unknown_parts: int


@dataclass(frozen=True)
class NetworkLosses:
    """The losses of a network's zones, by code, and of its single parts."""

    network: Network
    period: DaySpan
    unit: str
    zones: list[ZoneTechnicalLoss]
    parts: list[PartLoss]
    zone_codes: dict[int, str]


@dataclass(frozen=True)
class _KeptZone:
    """A row of kept_losses.sql."""

    zone_id: int
    code: str
    parent: str | None
    input: float | None
    output: float | None
    stored: float | None
    consumed: float | None
    imbalance: float | None
    read_consumption: float | None


def read_streams(network: Network) -> list[int]:
    """The series, by id, whose hours and days technical losses of a network rest on."""
    quantities = ("flow", "power", "current", "pressure", "temperature")
    found = Datastream.objects.filter(observed_property__in=quantities, deleted_at=None)
    return list(found.filter(thing__attachment__network=network).values_list("pk", flat=True))


def network_losses(network: Network, period: DaySpan, with_settings: LossSettings) -> NetworkLosses:
    """Technical losses over a period, by what is rolled up; the network must come from a scoped selector.

    A zone's technical loss is known where that of all its parts is. Its actual loss is that of the kept balances, each
    month of the period with enough data; of gas and heat it is found from the hours of the edge's meters (standard
    conditions, enthalpy) less the kept consumption. Raises ReportedError (`wrong_quantity`) for sewerage.
    """
    if network.commodity not in UNITS:
        raise ReportedError(
            Sentence(
                _("Technical losses are not computed of networks of {commodity}."),
                commodity=network.commodity,
            ),
            code="wrong_quantity",
        )
    kept = _kept(network, period)
    find = {"water": _of_water, "electricity": _of_electricity, "gas": _of_gas, "heat": _of_heat}
    parts, flows = find[network.commodity](network, period, with_settings, kept)
    codes = {row.zone_id: row.code for row in kept}
    zones = _zones(kept, parts, flows, _standard_of(network, with_settings))
    return NetworkLosses(network, period, UNITS[network.commodity], zones, parts, codes)


def _kept(network: Network, period: DaySpan) -> list[_KeptZone]:
    whole = period.since.day == 1 and period.until.day == 1
    months = (period.until.year - period.since.year) * 12 + period.until.month - period.since.month
    with connection.cursor() as cursor:
        cursor.execute(
            load_sql("balances.technical_losses", "kept_losses"),
            {
                "network_id": network.pk,
                "since": period.since,
                "until": period.until,
                # No number of months is a part of one.
                "months": months if whole else -1,
                "coverage_gate": COVERAGE_GATE,
            },
        )
        return [_KeptZone(*row) for row in cursor.fetchall()]


_Found = tuple[list[PartLoss], dict[int, ZoneFlows]]


def _of_water(
    network: Network, period: DaySpan, with_settings: LossSettings, kept: list[_KeptZone]
) -> _Found:
    return water_parts(network, period, with_settings), _kept_flows(kept)


def _of_electricity(
    network: Network, period: DaySpan, with_settings: LossSettings, kept: list[_KeptZone]
) -> _Found:
    return electric_parts(network, period, with_settings), _kept_flows(kept)


def _kept_flows(kept: Iterable[_KeptZone]) -> dict[int, ZoneFlows]:
    return {
        row.zone_id: ZoneFlows(
            row.input,
            row.output,
            row.consumed,
            row.stored,
            () if row.imbalance is not None else ("no_balance",),
        )
        for row in kept
    }


def _of_gas(network: Network, period: DaySpan, with_settings: LossSettings, kept: list[_KeptZone]) -> _Found:
    edges = edge_amounts(network, period, with_settings)
    pipes = pressed_pipes(network, period)
    temperature = edges.temperature_c if edges.temperature_c is not None else with_settings.gas_temperature_c
    own = line_pack_by_zone(pipes, temperature_c=temperature, with_settings=with_settings)
    inside = _inside(kept)
    flows = {}
    for row in kept:
        packed = sum_known([own[zone_id] for zone_id in inside[row.zone_id] if zone_id in own])
        flows[row.zone_id] = _metered_flows(row, edges.of_zone, 1.0, packed, "no_line_pack")
    return gas_parts(pipes, period.days, with_settings), flows


def _of_heat(network: Network, period: DaySpan, with_settings: LossSettings, kept: list[_KeptZone]) -> _Found:
    edges = edge_amounts(network, period, with_settings)
    storages = ZoneMeter.objects.filter(zone__network=network, role="storage", removed_at=None)
    with_storage = set(storages.values_list("zone_id", flat=True))
    inside = _inside(kept)
    flows = {}
    for row in kept:
        # What stands in the pipes is warm in the end as it was: not counted. How warm a storage is nothing says.
        stored = None if with_storage.intersection(inside[row.zone_id]) else 0.0
        flows[row.zone_id] = _metered_flows(
            row, edges.of_zone, with_settings.consumed_kwh, stored, "no_storage"
        )
    return heat_parts(pressed_pipes(network, period), period.days, with_settings), flows


def _metered_flows(
    row: _KeptZone, edges: dict[int, EdgeAmount], unit: float, stored: float | None, unstored: str
) -> ZoneFlows:
    edge = edges.get(row.zone_id, EdgeAmount(None, None, ("no_meter",)))
    consumed = None if row.read_consumption is None else unit * row.read_consumption
    reasons = [*edge.reasons]
    if consumed is None:
        reasons.append("no_consumption")
    if stored is None:
        reasons.append(unstored)
    return ZoneFlows(edge.received, edge.sent, consumed, stored, tuple(reasons))


def _standard_of(
    network: Network, with_settings: LossSettings
) -> Callable[[ZoneFlows, float | None], float | None]:
    percent = with_settings.standard_percent

    def standard(flows: ZoneFlows, technical: float | None) -> float | None:
        if percent is not None:
            return None if flows.received is None else flows.received * percent / 100
        # The norms of heat pipes are the standard itself.
        return technical if network.commodity == "heat" else None

    return standard


def _inside(kept: Iterable[_KeptZone]) -> dict[int, list[int]]:
    """The zones that lie in each, itself too."""
    rows = list(kept)
    ids = {row.code: row.zone_id for row in rows}
    parent_of = {row.zone_id: ids.get(row.parent or "") for row in rows}
    inside: dict[int, list[int]] = defaultdict(list)
    for zone_id in parent_of:
        above: int | None = zone_id
        while above is not None:
            inside[above].append(zone_id)
            above = parent_of[above]
    return inside


def _zones(
    kept: list[_KeptZone],
    parts: Iterable[PartLoss],
    flows: dict[int, ZoneFlows],
    standard_of: Callable[[ZoneFlows, float | None], float | None],
) -> list[ZoneTechnicalLoss]:
    """Each zone with what lies in it and in the zones inside it; then what lies in none, if anything does."""
    of_zone: dict[int | None, list[PartLoss]] = defaultdict(list)
    for part in parts:
        of_zone[part.zone_id].append(part)
    inside = _inside(kept)
    rows = [
        _zone(
            row.code,
            row.parent,
            flows[row.zone_id],
            [part for zone_id in inside[row.zone_id] for part in of_zone[zone_id]],
            standard_of,
        )
        for row in kept
    ]
    if of_zone[None]:
        rows.append(_zone(None, None, ZoneFlows(None, None, None, None), of_zone[None], standard_of))
    return rows


def _zone(
    code: str | None,
    parent: str | None,
    flows: ZoneFlows,
    parts: list[PartLoss],
    standard_of: Callable[[ZoneFlows, float | None], float | None],
) -> ZoneTechnicalLoss:
    technical = sum_known(part.loss for part in parts) if parts else None
    known = sum(part.loss is not None for part in parts)
    return ZoneTechnicalLoss(
        code,
        parent,
        flows,
        standard_of(flows, technical),
        loss_parts(flows.lost, technical),
        known,
        len(parts) - known,
    )
