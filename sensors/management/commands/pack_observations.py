"""manage.py pack_observations [--month YYYY-MM] [--dry-run] [--json]"""

from dataclasses import asdict
from typing import Any

from django.core.management.base import CommandParser

from gis_core.commands import ReportingCommand
from sensors.management.month_option import month_of
from sensors.series.services.packing import months_to_pack, pack_month


class Command(ReportingCommand):
    help = "Pack the raw values of closed months (or of one) to a few bytes each; nothing reads differently."

    def add_options(self, parser: CommandParser) -> None:
        parser.add_argument("--month", type=month_of, help="only this month, as YYYY-MM")
        parser.add_argument("--dry-run", action="store_true", help="only say which months would be packed")

    def report(self, **options: Any) -> dict[str, Any]:
        months = [options["month"]] if options["month"] else months_to_pack()
        if options["dry_run"]:
            return {"months": [f"{month:%Y-%m}" for month in months], "packed": []}
        packed = [pack_month(month) for month in months]
        return {
            "months": [f"{month:%Y-%m}" for month in months],
            "packed": [
                {
                    **asdict(result),
                    "bytes_per_observation": round(result.bytes_after / result.observations, 2),
                }
                for result in packed
            ],
        }
