"""manage.py simulate CODE --hours 24 [--json]"""

from typing import Any

from django.core.management.base import CommandParser

from assets.networks.selectors.by_code import network_by_code
from assets.simulation.services import simulate_network
from gis_core.commands import ProgressBar, ReportingCommand
from gis_core.selectors.organisation import user_by_name


class Command(ReportingCommand):
    help = "Run EPANET on the live network; store and print heads, pressures, demands and flows."

    def add_options(self, parser: CommandParser) -> None:
        parser.add_argument("code", help="the network's code")
        parser.add_argument("--hours", type=float, default=24.0, help="how long; 0 for a single moment")
        parser.add_argument("--user", help="username under which the run is recorded")

    def report(self, **options: Any) -> dict[str, Any]:
        with ProgressBar() as report_progress:
            simulation = simulate_network(
                network_by_code(options["code"]),
                hours=options["hours"],
                acting_user=user_by_name(options["user"]),
                report_progress=report_progress,
            )
        return simulation.as_dict()

    def describe(self, result: dict[str, Any]) -> str:
        pressures = [value for node in result["nodes"].values() for value in node["pressure_m"]]
        lines = [
            f"{result['network']}: {len(result['nodes'])} nodes, {len(result['links'])} links, "
            f"{len(result['times_s'])} times to {result['times_s'][-1] / 3600:g} h ({result['engine']}); "
            f"pressures from {min(pressures):.1f} to {max(pressures):.1f} m; run {result['run']}"
        ]
        lines += [f"  warning: {text}" for text in result["warnings"][:20]]
        for word in ("not_kept", "adjusted"):
            lines += [
                f"  {word.replace('_', ' ')}: {entry['element']}: {entry['reason']}"
                for entry in result[word][:20]
            ]
        return "\n".join(lines)
