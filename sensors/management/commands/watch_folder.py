"""`manage.py watch_folder DIR --profile NAME`: a drop folder for logger files."""

import signal
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from gis_core.commands import ReportingCommand
from gis_core.errors import ReportedError
from gis_core.selectors.organisation import user_by_name
from sensors.feeds.services.folders import FolderWatcher
from sensors.feeds.services.profiles import PLAIN, profile_by_name
from sensors.feeds.services.sources import source_by_code


class Command(ReportingCommand):
    help = (
        "Take in every logger file that is dropped into a folder, once it is whole, and move it to "
        "done/ or failed/ there. "
        "Runs until SIGTERM or Ctrl-C."
    )

    def add_options(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path, help="the folder")
        parser.add_argument(
            "--profile", help="how the files are written; that of the source, or plain, when absent"
        )
        parser.add_argument("--source", help="code of the feed source whose state is to show this")
        parser.add_argument(
            "--settle", type=float, default=2.0, help="seconds without change after which a file is whole"
        )
        parser.add_argument("--every", type=float, default=1.0, help="seconds between looks")
        parser.add_argument("--once", action="store_true", help="take in what is whole now, then end")
        parser.add_argument("--user", help="username whose loads they are")

    def report(self, **options: Any) -> dict[str, Any]:
        folder: Path = options["folder"]
        if not folder.is_dir():
            raise ReportedError(f"There is no folder {folder}.", code="folder_unusable")
        source = source_by_code(options["source"]) if options["source"] else None
        by_source = source.profile if source is not None else None
        profile = (
            profile_by_name(options["profile"]) if options["profile"] else by_source or profile_by_name(PLAIN)
        )
        watcher = FolderWatcher(
            folder,
            profile,
            acting_user=user_by_name(options["user"]),
            source=source,
            settle_s=0.0 if options["once"] else options["settle"],
        )
        stopping: list[int] = []
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda number, _frame: stopping.append(number))
        return watcher.run(every_s=options["every"], until=lambda: bool(stopping) or options["once"])
