"""`manage.py import_handheld FILE [--dry-run] [--protocol FILE] [--user NAME] [--json]`."""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser
from django.utils.translation import gettext_noop as _

from billing.exchange.services.handheld import take_handheld_file
from billing.exchange.services.importing import MOST_ROWS
from billing.exchange.services.protocol import read_file, write_protocol
from gis_core.access import NotVisible
from gis_core.commands import ReportingCommand
from gis_core.errors import ReportedError
from gis_core.selectors.organisation import user_by_name
from gis_core.sentences import Sentence

_MOST_SHOWN = 50


class Command(ReportingCommand):
    help = (
        "Take in what a controller's handheld brings back (handheld_file): each row is taken, waits for a decision, or "
        "is told why not; the same file twice adds nothing."
    )

    def add_options(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="a file of CSV or XLSX")
        parser.add_argument("--dry-run", action="store_true", help="report on each row, write nothing")
        parser.add_argument(
            "--protocol", type=Path, help="also write the report to this file, .json or .csv by its name"
        )
        parser.add_argument(
            "--user", help="who is acting, for the audit trail; only that person's divisions then"
        )

    def report(self, **options: Any) -> dict[str, Any]:
        path: Path = options["file"]
        try:
            report = take_handheld_file(
                data=read_file(path),
                file=path.name[:200],
                is_trial=options["dry_run"],
                acting_user=user_by_name(options["user"]),
                most_rows=MOST_ROWS,
            ).as_dict()
        except NotVisible:
            raise ReportedError(
                Sentence(_("{username} enters no readings."), username=options["user"]), code="not_allowed"
            ) from None
        if options["protocol"] is not None:
            write_protocol(options["protocol"], report)
        return report

    def describe(self, result: dict[str, Any]) -> str:
        counts = ", ".join(f"{number} {outcome}" for outcome, number in result["counts"].items() if number)
        told = [line for line in result["lines"] if line["reason"]]
        lines = [
            f"{result['file']}: {result['rows']} rows, {counts}. {result['message']}",
            *result["warnings"],
        ]
        lines += [
            f"  row {line['row']} {line['outcome']}: {line['column']} {line['reason']}"
            for line in told[:_MOST_SHOWN]
        ]
        if len(told) > _MOST_SHOWN:
            lines.append(f"  and {len(told) - _MOST_SHOWN} more (all of them with --json or --protocol)")
        return "\n".join(lines)
