"""`manage.py compute_balances (--network|--division|--zone) --from P [--to P]`: balances by day, month and year."""

from typing import Any

from django.core.management.base import CommandError, CommandParser

from balances.management.options import add_period, days_of, instant_argument
from balances.selectors.zones_by_code import zone_scope
from balances.zone_balances.selectors.balance_rows import balance_rows
from balances.zone_balances.services.computation import balances_as_of, compute_networks, whole_years
from gis_core.access import Capability
from gis_core.commands import ProgressBar, ReportingCommand
from gis_core.selectors.organisation import user_by_name


class Command(ReportingCommand):
    help = (
        "Compute the balances of zones by day, month and year; again with the same data changes nothing. "
        "Only what late or corrected values touch is computed anew, with --full all of it."
    )

    def add_options(self, parser: CommandParser) -> None:
        parser.add_argument("--network", help="code of a network")
        parser.add_argument("--division", help="code of a division, with all below it")
        parser.add_argument(
            "--zone",
            dest="zones",
            action="append",
            default=[],
            help="code of a zone, repeatable; rows of it alone",
        )
        add_period(parser)
        parser.add_argument("--daily", action="store_true", help="rows of days, too")
        parser.add_argument("--full", action="store_true", help="compute everything anew")
        parser.add_argument("--as-of", type=instant_argument, help="as known at this instant; stores nothing")
        parser.add_argument(
            "--user", help="who is acting: whose zones, and for the audit trail; all if absent"
        )

    def report(self, **options: Any) -> dict[str, Any]:
        if not (options["network"] or options["division"] or options["zones"]):
            raise CommandError("one of --network, --division and --zone is required", returncode=2)
        days = days_of(options)
        user = user_by_name(options["user"])
        scope = zone_scope(
            network=options["network"],
            division=options["division"],
            zones=options["zones"],
            viewer=user,
            capability=Capability.COMPUTE_BALANCES,
        )
        zone_ids = [zone.pk for zone in scope.zones]
        asked: dict[str, Any] = {"since": days.since, "last_day": days.last_day}
        if options["as_of"] is not None:
            counts, rows = balances_as_of(
                scope.networks,
                **asked,
                as_of=options["as_of"],
                zone_ids=zone_ids,
                with_days=options["daily"],
            )
        else:
            with ProgressBar() as bar:
                bar("Balances", 0, 1)
                counts = compute_networks(scope.networks, **asked, acting_user=user, is_full=options["full"])
                bar("Balances", 1, 1)
            rows = balance_rows(
                zone_ids=zone_ids,
                **asked,
                years=whole_years(days.since, days.last_day),
                with_days=options["daily"],
            )
        codes = [network.code for network in scope.networks]
        return {
            "network": codes[0] if len(codes) == 1 else None,
            "networks": codes,
            **counts,
            "rows": [row.as_dict() for row in rows],
        }

    def describe(self, result: dict[str, Any]) -> str:
        head = (
            f"{', '.join(result['networks'])}: {result['zones']} zones, {result['days']} days, "
            f"{result['balances']} balances, {result['written']} of them changed"
        )
        lines = [
            f"{row['zone_code']:<16} {row['granularity']:<5} {row['period_start']} "
            f"supply {_figure(row['supply_m3'])} apportioned {row['apportioned_m3']} m3 "
            f"imbalance {_figure(row['imbalance_apportioned_m3'])} m3 ({_figure(row['imbalance_percent'])} %) "
            f"{row['status']} {', '.join(_reason(reason) for reason in row['reasons'])}".rstrip()
            for row in result["rows"]
        ]
        return "\n".join([head, *lines])


def _figure(value: Any) -> str:
    return "-" if value is None else str(value)


def _reason(reason: dict[str, Any]) -> str:
    return f"{reason['datastream'] or ''} {reason['reason']}".strip()
