"""`manage.py export_person --subscriber NUMBER`: everything that is kept about a subscriber, to be handed over."""

from typing import Any

from django.core.management.base import CommandParser

from billing.selectors.persons import kept_about, person_by_number
from gis_core.commands import ReportingCommand


class Command(ReportingCommand):
    help = "Everything that is kept about a subscriber, by table: readable, or with --json for programs."

    def add_options(self, parser: CommandParser) -> None:
        parser.add_argument("--subscriber", required=True, help="registry number")

    def report(self, **options: Any) -> dict[str, Any]:
        kept = kept_about(person_by_number(options["subscriber"]))
        return {table.label: table.rows() for table in kept}

    def describe(self, result: dict[str, Any]) -> str:
        lines = []
        for table, rows in result.items():
            lines += ["", f"{table}: {len(rows)}"]
            for row in rows:
                said = [f"{name}: {value}" for name, value in row.items() if value not in (None, "", {}, [])]
                lines.append("  " + "; ".join(said))
        return "\n".join(lines)
