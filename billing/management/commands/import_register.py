"""`manage.py import_register KIND FILE [--dry-run]`: bring a register in from a file of CSV or XLSX."""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from billing.exchange.selectors.kinds import KINDS
from billing.exchange.services.importing import import_register
from billing.exchange.services.protocol import read_file, write_protocol
from gis_core.commands import ReportingCommand
from gis_core.errors import ReportedError
from gis_core.selectors.organisation import user_by_name

_MOST_SHOWN = 50


class Command(ReportingCommand):
    help = (
        "Bring a register in from a file: all of it, or nothing where a row is refused. docs/registers.md tells the "
        "registers and their columns."
    )

    def add_options(self, parser: CommandParser) -> None:
        parser.add_argument("kind", choices=list(KINDS), metavar="KIND", help=", ".join(KINDS))
        parser.add_argument("file", type=Path, help="a file of CSV or XLSX")
        parser.add_argument(
            "--enterprise", default="", help="code of the enterprise, where there are several"
        )
        parser.add_argument("--dry-run", action="store_true", help="report on each row, write nothing")
        parser.add_argument(
            "--skip-refused", action="store_true", help="write the other rows though some are refused"
        )
        parser.add_argument(
            "--protocol", type=Path, help="also write the report to this file, .json or .csv by its name"
        )
        parser.add_argument(
            "--user", help="who is acting, for the audit trail; only that person's divisions then"
        )

    def report(self, **options: Any) -> dict[str, Any]:
        path: Path = options["file"]
        report = import_register(
            kind=KINDS[options["kind"]],
            data=read_file(path),
            file=path.name[:200],
            enterprise=options["enterprise"],
            is_trial=options["dry_run"],
            skips_refused=options["skip_refused"],
            acting_user=user_by_name(options["user"]),
        ).as_dict()
        if options["protocol"] is not None:
            write_protocol(options["protocol"], report)
        refused = report["counts"]["refused"]
        if refused and not (report["dry_run"] or report["skip_refused"]):
            raise _RefusedFile(report)
        return report

    def describe(self, result: dict[str, Any]) -> str:
        counts = ", ".join(f"{number} {outcome}" for outcome, number in result["counts"].items())
        lines = [
            f"{result['file']}: {result['rows']} rows, {counts}. {result['message']}",
            *result["warnings"],
        ]
        told = [line for line in result["lines"] if line["outcome"] == "refused" or line["reason"]]
        lines += [
            f"  row {line['row']} {line['outcome']}: {line['column']} {line['reason']}"
            for line in told[:_MOST_SHOWN]
        ]
        if len(told) > _MOST_SHOWN:
            lines.append(f"  and {len(told) - _MOST_SHOWN} more (all of them with --json or --protocol)")
        return "\n".join(lines)


class _RefusedFile(ReportedError):
    """Rows were refused, so that nothing was written: a failure whose document is the whole report."""

    def __init__(self, report: dict[str, Any]) -> None:
        refused = [line for line in report["lines"] if line["outcome"] == "refused"]
        super().__init__(report["message"], code="rows_refused", details=refused)
        self._report = report

    def as_dict(self) -> dict[str, Any]:
        return {**super().as_dict(), **self._report}
