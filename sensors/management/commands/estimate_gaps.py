"""manage.py estimate_gaps CODE --since T --until T [--method M] [--counter CODE] [--failed] [--dry-run] [--json]"""

from datetime import datetime
from typing import Any

from django.core.management.base import CommandParser

from gis_core.commands import ReportingCommand
from gis_core.errors import ReportedError
from sensors.management.commands.check_quality import streams_by_code
from sensors.quality.services.estimating import METHODS, estimate_gaps


class Command(ReportingCommand):
    help = "Fill gaps of a datastream's final series with estimates; what is measured stays and goes before them."

    def add_options(self, parser: CommandParser) -> None:
        parser.add_argument("datastream", help="code of the datastream")
        parser.add_argument(
            "--since", type=datetime.fromisoformat, required=True, help="instant with an offset"
        )
        parser.add_argument("--until", type=datetime.fromisoformat, required=True)
        parser.add_argument("--method", choices=METHODS, default="auto")
        parser.add_argument("--counter", help="code of the counter to scale to")
        parser.add_argument("--failed", action="store_true", help="replace values that failed a rule, too")
        parser.add_argument(
            "--dry-run", action="store_true", help="say what would be filled, and fill nothing"
        )

    def report(self, **options: Any) -> dict[str, Any]:
        if options["since"].tzinfo is None or options["until"].tzinfo is None:
            raise ReportedError("Write instants with an offset from UTC.", code="bad_span")
        (stream,) = streams_by_code([options["datastream"]])
        counter = streams_by_code([options["counter"]])[0] if options["counter"] else None
        return estimate_gaps(
            datastream=stream,
            since=options["since"],
            until=options["until"],
            method=options["method"],
            counter=counter,
            include_failed=options["failed"],
            is_dry_run=options["dry_run"],
            acting_user=None,
        ).as_dict()
