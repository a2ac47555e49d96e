"""`manage.py device_network list | allow NETWORK | withdraw NETWORK`: where the sources of a division may be polled."""

from typing import Any

from django.core.management.base import CommandParser

from gis_core.commands import ReportingCommand
from gis_core.selectors.organisation import division_by_code, user_by_name
from sensors.feeds.services.device_addresses import allow_network, withdraw_network
from sensors.models import DeviceNetwork


class Command(ReportingCommand):
    help = (
        "Networks in which Modbus and OPC UA devices may be polled, by division: list them, allow one, withdraw one. "
        "A source whose device lies in none of them is not connected to."
    )

    def add_options(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        listed = verbs.add_parser("list", help="what is allowed")
        allow = verbs.add_parser("allow", help="allow a network for a division and those below it")
        allow.add_argument(
            "--plain-passwords", action="store_true", help="passwords may be sent there without encryption"
        )
        allow.add_argument("--note", default="", help="what it is, for those who read the list")
        withdraw = verbs.add_parser("withdraw", help="allow it no longer")
        for verb in (allow, withdraw):
            verb.add_argument("network", help="such as 10.20.0.0/16, or one address")
            verb.add_argument("--division", required=True, help="code of the division")
            verb.add_argument("--user", help="username whose change it is")
        for verb in (listed, allow, withdraw):
            verb.add_argument(
                "--json", action="store_true", default=False, help="print one JSON document on stdout"
            )

    def report(self, **options: Any) -> dict[str, Any]:
        if options["verb"] == "list":
            return {"networks": [_shown(row) for row in DeviceNetwork.objects.select_related("division")]}
        division, acting_user = division_by_code(options["division"]), user_by_name(options["user"])
        if options["verb"] == "withdraw":
            withdraw_network(network=options["network"], division=division, acting_user=acting_user)
            return {"withdrawn": options["network"], "division": division.code}
        row = allow_network(
            network=options["network"],
            division=division,
            plain_passwords=options["plain_passwords"],
            note=options["note"],
            acting_user=acting_user,
        )
        return _shown(row)

    def describe(self, result: dict[str, Any]) -> str:
        if "withdrawn" in result:
            return f"{result['withdrawn']} is no longer allowed for {result['division']}."
        rows = result.get("networks", [result])
        return (
            "\n".join(
                f"{row['network']:<22} {row['division']:<12} "
                f"{'plain passwords too' if row['plain_passwords'] else 'encrypted passwords only':<26} {row['note']}"
                for row in rows
            )
            or "No network is allowed: nothing is polled."
        )


def _shown(row: DeviceNetwork) -> dict[str, Any]:
    return {
        "network": row.network,
        "division": row.division.code,
        "plain_passwords": row.plain_passwords,
        "note": row.note,
    }
