"""manage.py drop_observations --before YYYY-MM [--dry-run] [--json]"""

from typing import Any

from django.core.management.base import CommandParser

from gis_core.commands import ReportingCommand
from sensors.management.month_option import month_of
from sensors.series.services.packing import drop_month, months_stored


class Command(ReportingCommand):
    help = "Let go of raw values and corrections of all months before one, by dropping partitions; roll-ups stay."

    def add_options(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--before", type=month_of, required=True, help="the first month that is kept, as YYYY-MM"
        )
        parser.add_argument("--dry-run", action="store_true", help="only say which months would go")

    def report(self, **options: Any) -> dict[str, Any]:
        months = [month for month in months_stored() if month < options["before"]]
        listed = [f"{month:%Y-%m}" for month in months]
        if options["dry_run"]:
            return {"months": listed, "dropped": []}
        return {"months": listed, "dropped": [f"{month:%Y-%m}" for month in months if drop_month(month)]}
