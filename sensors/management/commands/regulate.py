"""manage.py regulate [--json]"""

from dataclasses import asdict
from typing import Any

from gis_core.commands import ReportingCommand
from sensors.regulators.services.controlling import regulate


class Command(ReportingCommand):
    help = "Look at every regulator once and give the commands that are due."

    def report(self, **options: Any) -> dict[str, Any]:
        return asdict(regulate())
