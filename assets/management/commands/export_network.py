"""manage.py export_network CODE FILE --format epanet|geopackage|geojson|dxf|csv [--force] [--json]"""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from assets.exchange.services.export import EXPORT_FORMATS, export_network
from assets.networks.selectors.by_code import network_by_code
from gis_core.commands import ReportingCommand


class Command(ReportingCommand):
    help = "Write a network to a file, and say what of it the format cannot hold."

    def add_options(self, parser: CommandParser) -> None:
        parser.add_argument("code", help="the network's code")
        parser.add_argument("file", type=Path, help="the file to write: .inp, .gpkg, .geojson, .dxf or .csv")
        parser.add_argument("--format", required=True, choices=EXPORT_FORMATS, dest="file_format")
        parser.add_argument("--force", action="store_true", help="replace the file if it exists")

    def report(self, **options: Any) -> dict[str, Any]:
        result = export_network(
            network_by_code(options["code"]),
            options["file"],
            options["file_format"],
            overwrite=options["force"],
        )
        return result.as_dict()

    def describe(self, result: dict[str, Any]) -> str:
        counts = ", ".join(f"{number} {kind}" for kind, number in result["counts"].items())
        lines = [f"{result['file']}: {counts}; coordinates: {result['crs']}"]
        for word in ("not_kept", "adjusted", "renamed"):
            for entry in result[word][:20]:
                what = entry.get("reason") or f"is {entry['epanet_id']} there"
                lines.append(f"  {word.replace('_', ' ')}: {entry['element']}: {what}")
            if len(result[word]) > 20:
                lines.append(
                    f"  {word.replace('_', ' ')}: and {len(result[word]) - 20} more (all with --json)"
                )
        return "\n".join(lines)
