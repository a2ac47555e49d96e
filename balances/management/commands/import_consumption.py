"""`manage.py import_consumption FILE.csv --network CODE`: consumption of zones that is billed elsewhere."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from balances.selectors.zones_by_code import balanced_network
from balances.zone_balances.services.imported_consumption import (
    NAMED_IN_DETAILS,
    REQUIRED,
    import_consumption,
)
from balances.zone_balances.services.zone_tables import BadRows, file_data, table_rows
from gis_core.commands import ReportingCommand
from gis_core.selectors.organisation import user_by_name


class Command(ReportingCommand):
    help = (
        "Take over consumption that is billed elsewhere, from a table with the columns zone, from, to, kind, volume_m3 "
        "(and connections, limit95_percent). Each volume is spread evenly over its days; the same zone, days and kind "
        "replaces. All rows or none."
    )

    def add_options(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="the CSV file")
        parser.add_argument("--network", required=True, help="code of the network")
        parser.add_argument("--user", help="who is acting, for the audit trail")

    def report(self, **options: Any) -> dict[str, Any]:
        network = balanced_network(options["network"])
        bad = BadRows(NAMED_IN_DETAILS)
        rows, decimal = table_rows(
            file_data(options["file"]), options["file"].name, required=REQUIRED, bad=bad
        )
        imported = import_consumption(
            network=network,
            rows=rows,
            decimal=decimal,
            bad=bad,
            acting_user=user_by_name(options["user"]),
        )
        return asdict(imported)
