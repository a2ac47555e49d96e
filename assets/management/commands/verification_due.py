"""manage.py verification_due --network CODE [--kind KIND] [--limit N] [--json]"""

from typing import Any

from django.core.management.base import CommandParser

from assets.models import Network, NodeKind
from assets.models.condition import PIPE_KIND
from assets.networks.selectors.by_code import network_by_code
from assets.registers.selectors.condition import verification_counts, verification_status
from gis_core.commands import ReportingCommand

_PAGE = 1000


class Command(ReportingCommand):
    help = "What of a network is overdue for verification in the field: counts, and the assets themselves."

    def add_options(self, parser: CommandParser) -> None:
        parser.add_argument("--network", required=True, help="the network's code")
        parser.add_argument(
            "--kind",
            action="append",
            choices=[*NodeKind.values, PIPE_KIND],
            metavar="KIND",
            help="only assets of this kind; may be repeated",
        )
        parser.add_argument("--limit", type=int, default=1000, help="how many assets to list at most (1000)")

    def report(self, **options: Any) -> dict[str, Any]:
        network = network_by_code(options["network"])
        kinds = options["kind"] or []
        counts = [
            {key: row[key] for key in ("zone", "kind", "assets", "verified", "overdue")}
            for row in verification_counts([network])
            if not kinds or row["kind"] in kinds
        ]
        return {
            "network": network.code,
            "assets": sum(row["assets"] for row in counts),
            "verified": sum(row["verified"] for row in counts),
            "overdue": sum(row["overdue"] for row in counts),
            "counts": counts,
            "overdue_assets": self._overdue(network, kinds, max(options["limit"], 0)),
        }

    def _overdue(self, network: Network, kinds: list[str], limit: int) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        after = ("node", 0)
        while len(found) < limit:
            rows = verification_status(
                [network], kinds=kinds, is_overdue=True, after=after, limit=min(_PAGE, limit - len(found))
            )
            if not rows:
                break
            found += [
                {
                    "class": row.asset_class,
                    "kind": row.kind,
                    "code": row.code,
                    "last_verified_on": row.last_verified_on,
                    "last_verified_by": row.last_verified_by,
                    "due_on": row.due_on,
                }
                for row in rows
            ]
            after = (rows[-1].asset_class, rows[-1].id)
        return found

    def describe(self, result: dict[str, Any]) -> str:
        lines = [
            f"{result['network']}: {result['overdue']} of {result['assets']} assets are overdue, "
            f"{result['verified']} were ever verified."
        ]
        lines += [
            f"  {row['kind']:<20} {row['code']:<20} last {row['last_verified_on'] or 'never'}"
            f"{' by ' + row['last_verified_by'] if row['last_verified_by'] else ''}, "
            f"due {row['due_on'] or 'since it was built'}"
            for row in result["overdue_assets"][:50]
        ]
        if result["overdue"] > 50:
            lines.append(f"  and {result['overdue'] - 50} more (with --json)")
        return "\n".join(lines)
