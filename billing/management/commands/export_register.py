"""`manage.py export_register KIND FILE`: write a register as CSV or XLSX, as an import takes it."""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser
from django.utils.translation import gettext_noop

from billing.exchange.selectors.exporting import exported, register_file
from billing.exchange.selectors.kinds import KINDS
from gis_core.commands import ReportingCommand
from gis_core.errors import ReportedError
from gis_core.selectors.organisation import user_by_name
from gis_core.sentences import Sentence
from gis_core.table_files import MEDIA_TYPES


class Command(ReportingCommand):
    help = "Write a register to a file of CSV or XLSX, by the file's name."

    def add_options(self, parser: CommandParser) -> None:
        parser.add_argument("kind", choices=list(KINDS), metavar="KIND", help=", ".join(KINDS))
        parser.add_argument("file", type=Path, help="the file to write, .csv or .xlsx")
        parser.add_argument(
            "--enterprise", default="", help="code of the enterprise, where there are several"
        )
        parser.add_argument("--division", default="", help="code of a division: only what is there and below")
        parser.add_argument("--user", help="on whose behalf; only that person's divisions then")

    def report(self, **options: Any) -> dict[str, Any]:
        path: Path = options["file"]
        file_format = path.suffix.lower().removeprefix(".")
        if file_format not in MEDIA_TYPES:
            raise ReportedError(
                Sentence(gettext_noop("{file} must end in .csv or .xlsx."), file=path.name), code="bad_format"
            )
        wanted = exported(
            KINDS[options["kind"]], options["enterprise"], options["division"], user_by_name(options["user"])
        )
        content, count = register_file(wanted, file_format)
        try:
            path.write_bytes(content)
        except OSError as error:
            raise ReportedError(
                Sentence(
                    gettext_noop("{file} cannot be written: {reason}."), file=path, reason=error.strerror
                ),
                code="file",
            ) from None
        return {
            "kind": wanted.kind.name,
            "enterprise": wanted.enterprise.code if wanted.enterprise else None,
            "division": wanted.division.code if wanted.division else None,
            "file": str(path),
            "rows": count,
        }
