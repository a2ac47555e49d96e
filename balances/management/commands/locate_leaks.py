"""`manage.py locate_leaks (--event UID ... | --zone Z --at INSTANT) [--until INSTANT] [--limit N]`: where leaks are."""

from argparse import ArgumentTypeError
from typing import Any

from django.core.management.base import CommandError, CommandParser

from assets.models import Zone
from assets.topology.services.rebuilding import ensure_topology
from balances.leak_location.selectors.locating import LocatedLeak, locate, locate_events, located_document
from balances.leak_location.selectors.network_model import read_network_model
from balances.leak_location.selectors.sizes import size_since
from balances.management.options import instant_argument
from balances.night_flow.selectors.zone_edge import zone_streams
from balances.selectors.leak_events import leak_event_by_uid
from balances.selectors.zones_by_code import zone_by_code
from gis_core.commands import ReportingCommand
from gis_core.selectors.organisation import user_by_name
from sensors.series.services.roll_ups import refresh_roll_ups


def _make_current(zone: Zone) -> None:
    ensure_topology(zone.network)
    refresh_roll_ups(streams=zone_streams(zone).ids)


def _count(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= 10_000:
        raise ArgumentTypeError(f"{text!r} is not a number from 1 to 10000")
    return int(text)


class Command(ReportingCommand):
    help = "Place leaks by the network's EPANET model: candidate pipes, the area that holds them, segments to close."

    def add_options(self, parser: CommandParser) -> None:
        parser.add_argument("--event", dest="events", action="append", default=[], help="uid, repeatable")
        parser.add_argument("--zone", help="code of a zone, with --at, where there is no event")
        parser.add_argument("--network", help="its network, where several have such a zone")
        parser.add_argument("--at", type=instant_argument, help="when the leak began")
        parser.add_argument(
            "--until", type=instant_argument, help="use values from before this instant alone"
        )
        parser.add_argument("--limit", type=_count, default=20, help="how many candidates are told")
        parser.add_argument("--user", help="whose view; all if absent")

    def report(self, **options: Any) -> dict[str, Any]:
        if bool(options["events"]) == bool(options["zone"]):
            raise CommandError("give --event, or --zone with --at", returncode=2)
        if bool(options["zone"]) != (options["at"] is not None):
            raise CommandError("--zone and --at go together", returncode=2)
        located = self._by_event(options) if options["events"] else [self._by_zone(options)]
        return {"events": [located_document(leak, options["limit"]) for leak in located]}

    def _by_event(self, options: dict[str, Any]) -> list[LocatedLeak]:
        user = user_by_name(options["user"])
        events = [leak_event_by_uid(uid, viewer=user) for uid in dict.fromkeys(options["events"])]
        for event in events:
            _make_current(event.zone)
        return locate_events(events, options["until"])

    def _by_zone(self, options: dict[str, Any]) -> LocatedLeak:
        zone = zone_by_code(options["zone"], options["network"], viewer=user_by_name(options["user"]))
        _make_current(zone)
        size = size_since(zone, options["at"], options["until"])
        return locate(
            zone=zone,
            model=read_network_model(zone.network),
            started=options["at"],
            until=options["until"] or size.until,
            size_m3h=size.size_m3h,
            size_error_m3h=size.error_m3h,
            event=None,
            known={},
        )

    def describe(self, result: dict[str, Any]) -> str:
        lines = []
        for leak in result["events"]:
            area = leak["area"]
            lines.append(
                f"{leak['event'] or leak['zone_code']}: {leak['size_m3h']:.1f} m3/h, {len(area['pipes'])} pipes of "
                f"{area['length_m']:.0f} m hold {100 * area['probability']:.0f} %"
            )
            lines += [
                f"  {one['rank']}. {one['pipe']} at {one['position']:.1f}: {100 * one['score']:.1f} %"
                for one in leak["candidates"]
            ]
        return "\n".join(lines)
