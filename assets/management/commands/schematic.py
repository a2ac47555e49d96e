"""manage.py schematic CODE --zone ZONE [--svg FILE] [--direction right|down] [--json]"""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from assets.drawing.selectors.schematic_drawing import DIRECTIONS, schematic_svg
from assets.drawing.selectors.schematics import schematic_of
from assets.models import Zone
from assets.networks.selectors.by_code import network_by_code
from gis_core.commands import ReportingCommand
from gis_core.errors import ReportedError


class Command(ReportingCommand):
    help = "The schematic of a zone: its sources, meters, boundaries, storage and parts."

    def add_options(self, parser: CommandParser) -> None:
        parser.add_argument("code", help="the network's code")
        parser.add_argument("--zone", required=True, help="the zone's code")
        parser.add_argument("--svg", type=Path, help="draw it into this file")
        parser.add_argument(
            "--direction", choices=DIRECTIONS, default="right", help="of the drawing's layers"
        )

    def report(self, **options: Any) -> dict[str, Any]:
        network = network_by_code(options["code"])
        zone = Zone.objects.filter(network=network, code=options["zone"]).first()
        if zone is None:
            raise ReportedError(f"Network {network.code} has no zone {options['zone']}.", code="unknown_zone")
        found = schematic_of(network, zone)
        if options["svg"] is not None:
            drawing = schematic_svg(found, direction=options["direction"])
            options["svg"].write_text(drawing, encoding="utf-8")
        return found.as_dict()

    def describe(self, result: dict[str, Any]) -> str:
        lines = [f"{result['network']}, zone {result['zone']}"]
        for link in result["links"]:
            lines.append(f"  {link['from']} --{link['code'] or link['role']}--> {link['to']}")
        return "\n".join(lines)
