"""`manage.py detect_leaks (--zone Z|--network N) --from D [--to D]`: leaks, without looking ahead."""

from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from balances.leak_detection.selectors.zone_hours import instant_of, last_stamp
from balances.leak_detection.services.searching import (
    ZoneSearch,
    events_within,
    search_named,
    search_network,
)
from balances.management.options import add_period, days_of
from balances.selectors.leak_events import event_facts
from balances.selectors.zones_by_code import balanced_network, zone_by_code
from gis_core.access import Capability
from gis_core.commands import ReportingCommand
from gis_core.selectors.organisation import user_by_name

_FACTS = (
    "id zone_code kind started_at started_from started_to detected_at size_m3h size_limit_95_m3h confidence "
    "evidence state now"
).split()


class Command(ReportingCommand):
    help = "Find leaks in a zone, or in all measured zones of a network, from what was known at each moment."

    def add_options(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--zone", dest="zones", action="append", default=[], help="code of a zone, repeatable"
        )
        parser.add_argument("--network", help="code of a network")
        add_period(parser)
        parser.add_argument(
            "--user", help="who is acting: whose zones, and for the audit trail; all if absent"
        )

    def report(self, **options: Any) -> dict[str, Any]:
        if not (options["zones"] or options["network"]):
            raise CommandError("one of --zone and --network is required", returncode=2)
        days = days_of(options)
        since, until = _midnight(days.since), _midnight(days.until)
        user = user_by_name(options["user"])
        # It writes: seeing balances is not enough.
        held: dict[str, Any] = {"viewer": user, "capability": Capability.HANDLE_LEAK_EVENTS}
        if options["zones"]:
            codes = dict.fromkeys(options["zones"])
            zones = [zone_by_code(code, options["network"], **held) for code in codes]
            searches = search_named(zones=zones, until=until, acting_user=user)
        else:
            network = balanced_network(options["network"], **held)
            searches = search_network(network=network, until=until, acting_user=user)
        events = events_within([one.measured.zone for one in searches], since, until)
        others = [other for one in searches for other in _others(one, since, until)]
        return {
            "events": [{name: facts[name] for name in _FACTS} for facts in map(event_facts, events)],
            "other": sorted(others, key=lambda other: (other["detected_at"], other["zone_code"])),
        }

    def describe(self, result: dict[str, Any]) -> str:
        events = [
            f"{event['detected_at']} {event['zone_code']}: {event['kind']} of {event['size_m3h']:.1f} ± "
            f"{event['size_limit_95_m3h'] or 0:.1f} m3/h since {event['started_at']}, {event['state']}"
            for event in result["events"]
        ]
        others = [
            f"{other['detected_at']} {other['zone_code']}: {other['reason']} "
            f"{other['datastream'] or other['element'] or ''}".rstrip()
            for other in result["other"]
        ]
        return "\n".join([*events, *others]) or "nothing found"


def _others(search: ZoneSearch, since: datetime, until: datetime) -> list[dict[str, Any]]:
    found = []
    for other in search.others:
        moment = instant_of(other.decided_hour)
        if not since <= moment - timedelta(hours=1) < until:
            continue
        stamp = last_stamp(search.measured, other.decided_hour - 24, other.decided_hour)
        found.append(
            {
                "zone_code": search.measured.zone.code,
                "reason": other.reason,
                "started_at": timezone.localtime(instant_of(other.at_hour)).isoformat(),
                "detected_at": timezone.localtime(stamp).isoformat(),
                "datastream": None if other.logger is None else search.measured.codes.get(other.logger),
                "element": other.element,
                "change": other.change,
                "unit": other.unit,
                "score": other.score,
            }
        )
    return found


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=ZoneInfo(settings.TIME_ZONE))
