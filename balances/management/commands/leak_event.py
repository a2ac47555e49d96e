"""`manage.py leak_event list|show UID|move UID --to STATE`: detected leaks and what is done about them."""

from argparse import ArgumentTypeError
from decimal import Decimal, InvalidOperation
from typing import Any

from django.core.management.base import CommandError, CommandParser

from balances.leak_detection.selectors.back_checks import event_document
from balances.models import LeakEvent, LeakEventState
from balances.selectors.leak_events import event_facts, leak_event_by_uid, leak_events_of
from balances.services.leak_events import LeakPlace, WantedMove, move_leak_event
from gis_core.access import Capability
from gis_core.commands import ReportingCommand
from gis_core.selectors.organisation import user_by_name


def _money(text: str) -> Decimal:
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise ArgumentTypeError(f"{text!r} is not a sum of money") from None
    if not value.is_finite():
        raise ArgumentTypeError(f"{text!r} is not a sum of money")
    return value


class Command(ReportingCommand):
    help = "List detected leaks, show one with its history, and take one through its states."

    def add_options(self, parser: CommandParser) -> None:
        parser.add_argument("do", choices=["list", "show", "move"])
        parser.add_argument("uid", nargs="?", help="show, move: the event")
        parser.add_argument("--zone", help="list: code of a zone")
        parser.add_argument("--network", help="list: code of a network")
        parser.add_argument("--division", help="list: code of a division, all below it included")
        parser.add_argument("--state", choices=LeakEventState.values, help="list: only those in this state")
        parser.add_argument(
            "--to", dest="to_state", choices=LeakEventState.values, help="move: the new state"
        )
        parser.add_argument(
            "--outcome", choices=LeakEvent.Outcome.values, default="", help="move: how it ended"
        )
        parser.add_argument("--leak", default="", help="move: number in the leak register of what was found")
        parser.add_argument("--pipe", help="move: code of the pipe where it was found, instead of --leak")
        parser.add_argument("--position", type=float, help="with --pipe: where on it, from 0 to 1")
        parser.add_argument("--cost", type=_money, help="move: what it cost, so‘m")
        parser.add_argument("--note", default="", help="move: why")
        parser.add_argument(
            "--user", help="whose view, and who is acting, for the audit trail; all if absent"
        )

    def report(self, **options: Any) -> dict[str, Any]:
        user = user_by_name(options["user"])
        if options["do"] == "list":
            names = ("zone", "network", "division", "state")
            events = leak_events_of(**{name: options[name] for name in names}, viewer=user)
            return {"events": [event_facts(event) for event in events]}
        if options["uid"] is None:
            raise CommandError(f"{options['do']} needs the uid of an event", returncode=2)
        is_move = options["do"] == "move"
        capability = Capability.HANDLE_LEAK_EVENTS if is_move else Capability.VIEW_BALANCES
        event = leak_event_by_uid(options["uid"], viewer=user, capability=capability)
        if is_move:
            event = move_leak_event(
                event=event,
                wanted=_wanted(options),
                acting_user=user,
                expected_version=event.version,
            )
        return event_document(event)

    def describe(self, result: dict[str, Any]) -> str:
        if "events" in result:
            return "\n".join(map(_line, result["events"])) or "no leak events"
        moves = [
            f"  {line['at']} {line['user'] or '-'}: {line['from']} > {line['to']} {line['note']}".rstrip()
            for line in result["history"]
        ]
        return "\n".join([_line(result), *moves])


def _wanted(options: dict[str, Any]) -> WantedMove:
    if options["to_state"] is None:
        raise CommandError("move needs --to", returncode=2)
    if (options["pipe"] is None) != (options["position"] is None):
        raise CommandError("--pipe and --position go together", returncode=2)
    if options["pipe"] is not None and options["leak"]:
        raise CommandError("give --leak or --pipe, not both", returncode=2)
    return WantedMove(
        to_state=options["to_state"],
        outcome=options["outcome"],
        leak_number=options["leak"],
        place=None if options["pipe"] is None else LeakPlace(options["pipe"], options["position"]),
        cost=options["cost"],
        note=options["note"],
    )


def _line(event: dict[str, Any]) -> str:
    return (
        f"{event['id']} {event['zone_code']} {event['state']}: {event['kind']} since {event['started_at']}, "
        f"{event['now']['size_m3h']:.2f} m3/h"
    )
