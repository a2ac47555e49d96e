"""`manage.py handheld_file FILE --month YYYY-MM (--division CODE | --route KEY) [--missing] [--user NAME] [--json]`."""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser
from django.utils.translation import gettext_noop as _

from billing.exchange.selectors.handheld import (
    HANDHELD_COLUMNS,
    HANDHELD_TEXT_COLUMNS,
    HandheldRoute,
    handheld_cells,
    handheld_rows,
)
from billing.exchange.services.importing import MOST_ROWS
from billing.ledger.selectors.places import asked_place, place_named
from gis_core.access import NotVisible
from gis_core.commands import ReportingCommand, month_argument
from gis_core.errors import ReportedError
from gis_core.selectors.organisation import user_by_name
from gis_core.sentences import Sentence
from gis_core.table_files import MEDIA_TYPES, table_file


class Command(ReportingCommand):
    help = (
        "Write the meters of a route or a division in walking order, for a handheld. import_handheld takes the file "
        "back; docs/registers.md tells its columns."
    )

    def add_options(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="the file to write, .csv or .xlsx")
        parser.add_argument("--month", required=True, type=month_argument, help="YYYY-MM")
        place = parser.add_mutually_exclusive_group(required=True)
        place.add_argument("--division", default="", help="code: all streets in it")
        place.add_argument("--route", default="", help='a street, as "QIBRAY/S-12"')
        parser.add_argument(
            "--missing", action="store_true", help="leave out meters that were read in the month"
        )
        parser.add_argument("--user", help="only what this person may see")

    def report(self, **options: Any) -> dict[str, Any]:
        path: Path = options["file"]
        file_format = path.suffix.lower().removeprefix(".")
        if file_format not in MEDIA_TYPES:
            raise ReportedError(
                Sentence(_("{file} must end in .csv or .xlsx."), file=path.name), code="bad_format"
            )
        viewer, key = user_by_name(options["user"]), options["route"] or options["division"]
        try:
            place = place_named(key) if viewer is None else asked_place(viewer, key)
        except NotVisible:
            raise ReportedError(
                Sentence(_("There is no place {key} here."), key=key), code="no_place"
            ) from None
        route = HandheldRoute(place, options["month"], options["missing"])
        rows = handheld_rows(route, viewer, MOST_ROWS)
        content = table_file(
            file_format,
            HANDHELD_COLUMNS,
            handheld_cells(rows, file_format),
            text_columns=HANDHELD_TEXT_COLUMNS,
        )
        try:
            path.write_bytes(content)
        except OSError as error:
            raise ReportedError(
                Sentence(_("{file} cannot be written: {reason}."), file=path, reason=error.strerror),
                code="file",
            ) from None
        return {"file": str(path), "place": key, "month": f"{options['month']:%Y-%m}", "rows": len(rows)}
