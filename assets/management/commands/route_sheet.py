"""manage.py route_sheet CODE FILE.pdf --pipes P1,P2 | --from NODE --to NODE [--language uz|ru|en]"""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from assets.networks.selectors.by_code import network_by_code
from assets.route_sheets.selectors.routes import node_of_network
from assets.route_sheets.services import LANGUAGES, route_between, route_of_pipes, route_sheet_pdf
from gis_core.commands import ReportingCommand
from gis_core.errors import ReportedError


class Command(ReportingCommand):
    help = "Print the sheet of a route of pipes as a PDF: plan, segments, devices, land crossed, coordinates."

    def add_options(self, parser: CommandParser) -> None:
        parser.add_argument("code", help="the network's code")
        parser.add_argument("file", type=Path, help="the PDF to write")
        parser.add_argument("--pipes", help="codes of pipes that follow one another, with commas")
        parser.add_argument("--from", dest="start", help="code of the first node")
        parser.add_argument("--to", dest="goal", help="code of the last node")
        parser.add_argument("--language", choices=LANGUAGES, default="uz")
        parser.add_argument("--base-address", default="", help="where the QR code's map is, e.g. https://…")

    def report(self, **options: Any) -> dict[str, Any]:
        by_nodes = options["start"] is not None and options["goal"] is not None
        if (options["pipes"] is not None) == by_nodes or (options["start"] is None) != (
            options["goal"] is None
        ):
            raise CommandError("give either --pipes, or --from and --to", returncode=2)
        network = network_by_code(options["code"])
        if by_nodes:
            route = route_between(
                network,
                node_of_network(network, options["start"]),
                node_of_network(network, options["goal"]),
            )
        else:
            route = route_of_pipes(
                network, [name.strip() for name in options["pipes"].split(",") if name.strip()]
            )
        content = route_sheet_pdf(route, language=options["language"], base_address=options["base_address"])
        try:
            options["file"].write_bytes(content)
        except OSError as error:
            raise ReportedError(
                f"{options['file']} cannot be written: {error.strerror}.", code="unwritable"
            ) from error
        return {
            "network": network.code,
            "file": str(options["file"]),
            "bytes": len(content),
            "pipes": [pipe.code for pipe in route.pipes],
            "nodes": [node.code for node in route.nodes],
            "length_m": round(route.length_m, 3),
        }

    def describe(self, result: dict[str, Any]) -> str:
        return (
            f"{result['file']}: {len(result['pipes'])} pipes from {result['nodes'][0]} to {result['nodes'][-1]}, "
            f"{result['length_m']:,.1f} m"
        )
