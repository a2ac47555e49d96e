"""`manage.py technical_losses --network N [--zone Z] --from P [--to P]`: technical losses beside the actual ones."""

from dataclasses import asdict
from math import inf
from typing import Any

from django.core.management.base import CommandError, CommandParser

from balances.management.options import add_period, days_of, number_argument, percent_argument
from balances.selectors.zones_by_code import balanced_network, zone_by_code
from balances.technical_losses.heat_norms import read_heat_norms
from balances.technical_losses.selectors.loss_settings import HeatNorm, LossSettings
from balances.technical_losses.selectors.network_losses import NetworkLosses, network_losses, read_streams
from gis_core.commands import ReportingCommand
from gis_core.selectors.organisation import user_by_name
from sensors.series.services.roll_ups import refresh_roll_ups
from sensors.series.units import FACTORS


class Command(ReportingCommand):
    help = "What follows from the network (background leakage, lines, norms of pipes), beside what was lost."

    def add_options(self, parser: CommandParser) -> None:
        parser.add_argument("--network", help="code of the network")
        parser.add_argument("--zone", help="one zone alone")
        add_period(parser)
        parser.add_argument("--icf", type=float, default=1.0, help="water: infrastructure condition factor")
        parser.add_argument(
            "--ageing-percent", type=float, default=0.0, help="water: what a main's factor gains a year"
        )
        parser.add_argument("--power-factor", type=float, default=0.92, help="electricity: cos phi")
        parser.add_argument(
            "--standard-percent", type=percent_argument, help="what a norm allows, of what was received"
        )
        parser.add_argument(
            "--air-kpa", type=number_argument(50, 120), help="gas: air pressure; else by elevation"
        )
        parser.add_argument(
            "--gas-temperature-c", type=number_argument(-60, 80), help="gas: where it is not measured"
        )
        parser.add_argument(
            "--compressibility", type=number_argument(0.2, 2), default=1.0, help="gas: relative, K"
        )
        parser.add_argument(
            "--gas-leakage-m3-km-day",
            type=number_argument(0, 10_000),
            help="gas: what sound pipes leak, standard m3",
        )
        parser.add_argument(
            "--cold-c", type=number_argument(0, 40), default=8.0, help="heat: the cold source"
        )
        parser.add_argument(
            "--supply-w-m", type=number_argument(0, 10_000), help="heat: norm of supply pipes"
        )
        parser.add_argument(
            "--return-w-m", type=number_argument(0, 10_000), help="heat: norm of return pipes"
        )
        parser.add_argument("--norms", metavar="FILE", help="heat: CSV circuit,up_to_diameter_mm,w_m")
        parser.add_argument(
            "--consumption-unit", choices=["kWh", "MWh", "GJ", "Gcal"], default="kWh", help="heat: as billed"
        )
        parser.add_argument("--parts", action="store_true", help="every main, line and transformer too")
        parser.add_argument("--user", help="whose view; all if absent")

    def report(self, **options: Any) -> dict[str, Any]:
        period = days_of(options)
        if options["network"] is None and options["zone"] is None:
            raise CommandError("give --network or --zone", returncode=2)
        if not 0 < options["icf"] <= 100 or not 0 <= options["ageing_percent"] <= 100:
            raise CommandError("--icf lies above 0, --ageing-percent between 0 and 100", returncode=2)
        if not 0.1 <= options["power_factor"] <= 1:
            raise CommandError("--power-factor lies between 0.1 and 1", returncode=2)
        settings = _settings(options)
        viewer = user_by_name(options["user"])
        if options["zone"] is not None:
            network = zone_by_code(options["zone"], options["network"], viewer=viewer).network
        else:
            network = balanced_network(options["network"], viewer=viewer)
        refresh_roll_ups(streams=read_streams(network))
        found = network_losses(network, period, settings)
        return _document(found, options["zone"], with_parts=options["parts"])


def _settings(options: dict[str, Any]) -> LossSettings:
    stated = {"supply": options["supply_w_m"], "return": options["return_w_m"]}
    if options["norms"] is not None and any(value is not None for value in stated.values()):
        raise CommandError("--norms goes without --supply-w-m and --return-w-m", returncode=2)
    norms = [] if options["norms"] is None else read_heat_norms(options["norms"])
    norms += [HeatNorm(circuit, inf, value) for circuit, value in stated.items() if value is not None]
    return LossSettings(
        condition_factor=options["icf"],
        ageing=options["ageing_percent"] / 100,
        power_factor=options["power_factor"],
        standard_percent=options["standard_percent"],
        air_kpa=options["air_kpa"],
        gas_temperature_c=options["gas_temperature_c"],
        compressibility=options["compressibility"],
        gas_leakage_m3_km_day=options["gas_leakage_m3_km_day"],
        cold_water_c=options["cold_c"],
        heat_norms=tuple(norms),
        consumed_kwh=FACTORS["energy"][options["consumption_unit"]],
    )


def _document(found: NetworkLosses, zone: str | None, *, with_parts: bool) -> dict[str, Any]:
    document: dict[str, Any] = {
        "network": found.network.code,
        "commodity": found.network.commodity,
        "unit": found.unit,
        "period_start": found.period.since.isoformat(),
        "period_end": found.period.until.isoformat(),
        "zones": [
            {
                "zone_code": row.zone_code,
                "parent": row.parent,
                "supply": row.flows.supply,
                "received": row.flows.received,
                "delivered": row.flows.delivered,
                "storage_change": row.flows.storage_change,
                "standard": row.standard,
                **asdict(row.parts),
                "known_parts": row.known_parts,
                "unknown_parts": row.unknown_parts,
                "reasons": list(row.flows.reasons),
            }
            for row in found.zones
            if zone is None or row.zone_code == zone
        ],
    }
    if with_parts:
        document["parts"] = [
            {
                "kind": part.kind,
                "code": part.code,
                "zone_code": None if part.zone_id is None else found.zone_codes[part.zone_id],
                "loss": part.loss,
                "reason": part.reason,
                **part.facts,
            }
            for part in found.parts
            if zone is None or (part.zone_id is not None and found.zone_codes[part.zone_id] == zone)
        ]
    return document
