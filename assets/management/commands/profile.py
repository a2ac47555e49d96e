"""manage.py profile CODE --from NODE --to NODE | --pipes P1,P2 [--time SECONDS] [--svg FILE] [--json]"""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from assets.drawing.selectors.profile_drawing import profile_svg
from assets.drawing.selectors.profiles import profile_between, profile_of_pipes
from assets.networks.selectors.by_code import network_by_code
from gis_core.commands import ReportingCommand


class Command(ReportingCommand):
    help = "The long profile of a route, with ground and hydraulic grade of the last simulation."

    def add_options(self, parser: CommandParser) -> None:
        parser.add_argument("code", help="the network's code")
        parser.add_argument("--from", dest="first", metavar="NODE", help="code or uid of the first node")
        parser.add_argument("--to", dest="last", metavar="NODE", help="code or uid of the last node")
        parser.add_argument("--pipes", help="codes of pipes that follow one another, P1,P2")
        parser.add_argument("--time", type=int, dest="time_s", help="time of the heads, seconds into the run")
        parser.add_argument("--svg", type=Path, help="also draw it into this file")

    def report(self, **options: Any) -> dict[str, Any]:
        network = network_by_code(options["code"])
        if options["pipes"]:
            codes = [code.strip() for code in options["pipes"].split(",") if code.strip()]
            found = profile_of_pipes(network, codes, first=options["first"], time_s=options["time_s"])
        elif options["first"] and options["last"]:
            found = profile_between(network, options["first"], options["last"], time_s=options["time_s"])
        else:
            raise CommandError("give --from and --to, or --pipes", returncode=2)
        if options["svg"] is not None:
            options["svg"].write_text(profile_svg(found), encoding="utf-8")
        return found.as_dict()

    def describe(self, result: dict[str, Any]) -> str:
        lines = [f"{result['network']}: {result['from']} to {result['to']}, {result['length_m']:,.1f} m"]
        for point in result["points"]:
            ground, head = (
                "" if point[name] is None else f"{point[name]:10.2f}" for name in ("ground_m", "head_m")
            )
            lines.append(f"{point['chainage_m']:12,.1f} {point['node']:<20} {ground:>10} {head:>10}")
        return "\n".join(lines)
