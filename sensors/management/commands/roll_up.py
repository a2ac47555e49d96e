"""manage.py roll_up [--json]"""

from typing import Any

from gis_core.commands import ReportingCommand
from sensors.series.services.roll_ups import refresh_roll_ups


class Command(ReportingCommand):
    help = "Bring hourly and daily roll-ups up to date with the values; only touched buckets are computed."

    def report(self, **options: Any) -> dict[str, Any]:
        return {"datastream_days": refresh_roll_ups().days}
