"""Imbalance of a month from the republic down to single zones: rows, their total, and the way back up."""

import json
from dataclasses import dataclass, fields
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import connection

from assets.models import Network
from balances.selectors.zone_balances import balances_unit
from gis_core.access import Capability, NotVisible, Viewer, visible
from gis_core.database.sql_files import load_sql
from gis_core.models import Division
from gis_core.selectors.organisation import division_seen_into, divisions_down_to, seen_paths

# From the top down; what lies below a level is shown on the next one.
LEVELS = ("republic", "region", "district", "network", "zone")
BASES = ("apportioned", "billed")
MONTHS_OF_TREND = 12
_DIVISION_LEVELS = {
    "republic": Division.Level.REPUBLIC,
    "region": Division.Level.REGION,
    "district": Division.Level.DISTRICT,
}


@dataclass(frozen=True)
class LossRow:
    """A unit's month; volumes in m3, None where no zone's data suffice. `trend` as in loss_summary.sql."""

    uid: str | None
    code: str
    name: str
    level: int | None
    network: str | None
    is_outline: bool
    month: date | None
    zones: int | None
    sufficient_zones: int | None
    supply_m3: Decimal | None
    apportioned_m3: Decimal | None
    billed_m3: Decimal | None
    unbilled_m3: Decimal | None
    imbalance_apportioned_m3: Decimal | None
    imbalance_billed_m3: Decimal | None
    limit_95_m3: Decimal | None
    service_points: int | None
    open_events: int
    trend: list[list[Any]]
    geometry: str | None

    @property
    def status(self) -> str:
        """`no_data` without any balance of the month, `insufficient` where no zone's data suffice."""
        if not self.zones:
            return "no_data"
        return "sufficient" if self.sufficient_zones else "insufficient"

    def imbalance(self, basis: str) -> Decimal | None:
        return self.imbalance_billed_m3 if basis == "billed" else self.imbalance_apportioned_m3

    @property
    def limit_share(self) -> float | None:
        return _share(self.limit_95_m3, self.supply_m3)

    def share(self, basis: str) -> float | None:
        return _share(self.imbalance(basis), self.supply_m3)


@dataclass(frozen=True)
class LossSummary:
    """The rows of a level below a parent, the way up, and the months that there are.

    `unit` is that of the rows' volumes: m3, or kWh of a network of energy.
    """

    level: str
    parent: str | None
    basis: str
    month: date | None
    months: list[date]
    crumbs: list[dict[str, str]]
    rows: list[LossRow]
    unit: str

    @property
    def total(self) -> dict[str, Any]:
        """Sums of the rows that are no mere outline of others; the limit is the root of the summed squares."""
        counted = [row for row in self.rows if not row.is_outline and row.status == "sufficient"]

        def add(name: str) -> Decimal:
            return sum((getattr(row, name) or Decimal(0) for row in counted), Decimal(0))

        limits = sum((float(row.limit_95_m3 or 0) ** 2 for row in counted), 0.0)
        return {
            "rows": len(counted),
            "zones": sum(row.zones or 0 for row in self.rows if not row.is_outline),
            "sufficient_zones": sum(row.sufficient_zones or 0 for row in self.rows if not row.is_outline),
            **{
                name: add(name) if counted else None
                for name in (
                    "supply_m3",
                    "apportioned_m3",
                    "billed_m3",
                    "unbilled_m3",
                    "imbalance_apportioned_m3",
                    "imbalance_billed_m3",
                )
            },
            "limit_95_m3": Decimal(limits**0.5).quantize(Decimal("0.001")) if counted else None,
        }


def loss_summary(
    viewer: Viewer,
    *,
    level: str,
    parent: str | None = None,
    month: date | None = None,
    basis: str = "apportioned",
    with_geometry: bool = False,
) -> LossSummary:
    """The losses of a month at a level, of what lies in `parent` and is the viewer's.

    `parent` is the code of a division, or of a network at the level `zone`. `month` absent is the newest one. Raises
    NotVisible for a parent that the viewer may not see into.
    """
    network = _network_of(viewer, parent) if level == "zone" and parent is not None else None
    is_in_division = network is None and parent is not None
    division = division_seen_into(viewer, parent or "", Capability.VIEW_BALANCES) if is_in_division else None
    scope = {
        "paths": seen_paths(viewer, Capability.VIEW_BALANCES),
        "parent_path": division.path if division is not None else "",
        "network_id": None if network is None else network.pk,
    }
    asked = {
        **scope,
        "unit": level if level in ("network", "zone") else "division",
        # Below the districts everything belongs to its own division, whatever its level.
        "level": _DIVISION_LEVELS.get(level, Division.Level.MAHALLA),
        "month": month,
        "months": MONTHS_OF_TREND,
        "with_geometry": with_geometry,
    }
    with connection.cursor() as cursor:
        cursor.execute(load_sql("balances", "loss_summary"), asked)
        rows = [_row(values) for values in cursor.fetchall()]
        cursor.execute(load_sql("balances", "loss_months"), scope)
        months = [found for (found,) in cursor.fetchall()]
    return LossSummary(
        level=level,
        parent=parent,
        basis=basis,
        month=rows[0].month if rows else month,
        months=months,
        crumbs=_crumbs(division, network),
        rows=rows,
        unit="m3" if network is None else balances_unit(network),
    )


def _row(values: tuple[Any, ...]) -> LossRow:
    named = dict(zip((column.name for column in fields(LossRow)), values, strict=True))
    trend = named["trend"]
    return LossRow(**{**named, "trend": json.loads(trend) if isinstance(trend, str) else trend})


def _share(imbalance: Decimal | float | None, supply: Decimal | float | None) -> float | None:
    return (
        None if imbalance is None or not supply or supply <= 0 else round(float(imbalance) / float(supply), 6)
    )


def trend_of(row: LossRow, basis: str) -> list[dict[str, Any]]:
    """The share of each month that has balances; None where no data sufficed."""
    position = 3 if basis == "billed" else 2
    return [{"month": entry[0], "share": _share(entry[position], entry[1])} for entry in row.trend]


def _network_of(viewer: Viewer, code: str) -> Network:
    networks = Network.objects.select_related("division")
    network = visible(networks, viewer, Capability.VIEW_BALANCES).filter(code=code).first()
    if network is None:
        raise NotVisible("no such network")
    return network


def _crumbs(division: Division | None, network: Network | None) -> list[dict[str, str]]:
    """The divisions from the top down to the parent, and the network, each with the level of what lies in it."""
    lowest = network.division if network is not None else division
    crumbs = []
    if lowest is not None:
        crumbs = [
            {"code": one.code, "name": one.name, "level": _level_inside(one)}
            for one in divisions_down_to(lowest)
        ]
    if network is not None:
        crumbs.append({"code": network.code, "name": network.name, "level": "zone"})
    return crumbs


def _level_inside(division: Division) -> str:
    """The level on which what lies in a division is shown."""
    inside = {Division.Level.REPUBLIC: "region", Division.Level.REGION: "district"}
    return inside.get(Division.Level(division.level), "network")
