"""manage.py outage CODE --pipe P --from T --to T --reason WHY [--json], and what follows with --number N"""

from argparse import ArgumentTypeError
from datetime import datetime
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from assets.isolation.selectors.outages import subscribers_to_tell, told_as_csv
from assets.isolation.services import outages
from assets.models import Network, Outage
from assets.networks.selectors.by_code import network_by_code, pipe_by_code
from gis_core.commands import ReportingCommand
from gis_core.errors import ReportedError
from gis_core.selectors.organisation import user_by_name

ACTIONS = ("start", "finish", "cancel", "reschedule", "recompute", "show", "subscribers")


def instant_argument(text: str) -> datetime:
    """Parse an instant; without an offset it is local time."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is not an instant; write it as 2026-01-31T08:00") from None
    return timezone.make_aware(moment) if timezone.is_naive(moment) else moment


class Command(ReportingCommand):
    help = "Plan an outage that isolates a pipe, list those there are, and take one through its states."

    def add_options(self, parser: CommandParser) -> None:
        parser.add_argument("code", help="the network's code")
        parser.add_argument("--pipe", help="plan: code of the pipe to be isolated")
        parser.add_argument("--at", type=float, default=0.5, help="plan: where on it, from 0 to 1")
        parser.add_argument(
            "--inoperable", default="", help="plan: codes of valves that cannot be closed, V1,V2"
        )
        parser.add_argument("--reason", default="works on the network", help="plan: what people are told")
        parser.add_argument("--from", dest="starts_at", type=instant_argument, metavar="TIME")
        parser.add_argument("--to", dest="ends_at", type=instant_argument, metavar="TIME")
        parser.add_argument("--number", help="an outage that there is")
        parser.add_argument("--do", choices=ACTIONS, default="show", help="with --number")
        parser.add_argument("--valves", action="store_true", help="start: also set the valves closed")
        parser.add_argument("--csv", type=Path, help="subscribers: write them to this file")
        parser.add_argument("--user", help="username under which it is recorded")

    def report(self, **options: Any) -> dict[str, Any]:
        network = network_by_code(options["code"])
        if options["pipe"]:
            return _as_dict(self._plan(network, options))
        if options["number"]:
            return self._follow(network, options)
        rows = Outage.objects.filter(network=network).select_related("network")
        return {"network": network.code, "outages": [_as_dict(row) for row in rows]}

    def _plan(self, network: Network, options: dict[str, Any]) -> Outage:
        if options["starts_at"] is None or options["ends_at"] is None:
            raise CommandError("--pipe goes with --from and --to", returncode=2)
        return outages.plan_outage(
            network=network,
            pipe=pipe_by_code(network, options["pipe"]),
            starts_at=options["starts_at"],
            ends_at=options["ends_at"],
            reason=options["reason"],
            at=options["at"],
            inoperable=[code.strip() for code in options["inoperable"].split(",") if code.strip()],
            acting_user=user_by_name(options["user"]),
        )

    def _follow(self, network: Network, options: dict[str, Any]) -> dict[str, Any]:
        outage = Outage.objects.filter(network=network, number=options["number"]).first()
        if outage is None:
            raise ReportedError(
                f"Network {network.code} has no outage {options['number']}.", code="unknown_outage"
            )
        user = user_by_name(options["user"])
        match options["do"]:
            case "start":
                outage = outages.start_outage(outage, acting_user=user, close_valves=options["valves"])
            case "finish":
                outage = outages.finish_outage(outage, acting_user=user)
            case "cancel":
                outage = outages.cancel_outage(outage, acting_user=user)
            case "recompute":
                outage = outages.recompute_outage(outage, acting_user=user)
            case "reschedule":
                if options["starts_at"] is None or options["ends_at"] is None:
                    raise CommandError("reschedule goes with --from and --to", returncode=2)
                outage = outages.reschedule_outage(
                    outage, starts_at=options["starts_at"], ends_at=options["ends_at"], acting_user=user
                )
            case "subscribers":
                told = subscribers_to_tell(outage, viewer=None)
                if options["csv"] is not None:
                    options["csv"].write_text(told_as_csv(told), encoding="utf-8-sig", newline="")
                return {**_as_dict(outage), "told": told}
        return _as_dict(outage)

    def describe(self, result: dict[str, Any]) -> str:
        if "outages" in result:
            return "\n".join(map(_line, result["outages"])) or f"{result['network']}: no outages"
        lines = [_line(result), f"  close: {', '.join(result['close']) or 'nothing'}"]
        lines += [f"  conflict with {row['outage']}: {row['reason']}" for row in result["conflicts"]]
        lines += [
            f"  {row['account']} {row['name']}, {row['address']} {row['phone']}"
            for row in result.get("told", [])
        ]
        return "\n".join(lines)


def _line(row: dict[str, Any]) -> str:
    return (
        f"{row['number']} {row['state']}: pipe {row['pipe']}, {row['starts_at']} to {row['ends_at']}, "
        f"{row['subscribers']} subscribers, {row['length_m']:,.0f} m"
    )


def _as_dict(outage: Outage) -> dict[str, Any]:
    return {
        "uid": str(outage.uid),
        "network": outage.network.code,
        "number": outage.number,
        "state": outage.state,
        "reason": outage.reason,
        "pipe": outage.pipe_code,
        "starts_at": outage.starts_at.isoformat(),
        "ends_at": outage.ends_at.isoformat(),
        "started_at": outage.started_at and outage.started_at.isoformat(),
        "ended_at": outage.ended_at and outage.ended_at.isoformat(),
        "close": outage.close,
        "pipes": len(outage.pipe_ids),
        "nodes_without_water": len(outage.node_ids) + len(outage.cut_off_node_ids),
        "length_m": round(outage.length_m, 3),
        "volume_m3": round(outage.volume_m3, 3),
        "subscribers": outage.subscribers,
        "priority": outage.priority,
        "conflicts": outage.conflicts,
    }
