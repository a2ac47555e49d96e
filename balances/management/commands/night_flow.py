"""`manage.py night_flow --zone Z --from D [--to D] [--n1 1.15] [--population N]`: night flow and leakage."""

from dataclasses import asdict
from typing import Any

from django.core.management.base import CommandError, CommandParser

from balances.management.options import add_period, days_of
from balances.night_flow.leakage import DEFAULT_N1
from balances.night_flow.selectors.nights import NightFlows, NightLeakage, NightSettings, night_flows
from balances.night_flow.selectors.zone_edge import zone_streams
from balances.selectors.zones_by_code import zone_by_code
from gis_core.commands import ReportingCommand
from gis_core.selectors.organisation import user_by_name
from sensors.series.services.roll_ups import refresh_roll_ups

# Ten years: longer spans are asked for year by year.
MOST_NIGHTS = 3_660


class Command(ReportingCommand):
    help = "The least hourly flow of each night of a zone, legitimate use taken off, and the leakage of its days."

    def add_options(self, parser: CommandParser) -> None:
        parser.add_argument("--zone", required=True, help="code of the zone")
        parser.add_argument("--network", help="its network, where several have such a zone")
        add_period(parser)
        parser.add_argument("--n1", type=float, default=DEFAULT_N1, help="exponent of leakage over pressure")
        parser.add_argument(
            "--population", type=int, help="people in the zone; absent: night use is not taken off"
        )
        parser.add_argument("--icf", type=float, default=1.0, help="infrastructure condition factor")
        parser.add_argument("--user", help="whose view; all if absent")

    def report(self, **options: Any) -> dict[str, Any]:
        period = days_of(options)
        if period.days > MOST_NIGHTS:
            raise CommandError(f"at most {MOST_NIGHTS} nights at once", returncode=2)
        if not 0 <= options["n1"] <= 3 or not 0 < options["icf"] <= 100:
            raise CommandError("--n1 lies between 0 and 3, --icf above 0", returncode=2)
        if options["population"] is not None and options["population"] < 0:
            raise CommandError("--population is not below zero", returncode=2)
        zone = zone_by_code(options["zone"], options["network"], viewer=user_by_name(options["user"]))
        streams = zone_streams(zone)
        refresh_roll_ups(streams=[logger.datastream_id for logger in streams.loggers])
        with_settings = NightSettings(options["n1"], options["population"], options["icf"])
        return document(night_flows(zone, streams, period, with_settings))

    def describe(self, result: dict[str, Any]) -> str:
        lines = [
            f"{night['date']} {night['status']}: net {_figure(night['net_m3h'])} m3/h, "
            f"leakage {_figure(night['leakage_m3_day'])} m3 a day"
            for night in result["nights"]
        ]
        total = (
            f"{result['zone_code']}: {_figure(result['leakage_m3'])} ± {_figure(result['limit_95_m3'])} m3"
        )
        return "\n".join([*lines, total])


def document(flows: NightFlows) -> dict[str, Any]:
    """The answer as its readers expect it; unknown figures are null."""
    return {
        "zone_code": flows.zone.code,
        "leakage_m3": flows.leakage_m3,
        "limit_95_m3": flows.limit_95_m3,
        "nights": [_facts(night) for night in flows.nights],
    }


def _facts(night: NightLeakage) -> dict[str, Any]:
    facts = asdict(night)
    facts.pop("limit_95_m3_day")
    coverage = facts.pop("coverage")
    return {
        **facts,
        "date": night.date.isoformat(),
        "at": night.at.isoformat() if night.at else None,
        "coverage": coverage,
        "status": night.status,
    }


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:,.3f}"
