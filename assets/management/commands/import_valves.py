"""manage.py import_valves FILE.csv --network CODE"""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from assets.editing.services.valve_layer import import_valves, read_valve_table
from assets.networks.selectors.by_code import network_by_code
from gis_core.commands import ReportingCommand
from gis_core.selectors.organisation import user_by_name


class Command(ReportingCommand):
    help = (
        "Place isolation valves from a CSV file with the columns pipe,node: each in that pipe at that node's end. "
        "One edit; a row that cannot be placed is refused alone, with its reason."
    )

    def add_options(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="the CSV file")
        parser.add_argument("--network", required=True, help="code of the network")
        parser.add_argument("--user", help="username whose edit it is; that person can undo it")

    def report(self, **options: Any) -> dict[str, Any]:
        network = network_by_code(options["network"])
        rows = read_valve_table(options["file"])
        return import_valves(network, rows, acting_user=user_by_name(options["user"])).as_dict()

    def describe(self, result: dict[str, Any]) -> str:
        lines = [
            f"{result['network']}: {result['placed']} valves placed, {len(result['refused'])} rows refused"
        ]
        lines += [
            f"  row {entry['row']}: pipe {entry['pipe']}, node {entry['node']}: {entry['reason']}"
            for entry in result["refused"]
        ]
        return "\n".join(lines)
