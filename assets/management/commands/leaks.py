"""manage.py leaks --network CODE [--state STATE] [--since DATE] [--json]"""

from datetime import date
from typing import Any

from django.core.management.base import CommandParser
from django.db.models import Count

from assets.models import LeakRecord
from assets.networks.selectors.by_code import network_by_code
from gis_core.commands import ReportingCommand


class Command(ReportingCommand):
    help = "The leak register of a network: how many leaks are in which state, and the leaks themselves."

    def add_options(self, parser: CommandParser) -> None:
        parser.add_argument("--network", required=True, help="the network's code")
        parser.add_argument(
            "--state", action="append", choices=LeakRecord.State.values, help="only these; may be repeated"
        )
        parser.add_argument("--since", type=date.fromisoformat, help="reported on this day or later")

    def report(self, **options: Any) -> dict[str, Any]:
        network = network_by_code(options["network"])
        leaks = LeakRecord.objects.filter(network=network)
        if options["state"]:
            leaks = leaks.filter(state__in=options["state"])
        if options["since"]:
            leaks = leaks.filter(reported_at__date__gte=options["since"])
        counted = leaks.order_by().values("state").annotate(count=Count("pk"))
        rows = leaks.select_related("attachment__node", "attachment__pipe").order_by("reported_at", "id")
        return {
            "network": network.code,
            "by_state": {row["state"]: row["count"] for row in counted},
            "leaks": [_as_dict(leak) for leak in rows],
        }

    def describe(self, result: dict[str, Any]) -> str:
        states = ", ".join(f"{count} {state}" for state, count in result["by_state"].items()) or "none"
        lines = [f"Leaks of {result['network']}: {states}."]
        lines += [
            f"  {leak['number']:<12} {leak['state']:<15} {leak['kind']:<11} "
            f"{'pipe ' + leak['pipe'] if leak['pipe'] else 'node ' + leak['node']}, reported {leak['reported_at']}"
            for leak in result["leaks"]
        ]
        return "\n".join(lines)


def _as_dict(leak: LeakRecord) -> dict[str, Any]:
    place = leak.attachment
    return {
        "uid": str(leak.uid),
        "number": leak.number,
        "state": leak.state,
        "source": leak.source,
        "kind": leak.kind,
        "cause": leak.cause,
        "estimated_loss_m3h": leak.estimated_loss_m3h,
        "reported_at": leak.reported_at.isoformat(),
        "located_at": leak.located_at and leak.located_at.isoformat(),
        "repaired_at": leak.repaired_at and leak.repaired_at.isoformat(),
        "node": place.node.code,
        "pipe": place.pipe.code if place.pipe else None,
        "position": place.position,
    }
