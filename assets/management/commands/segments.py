"""manage.py segments CODE"""

from typing import Any

from django.core.management.base import CommandParser

from assets.networks.selectors.by_code import network_by_code
from assets.topology.selectors.segments import segments_of
from assets.topology.services.rebuilding import ensure_topology, rebuild_topology
from gis_core.commands import ReportingCommand


class Command(ReportingCommand):
    help = "List the segments of a network: the parts that closing its isolation valves shuts off."

    def add_options(self, parser: CommandParser) -> None:
        parser.add_argument("network", help="code of the network")
        parser.add_argument("--rebuild", action="store_true", help="compute them from nothing first")

    def report(self, **options: Any) -> dict[str, Any]:
        network = network_by_code(options["network"])
        (rebuild_topology if options["rebuild"] else ensure_topology)(network)
        return {"network": network.code, "segments": segments_of(network)}

    def describe(self, result: dict[str, Any]) -> str:
        segments = result["segments"]
        lines = [f"{result['network']}: {len(segments)} segments"]
        largest = sorted(segments, key=lambda segment: -segment["length_m"])[:20]
        for segment in largest:
            lines.append(
                f"  {segment['id']}: {len(segment['nodes'])} nodes, {len(segment['pipes'])} pipes, "
                f"{segment['length_m']:.0f} m, {len(segment['valves'])} valves"
            )
        if len(segments) > len(largest):
            lines.append(f"  and {len(segments) - len(largest)} smaller ones (all of them with --json)")
        return "\n".join(lines)
