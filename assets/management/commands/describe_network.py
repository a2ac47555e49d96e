"""manage.py describe_network CODE [--json]"""

from typing import Any

from django.core.management.base import CommandParser

from assets.models import Network
from assets.networks.selectors.description import describe_network
from gis_core.commands import ReportingCommand
from gis_core.errors import ReportedError


class Command(ReportingCommand):
    help = "Describe a network: counts by kind, length, extent, zones, subscribers."

    def add_options(self, parser: CommandParser) -> None:
        parser.add_argument("code", help="the network's code")

    def report(self, **options: Any) -> dict[str, Any]:
        network = Network.objects.select_related("division").filter(code=options["code"]).first()
        if network is None:
            known = list(Network.objects.values_list("code", flat=True)[:20])
            raise ReportedError(
                f"There is no network {options['code']}. "
                + (f"There are: {', '.join(known)}." if known else "None has been imported yet."),
                code="unknown_network",
            )
        return describe_network(network)

    def describe(self, result: dict[str, Any]) -> str:
        counts = ", ".join(f"{number} {kind}" for kind, number in result["counts"].items())
        extent = ", ".join(f"{degrees:.5f}" for degrees in result["extent"] or [])
        return (
            f"{result['network']}: {result['name']} ({result['commodity']}, division {result['division']})\n"
            f"  {counts}; {result['connectors']} connectors\n"
            f"  length of pipes: {result['stated_length_m']:,.0f} m stated, "
            f"{result['geodesic_length_m']:,.0f} m drawn\n"
            f"  extent: {extent or 'empty'}\n"
            f"  {result['zones']} zones, {result['subscribers']} subscribers"
        )
