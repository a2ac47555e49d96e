"""`manage.py ingest FILE|FOLDER --profile NAME`: logger files into the time series."""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from gis_core.commands import ProgressBar, ReportingCommand
from gis_core.errors import ReportedError
from gis_core.selectors.organisation import user_by_name
from sensors.feeds.services.file_ingestion import VALUES_IN_CHUNK, ingest_path
from sensors.feeds.services.profiles import PLAIN, profile_by_name


class Command(ReportingCommand):
    help = (
        "Take in a logger file, packed with gzip or not, or every one of a folder. What is stored already stays; a row "
        "that cannot be taken goes into quarantine with its reason; a file that was broken off is taken by the same "
        "command again."
    )

    def add_options(self, parser: CommandParser) -> None:
        parser.add_argument("path", type=Path, help="the file or folder")
        parser.add_argument(
            "--profile", default=PLAIN, help="how the files are written: NAME or DIVISION/NAME"
        )
        parser.add_argument("--again", action="store_true", help="read a file that was taken in before")
        parser.add_argument(
            "--no-roll-ups", action="store_true", help="leave hourly and daily values to the periodic work"
        )
        parser.add_argument(
            "--chunk", type=int, default=VALUES_IN_CHUNK, help="values in a transaction, about"
        )
        parser.add_argument("--user", help="username whose load it is")

    def report(self, **options: Any) -> dict[str, Any]:
        path: Path = options["path"]
        if not path.exists():
            raise ReportedError(f"There is no file {path}.", code="file_unreadable")
        profile = profile_by_name(options["profile"])
        user = user_by_name(options["user"])
        with ProgressBar() as progress:
            return ingest_path(
                path,
                profile=profile,
                acting_user=user,
                again=options["again"],
                chunk=max(1000, options["chunk"]),
                has_roll_ups=not options["no_roll_ups"],
                progress=progress,
            )

    def describe(self, result: dict[str, Any]) -> str:
        lines = [
            _line(result.get("file") or result["folder"], result)
            + f", {result['seconds']} s and {result['roll_up_seconds'] or 0} s for roll-ups"
        ]
        lines += ["  " + _line(file["file"], file) for file in result.get("files", [])]
        return "\n".join(lines)


def _line(name: str, counts: dict[str, Any]) -> str:
    state = f"{counts['state']}: " if counts.get("state", "done") != "done" else ""
    problem = f" ({counts['error']})" if counts.get("error") else ""
    return (
        f"{name}: {state}{counts['rows']} rows, {counts['inserted']} inserted, {counts['unchanged']} unchanged, "
        f"{counts['corrected']} corrected, {counts['missing']} missing, {counts['quarantined']} in quarantine{problem}"
    )
