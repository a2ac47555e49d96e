"""manage.py validate_network CODE [--bbox W,S,E,N] [--all] [--json]"""

import re
import sys
from argparse import ArgumentTypeError
from typing import Any

from django.core.management.base import CommandError, CommandParser

from assets.models import Finding, Network
from assets.validation.services import CATALOGUE, parse_bbox, validate_network
from assets.validation.services.ground import Box
from gis_core.commands import ReportingCommand
from gis_core.errors import ReportedError
from gis_core.selectors.organisation import user_by_name


def bbox_argument(text: str) -> Box:
    """Parse W,S,E,N in degrees."""
    try:
        return parse_bbox(text)
    except ReportedError as error:
        raise ArgumentTypeError(error.message) from None


class Command(ReportingCommand):
    help = "Check a network: by default the ground that was edited since it was last checked."

    result: dict[str, Any]

    def add_options(self, parser: CommandParser) -> None:
        # argparse takes "-70.1,41.2" for an option unless it looks like a number to it.
        parser._negative_number_matcher = re.compile(r"^-\d")
        parser.add_argument("code", help="the network's code")
        where = parser.add_mutually_exclusive_group()
        where.add_argument(
            "--bbox",
            type=bbox_argument,
            action="append",
            metavar="W,S,E,N",
            help="only this ground; may be repeated",
        )
        where.add_argument("--all", action="store_true", dest="is_everything", help="the whole network")
        parser.add_argument(
            "--check",
            action="append",
            choices=sorted(CATALOGUE),
            metavar="CODE",
            help="only this check; may be repeated",
        )
        parser.add_argument(
            "--fail-on",
            choices=Finding.Severity.values,
            help="exit 1 when something of this severity or worse is found and not accepted",
        )
        parser.add_argument("--user", help="username under which the audit trail records the run")

    def report(self, **options: Any) -> dict[str, Any]:
        network = Network.objects.select_related("division").filter(code=options["code"]).first()
        if network is None:
            raise ReportedError(f"There is no network {options['code']}.", code="unknown_network")
        if options["bbox"] and len(options["bbox"]) > 100:
            raise CommandError("at most 100 boxes", returncode=2)
        self.result = validate_network(
            network,
            acting_user=user_by_name(options["user"]),
            boxes=options["bbox"],
            is_everything=options["is_everything"],
            only=options["check"],
        ).as_dict()
        return self.result

    def handle(self, *args: Any, **options: Any) -> None:
        super().handle(*args, **options)
        if options["fail_on"] and self._fails(options["fail_on"]):
            sys.exit(1)

    def _fails(self, severity: str) -> bool:
        order = list(Finding.Severity.values)
        worst = order[: order.index(severity) + 1]
        return any(not row["is_accepted"] and row["severity"] in worst for row in self.result["findings"])

    def describe(self, result: dict[str, Any]) -> str:
        counts = ", ".join(f"{number} {severity}(s)" for severity, number in result["by_severity"].items())
        lines = [
            f"{result['network']} ({result['mode']}): {result['checked_nodes']:,} nodes and "
            f"{result['checked_pipes']:,} lines checked; {counts or 'nothing to look at'}",
            f"  {result['new']} new, {result['resolved']} resolved, {result['accepted']} accepted; "
            f"{result['cleared_areas']} dirty area(s) cleared",
        ]
        lines += [
            f"  {row['severity']}: {row['check']}: {row['explanation']}" for row in result["findings"][:50]
        ]
        if result["found"] > 50:
            lines.append(f"  and {result['found'] - 50} more (with --json)")
        lines += [f"  not run: {entry['check']}: {entry['reason']}" for entry in result["skipped_checks"]]
        return "\n".join(lines)
