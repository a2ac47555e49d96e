"""`manage.py make_zones NETWORK FILE.csv [--dry-run]`: zones, their parents and their nodes, from a table."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from balances.selectors.zones_by_code import balanced_network
from balances.zone_balances.services.zone_tables import BadRows, file_data, table_rows
from balances.zone_balances.services.zoning import NAMED_IN_DETAILS, REQUIRED, make_zones
from gis_core.commands import ReportingCommand
from gis_core.selectors.organisation import user_by_name


class Command(ReportingCommand):
    help = (
        "Make the zones of a network from a table with the columns node, zone, parent (and name). A row without a node "
        "declares a zone; node:X and device:X name one of two with the same code. All rows or none."
    )

    def add_options(self, parser: CommandParser) -> None:
        parser.add_argument("network", help="code of the network")
        parser.add_argument("file", type=Path, help="the CSV file")
        parser.add_argument("--dry-run", action="store_true", help="say what would change, change nothing")
        parser.add_argument("--user", help="who is acting, for the audit trail")

    def report(self, **options: Any) -> dict[str, Any]:
        network = balanced_network(options["network"])
        bad = BadRows(NAMED_IN_DETAILS)
        rows, _decimal = table_rows(
            file_data(options["file"]), options["file"].name, required=REQUIRED, bad=bad
        )
        made = make_zones(
            network=network,
            rows=rows,
            bad=bad,
            acting_user=user_by_name(options["user"]),
            is_dry_run=options["dry_run"],
        )
        return asdict(made)

    def describe(self, result: dict[str, Any]) -> str:
        lines = [
            f"{result['network']}: {result['created']} zones made, {result['moved']} nodes moved, "
            f"{result['unchanged']} unchanged, {result['unzoned']} in no zone"
        ]
        lines += [
            f"  {zone['zone_code']} in {zone['parent'] or '-'}: {zone['nodes']} nodes"
            for zone in result["zones"]
        ]
        lines += [
            f"  {edge['pipe']}: {edge['from_zone'] or '-'} to {edge['to_zone'] or '-'}, "
            f"{edge['datastream'] or 'not measured'}"
            for edge in result["boundary"]
        ]
        return "\n".join(lines)
