"""`manage.py print_bills FILE --enterprise CODE --month YYYY-MM [--place PLACE] [--language L] [--force] [--json]`."""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser
from django.utils.translation import gettext_noop as _

from billing.ledger.selectors.places import place_named
from billing.printing.selectors.invoice_document import BILL_LANGUAGES
from billing.printing.services.bill_files import write_bills
from gis_core.commands import ProgressBar, ReportingCommand, month_argument
from gis_core.errors import ReportedError
from gis_core.selectors.organisation import enterprise_by_code
from gis_core.sentences import Sentence


class Command(ReportingCommand):
    help = "Write the bills of a month into one PDF, in the order in which they are carried."

    def add_options(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="the PDF to write")
        parser.add_argument("--enterprise", required=True, help="code of the enterprise")
        parser.add_argument("--month", required=True, type=month_argument, help="YYYY-MM")
        parser.add_argument("--place", default="", help='code of a division, or a street as "QIBRAY/S-12"')
        parser.add_argument("--language", choices=BILL_LANGUAGES, default="uz")
        parser.add_argument("--force", action="store_true", help="replace the file if it exists")

    def report(self, **options: Any) -> dict[str, Any]:
        path: Path = options["file"]
        if path.exists() and not options["force"]:
            raise ReportedError(
                Sentence(_("{path} exists; --force replaces it."), path=str(path)), code="file_exists"
            )
        if not path.parent.is_dir():
            raise ReportedError(
                Sentence(_("There is no folder {path}."), path=str(path.parent)), code="no_folder"
            )
        with ProgressBar() as progress:
            number = write_bills(
                path,
                enterprise=enterprise_by_code(options["enterprise"]),
                month=options["month"],
                place=place_named(options["place"]),
                paths=[""],
                language=options["language"],
                report_progress=progress,
            )
        return {"file": str(path), "bills": number, "size_bytes": path.stat().st_size}
