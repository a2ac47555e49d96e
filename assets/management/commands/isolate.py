"""manage.py isolate CODE --pipe P [--at 0.5] [--inoperable V1,V2]"""

from typing import Any

from django.core.management.base import CommandParser

from assets.isolation.services import isolate
from assets.networks.selectors.by_code import network_by_code, pipe_by_code
from gis_core.commands import ReportingCommand


class Command(ReportingCommand):
    help = "Say which valves isolate a pipe, and what and who is then without water. Changes nothing."

    def add_options(self, parser: CommandParser) -> None:
        parser.add_argument("network", help="code of the network")
        parser.add_argument("--pipe", required=True, help="code of the broken pipe")
        parser.add_argument("--at", type=float, default=0.5, help="where on it: 0 its start, 1 its end")
        parser.add_argument(
            "--inoperable", default="", metavar="V1,V2", help="codes of valves that cannot be closed"
        )

    def report(self, **options: Any) -> dict[str, Any]:
        network = network_by_code(options["network"])
        valves = [code for code in (part.strip() for part in options["inoperable"].split(",")) if code]
        pipe = pipe_by_code(network, options["pipe"])
        return isolate(network, pipe=pipe, at=options["at"], inoperable=valves).as_dict()

    def describe(self, result: dict[str, Any]) -> str:
        valves = ", ".join(result["close"]) or "none"
        return "\n".join(
            [
                f"close: {valves}",
                f"isolated: {len(result['pipes'])} pipes, {result['length_m']:.0f} m, "
                f"{result['volume_m3']:.1f} m3, {len(result['nodes'])} nodes",
                f"cut off beyond: {len(result['cut_off'])} nodes",
                f"subscribers: {result['subscribers']}, with priority: {len(result['priority'])}",
            ]
        )
