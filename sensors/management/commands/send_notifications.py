"""manage.py send_notifications [--json]"""

from dataclasses import asdict
from typing import Any

from gis_core.commands import ReportingCommand
from sensors.alarms.services.sending import send_notifications


class Command(ReportingCommand):
    help = "Send what waits in the outbox of alarms."

    def report(self, **options: Any) -> dict[str, Any]:
        return asdict(send_notifications())
