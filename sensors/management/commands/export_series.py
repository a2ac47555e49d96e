"""manage.py export_series DATASTREAM FILE [--content CONTENT] [--since …] [--until …] [--as-of …] [--json]"""

from argparse import ArgumentTypeError
from datetime import datetime
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from gis_core.commands import ReportingCommand
from gis_core.errors import ReportedError
from sensors.models import Datastream
from sensors.series.selectors.series_export import CONTENTS, FILE_FORMATS, write_series


class Command(ReportingCommand):
    help = "Write a datastream's values to a .csv or .parquet file."

    def add_options(self, parser: CommandParser) -> None:
        parser.add_argument("datastream", help="the datastream's code")
        parser.add_argument("file", type=Path, help="ends in .csv or .parquet; must not exist yet")
        parser.add_argument("--content", choices=CONTENTS, default="final", help="what to write (final)")
        parser.add_argument("--since", type=_instant, help="first instant, ISO 8601 with offset")
        parser.add_argument("--until", type=_instant, help="first instant no longer wanted")
        parser.add_argument("--as-of", type=_instant, help="the series as it was known at this moment")

    def report(self, **options: Any) -> dict[str, Any]:
        path: Path = options["file"]
        file_format = path.suffix.lstrip(".").lower()
        if file_format not in FILE_FORMATS:
            raise ReportedError(f"{path.name} must end in .csv or .parquet.", code="bad_format")
        if path.exists():
            raise ReportedError(f"{path} exists already; name another file.", code="file_exists")
        if not path.absolute().parent.is_dir():
            raise ReportedError(f"There is no folder {path.absolute().parent}.", code="no_folder")
        stream = Datastream.objects.filter(code=options["datastream"], deleted_at=None).first()
        if stream is None:
            raise ReportedError(f"There is no datastream {options['datastream']}.", code="no_datastream")
        part = path.with_name(path.name + ".part")
        try:
            count = write_series(
                stream,
                part,
                file_format=file_format,
                content=options["content"],
                since=options["since"],
                until=options["until"],
                as_of=options["as_of"],
            )
            part.rename(path)
        finally:
            part.unlink(missing_ok=True)
        return {"datastream": stream.code, "file": str(path), "content": options["content"], "values": count}


def _instant(text: str) -> datetime:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(
            f"{text!r} is not an instant; write it as 2026-01-31T00:00:00+05:00"
        ) from None
    if instant.tzinfo is None:
        raise ArgumentTypeError(f"{text!r} has no offset; write it as 2026-01-31T00:00:00+05:00")
    return instant
