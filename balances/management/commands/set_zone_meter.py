"""`manage.py set_zone_meter --zone Z --datastream D --role R`, or `set_zone_meter FILE.csv --network CODE`."""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from balances.management.options import percent_argument
from balances.models import ZoneMeter
from balances.selectors.zones_by_code import balanced_network
from balances.zone_balances.services.zone_meters import (
    NAMED_IN_DETAILS,
    REQUIRED,
    USUAL_ERROR_PERCENT,
    WantedMeter,
    set_zone_meters,
    understood_meters,
    wanted_meter,
)
from balances.zone_balances.services.zone_tables import BadRows, file_data, table_rows
from gis_core.commands import ReportingCommand
from gis_core.selectors.organisation import user_by_name


class Command(ReportingCommand):
    help = (
        "Say which datastream measures what crosses a zone's edge (inlet: positive is into the zone; outlet: out of "
        "it) or what it stores (a tank's level or volume); one by options, or many by a table with the columns zone, "
        "datastream, role and error_percent."
    )

    def add_options(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, nargs="?", help="the CSV file")
        parser.add_argument("--network", help="code of the network; with a file, or where zones share a code")
        parser.add_argument("--zone", help="code of the zone")
        parser.add_argument("--datastream", help="code of the datastream")
        parser.add_argument("--role", choices=ZoneMeter.Role.values)
        parser.add_argument("--remove", action="store_true", help="it is no meter of the zone any more")
        parser.add_argument(
            "--error-percent", type=percent_argument, help="limit of its error at 95 %%; 2 if absent"
        )
        parser.add_argument("--user", help="who is acting, for the audit trail")

    def report(self, **options: Any) -> dict[str, Any]:
        wanted = _of_file(options) if options["file"] is not None else [_of_options(options)]
        return set_zone_meters(wanted=wanted, acting_user=user_by_name(options["user"]))

    def describe(self, result: dict[str, Any]) -> str:
        lines = [f"{result['changed']} meters changed"]
        for zone in result["zones"]:
            lines.append(f"  {zone['zone_code']}:")
            lines += [
                f"    {meter['role']} {meter['datastream']} ({meter['unit']}, {meter['error_percent']:g} %)"
                for meter in zone["meters"]
            ]
        return "\n".join(lines)


_OF_ONE = ("zone", "datastream", "role", "error_percent")


def _of_file(options: dict[str, Any]) -> list[WantedMeter]:
    if options["network"] is None:
        raise CommandError("a file goes with --network", returncode=2)
    if options["remove"] or any(options[name] is not None for name in _OF_ONE):
        raise CommandError(
            "a file says all itself; of the options it goes with --network alone", returncode=2
        )
    network = balanced_network(options["network"])
    bad = BadRows(NAMED_IN_DETAILS)
    rows, decimal = table_rows(file_data(options["file"]), options["file"].name, required=REQUIRED, bad=bad)
    return understood_meters(network, rows, decimal, bad)


def _of_options(options: dict[str, Any]) -> WantedMeter:
    needed = ("zone", "datastream") if options["remove"] else ("zone", "datastream", "role")
    for name in needed:
        if options[name] is None:
            raise CommandError(f"without a file --{name} is required", returncode=2)
    error = options["error_percent"]
    return wanted_meter(
        zone_code=options["zone"],
        datastream_code=options["datastream"],
        role=options["role"] or "",
        network=balanced_network(options["network"]) if options["network"] else None,
        error_percent=USUAL_ERROR_PERCENT if error is None else error,
        is_removed=options["remove"],
    )
