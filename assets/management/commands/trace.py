"""manage.py trace CODE --type TYPE --from NODE [--to NODE] [--as-of DATE] [--json]"""

from typing import Any

from django.core.management.base import CommandParser

from assets.networks.selectors.as_of import moment_of
from assets.networks.selectors.by_code import network_by_code
from assets.tracing.selectors.traces import TRACE_TYPES, trace
from gis_core.commands import ReportingCommand

_SHOWN = 20


class Command(ReportingCommand):
    help = "Trace a network from a node: what is connected, what feeds it, what it feeds, a shortest way, its loops."

    def add_options(self, parser: CommandParser) -> None:
        parser.add_argument("code", help="the network's code")
        parser.add_argument("--type", required=True, choices=TRACE_TYPES, dest="trace_type")
        parser.add_argument(
            "--from",
            required=True,
            dest="from_node",
            metavar="NODE",
            help="code or uid of the node; device:CODE for a device whose code another node has too",
        )
        parser.add_argument("--to", dest="to_node", metavar="NODE", help="where a shortest way ends")
        parser.add_argument(
            "--as-of", metavar="DATE", help="the network as it was: 2026-01-31, or an instant"
        )
        parser.add_argument(
            "--through-closed", action="store_true", help="connected: also beyond what is closed"
        )
        parser.add_argument(
            "--either-way", action="store_true", help="shortest: without regard to check valves and pumps"
        )

        parser.add_argument(
            "--barrier",
            action="append",
            default=[],
            dest="barriers",
            metavar="NODE",
            help="a node or device that is reached and not passed; may be repeated",
        )

    def report(self, **options: Any) -> dict[str, Any]:
        return trace(
            network_by_code(options["code"]),
            trace_type=options["trace_type"],
            from_node=options["from_node"],
            to_node=options["to_node"],
            as_of=None if options["as_of"] is None else moment_of(options["as_of"]),
            through_closed=options["through_closed"],
            either_way=options["either_way"],
            barriers=options["barriers"],
        ).as_dict()

    def describe(self, result: dict[str, Any]) -> str:
        counts = result["counts"]
        where = f"from {result['from']}" + (f" to {result['to']}" if result["to"] else "")
        lines = [
            f"{result['network']}, {result['type']} {where}: {counts['nodes']} nodes, {counts['pipes']} pipes, "
            f"{counts['devices']} devices, {result['length_m']:,.0f} m"
        ]
        if result["direction_from"]:
            lines.append(f"  direction of flow from: {result['direction_from']}")
        if "independent_loops" in result:
            lines.append(f"  independent loops: {result['independent_loops']}")
        for name in ("nodes", "pipes", "devices", "stopped_at"):
            shown = ", ".join(result[name][:_SHOWN])
            more = f" and {counts[name] - _SHOWN} more" if counts[name] > _SHOWN else ""
            if shown:
                lines.append(f"  {name.replace('_', ' ')}: {shown}{more}")
        if result["crossed_dirty"]:
            lines.append(f"  crosses {result['dirty_areas']} areas that were changed and not validated since")
        return "\n".join(lines)
