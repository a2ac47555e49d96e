"""`manage.py compute_balances --network CODE --from YYYY-MM [--to YYYY-MM]`: zone balances by day and month."""

from typing import Any

from django.core.management.base import CommandParser

from assets.networks.selectors.by_code import network_by_code
from balances.services.zone_balances import compute_balances
from gis_core.commands import ProgressBar, ReportingCommand, month_argument
from gis_core.selectors.organisation import user_by_name


class Command(ReportingCommand):
    help = "Compute the daily and monthly balances of a network's zones; again with the same data changes nothing."

    def add_options(self, parser: CommandParser) -> None:
        parser.add_argument("--network", required=True, help="code of the network")
        parser.add_argument("--from", dest="first_month", required=True, type=month_argument, help="YYYY-MM")
        parser.add_argument(
            "--to", dest="last_month", type=month_argument, help="YYYY-MM, the first month if absent"
        )
        parser.add_argument("--user", help="who is acting, for the audit trail")

    def report(self, **options: Any) -> dict[str, Any]:
        network = network_by_code(options["network"])
        with ProgressBar() as bar:
            counts = compute_balances(
                network=network,
                first_month=options["first_month"],
                last_month=options["last_month"] or options["first_month"],
                acting_user=user_by_name(options["user"]),
                report_progress=bar,
            )
        return {"network": network.code, **counts}
