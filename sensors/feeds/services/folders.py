"""A drop folder: whole files are taken in and moved to done/, those that cannot be read to failed/.

No symbolic link is followed, neither in the folder nor on the way to it.
"""

import logging
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.db import DatabaseError, close_old_connections

from gis_core.errors import ReportedError
from gis_core.models import User
from sensors.feeds.services.file_ingestion import FileResult, ingest_file, is_logger_file
from sensors.feeds.services.live import Heartbeat
from sensors.feeds.services.unlinked_files import (
    opened_file,
    opened_folder,
    opened_inner_folder,
    regular_files,
)
from sensors.models import FeedProfile, FeedSource, FeedState
from sensors.series.services.roll_ups import refresh_roll_ups

logger = logging.getLogger(__name__)


@dataclass
class FolderWatcher:
    """Looks at a folder again and again. A file counts as whole when it has not changed for `settle_s` seconds."""

    folder: Path
    profile: FeedProfile
    acting_user: User | None = None
    source: FeedSource | None = None
    settle_s: float = 2.0
    _seen: dict[str, tuple[int, int, float]] = field(default_factory=dict)
    # Files that were taken in and cannot be moved, with where to: only that is tried again.
    _unmoved: dict[tuple[str, int], str] = field(default_factory=dict)

    def prepare(self) -> None:
        """Make done/ and failed/; raises ReportedError (`folder_unusable`)."""
        with opened_folder(self.folder) as folder:
            for name in ("done", "failed"):
                try:
                    with opened_inner_folder(name, folder):
                        pass
                except OSError as error:
                    raise ReportedError(
                        f"{self.folder}/{name} cannot be used: {error.strerror}.", code="folder_unusable"
                    ) from error

    def _whole_files(self, folder: int) -> list[str]:
        """Files that are complete, as far as can be seen: unchanged since the last looks, and not being
        written by name."""
        now = time.monotonic()
        whole, there = [], {}
        for name, status in sorted(regular_files(folder).items()):
            if not is_logger_file(name):
                continue
            size, changed, since = self._seen.get(name, (-1, -1, now))
            if (size, changed) != (status.st_size, status.st_mtime_ns):
                since = now
            there[name] = (status.st_size, status.st_mtime_ns, since)
            if now - since >= self.settle_s and status.st_size > 0:
                whole.append(name)
        self._seen = there
        return whole

    def look(self) -> list[FileResult]:
        """Take in the files that are whole now."""
        results = []
        with opened_folder(self.folder) as folder:
            for name in self._whole_files(folder):
                version = (name, self._seen[name][1])
                if version in self._unmoved:
                    self._move(name, folder, self._unmoved[version], version)
                    continue
                result = self._take(name, folder)
                self._move(name, folder, "failed" if result.state == "failed" else "done", version)
                results.append(result)
        if results:
            refresh_roll_ups()
        return results

    def _take(self, name: str, folder: int) -> FileResult:
        try:
            with opened_file(name, folder) as path:
                return ingest_file(
                    path, profile=self.profile, acting_user=self.acting_user, source=self.source, name=name
                )
        except OSError as error:
            told = f"{name} cannot be read: {error.strerror}."
        except ReportedError as error:
            told = error.message
        logger.warning("%s: %s", name, told)
        return FileResult(name, self.profile.name, state="failed", error=told)

    def _move(self, name: str, folder: int, into: str, version: tuple[str, int]) -> None:
        """Into the inner folder, under a name that is free there: nothing is written over."""
        path = Path(name)
        target, number = name, 1
        try:
            with opened_inner_folder(into, folder) as inner:
                while _is_there(target, inner):
                    number += 1
                    target = f"{path.stem}~{number}{path.suffix}"
                # Within one file system, in one step.
                os.replace(name, target, src_dir_fd=folder, dst_dir_fd=inner)
        except OSError as error:
            if version not in self._unmoved:
                logger.warning("%s cannot be moved to %s/: %s", name, into, error.strerror)
            self._unmoved[version] = into
        else:
            self._unmoved.pop(version, None)

    def run(self, *, every_s: float, until: Callable[[], bool]) -> dict[str, Any]:
        """Look until told otherwise; the database may go away meanwhile."""
        self.prepare()
        heartbeat = Heartbeat(self.source) if self.source is not None else None
        if heartbeat is not None:
            heartbeat.start()
        totals = {"files": 0, "inserted": 0, "quarantined": 0, "failed": 0}
        while True:
            try:
                results = self.look()
                for result in results:
                    totals["files"] += 1
                    totals["inserted"] += result.inserted
                    totals["quarantined"] += result.quarantined
                    totals["failed"] += result.state == "failed"
                if heartbeat is not None:
                    heartbeat.beat(FeedState.State.RUNNING, succeeded=bool(results))
            except ReportedError as error:
                # The folder was moved away, or exchanged for a link.
                logger.warning("%s", error.message)
            except DatabaseError as error:
                logger.warning("the database is away, trying again: %s", type(error).__name__)
                close_old_connections()
            if until():
                break
            time.sleep(every_s)
        if heartbeat is not None:
            heartbeat.stop()
        return totals


def _is_there(name: str, folder: int) -> bool:
    try:
        os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True
