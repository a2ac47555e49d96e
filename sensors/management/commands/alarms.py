"""manage.py alarms [--evaluate] [--state STATE ...] [--json]"""

from typing import Any

from django.core.management.base import CommandParser

from gis_core.commands import ReportingCommand
from sensors.alarms.services.evaluating import evaluate_alarms
from sensors.models import Alarm, AlarmState
from sensors.series.services.roll_ups import refresh_roll_ups


class Command(ReportingCommand):
    help = "The alarms that are not closed; with --evaluate after evaluating all rules on what came in."

    def add_options(self, parser: CommandParser) -> None:
        parser.add_argument("--evaluate", action="store_true", help="evaluate the rules first")
        parser.add_argument("--state", action="append", choices=AlarmState.values, help="may be repeated")

    def report(self, **options: Any) -> dict[str, Any]:
        told: dict[str, Any] = {}
        if options["evaluate"]:
            refresh_roll_ups()
            result = evaluate_alarms()
            told["evaluated"] = {"pairs": result.pairs, "raised": result.raised, "cleared": result.cleared}
        alarms = Alarm.objects.select_related("rule", "datastream").order_by("pk")
        states = options["state"]
        alarms = alarms.filter(state__in=states) if states else alarms.exclude(state=AlarmState.CLOSED)
        told["alarms"] = [
            {
                "uid": str(alarm.uid),
                "rule": alarm.rule.name,
                "datastream": alarm.datastream.code,
                "severity": alarm.severity,
                "state": alarm.state,
                "value": alarm.value,
                "started_at": alarm.started_at.isoformat(),
                "ended_at": alarm.ended_at and alarm.ended_at.isoformat(),
                "times_raised": alarm.times_raised,
            }
            for alarm in alarms[:10_000]
        ]
        return told
