"""`manage.py import_datastreams FILE.csv`: datastreams on the assets of networks, from a table."""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from gis_core.commands import ReportingCommand
from gis_core.selectors.organisation import user_by_name
from sensors.feeds.services.datastream_import import (
    DEFAULT_INTERVAL_S,
    OPTIONAL,
    REQUIRED,
    import_datastreams,
    read_datastream_table,
)


class Command(ReportingCommand):
    help = (
        f"Make datastreams from a CSV file with the columns {','.join(REQUIRED)} (and any of {','.join(OPTIONAL)}). "
        "`asset` is the code of a node, device or pipe; where they share one, write node:X, device:X or pipe:X. "
        "The same file twice changes nothing; a wrong row is refused alone, with its reason."
    )

    def add_options(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="the CSV file")
        parser.add_argument(
            "--interval",
            type=int,
            default=DEFAULT_INTERVAL_S,
            help="seconds between values where the file is silent",
        )
        parser.add_argument("--user", help="username whose import it is")

    def report(self, **options: Any) -> dict[str, Any]:
        rows = read_datastream_table(options["file"])
        result = import_datastreams(
            rows=rows,
            acting_user=user_by_name(options["user"]),
            default_interval_s=max(1, options["interval"]),
        )
        return {"file": str(options["file"]), **result.as_dict()}

    def describe(self, result: dict[str, Any]) -> str:
        lines = [
            f"{result['made']} datastreams made on {result['things']} new things, {result['unchanged']} there already, "
            f"{len(result['refused'])} rows refused"
        ]
        lines += [
            f"  row {entry['row']}: {entry['datastream']}: {entry['reason']}" for entry in result["refused"]
        ]
        return "\n".join(lines)
