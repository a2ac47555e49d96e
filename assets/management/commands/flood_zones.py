"""manage.py flood_zones CODE [--apply] [--json]"""

from typing import Any

from django.core.management.base import CommandParser

from assets.networks.selectors.by_code import network_by_code
from assets.zones.selectors.zone_regions import flood
from assets.zones.services.zone_flooding import flood_zones, zone_statuses
from gis_core.commands import ReportingCommand
from gis_core.selectors.organisation import user_by_name


class Command(ReportingCommand):
    help = "Flood a network's zones from the graph: what would change, and with --apply change it."

    def add_options(self, parser: CommandParser) -> None:
        parser.add_argument("code", help="the network's code")
        parser.add_argument(
            "--apply", action="store_true", help="set the members; without it nothing changes"
        )
        parser.add_argument(
            "--regulators", action="store_true", help="pressure regulators are boundaries too"
        )
        parser.add_argument("--user", help="username under which it is recorded")

    def report(self, **options: Any) -> dict[str, Any]:
        network = network_by_code(options["code"])
        if options["apply"]:
            user = user_by_name(options["user"])
            flooding = flood_zones(network, acting_user=user, regulators_bound=options["regulators"])
            statuses = zone_statuses(network)
        else:
            flooding = flood(network, regulators_bound=options["regulators"])
            statuses = zone_statuses(network, flooding)
        return {"applied": options["apply"], **flooding.as_dict(statuses)}

    def describe(self, result: dict[str, Any]) -> str:
        lines = [
            f"{result['network']}: {result['changes']} nodes "
            f"{'changed' if result['applied'] else 'would change'}, {len(result['without_zone'])} without a zone"
        ]
        for zone in result["zones"]:
            lines.append(
                f"  {zone['zone']}: {zone['members']} members, {len(zone['add'])} come, {len(zone['remove'])} go, "
                f"{len(zone['disconnected'])} disconnected; {zone['status']}"
            )
        lines += [
            f"  conflict of {', '.join(row['zones'])} over {row['nodes']} nodes: {' - '.join(row['way'][:10])}"
            for row in result["conflicts"]
        ]
        return "\n".join(lines)
