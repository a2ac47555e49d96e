"""A drop folder: whole files are taken in and moved to done/, those that cannot be read to failed/."""

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
from sensors.feeds.services.file_ingestion import FileResult, ingest_file, logger_files
from sensors.feeds.services.live import Heartbeat
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
    _seen: dict[Path, tuple[int, int, float]] = field(default_factory=dict)
    # Files that were taken in and cannot be moved, with where to: only that is tried again.
    _unmoved: dict[tuple[Path, int], str] = field(default_factory=dict)

    def prepare(self) -> None:
        """Make done/ and failed/; raises ReportedError (`folder_unusable`)."""
        try:
            for name in ("done", "failed"):
                (self.folder / name).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ReportedError(
                f"{self.folder} cannot be used: {error.strerror}.", code="folder_unusable"
            ) from error

    def whole_files(self) -> list[Path]:
        """Files that are complete, as far as can be seen: unchanged since the last looks, and not being
        written by name."""
        now = time.monotonic()
        whole, there = [], {}
        for path in logger_files(self.folder):
            try:
                status = path.stat()
            except OSError:
                continue
            size, changed, since = self._seen.get(path, (-1, -1, now))
            if (size, changed) != (status.st_size, status.st_mtime_ns):
                since = now
            there[path] = (status.st_size, status.st_mtime_ns, since)
            if now - since >= self.settle_s and status.st_size > 0:
                whole.append(path)
        self._seen = there
        return whole

    def look(self) -> list[FileResult]:
        """Take in the files that are whole now."""
        results = []
        for path in self.whole_files():
            version = (path, self._seen[path][1])
            if version in self._unmoved:
                self._move(path, self._unmoved[version], version)
                continue
            try:
                result = ingest_file(
                    path, profile=self.profile, acting_user=self.acting_user, source=self.source
                )
            except ReportedError as error:
                result = FileResult(str(path), self.profile.name, state="failed", error=error.message)
                logger.warning("%s: %s", path.name, error.message)
            self._move(path, "failed" if result.state == "failed" else "done", version)
            results.append(result)
        if results:
            refresh_roll_ups()
        return results

    def _move(self, path: Path, folder: str, version: tuple[Path, int]) -> None:
        """Into the folder, under a name that is free there: nothing is written over."""
        target = self.folder / folder / path.name
        number = 1
        while target.exists():
            number += 1
            target = self.folder / folder / f"{path.stem}~{number}{path.suffix}"
        try:
            os.replace(path, target)  # noqa: PTH105 - within one file system, in one step
        except OSError as error:
            if version not in self._unmoved:
                logger.warning("%s cannot be moved to %s/: %s", path.name, folder, error.strerror)
            self._unmoved[version] = folder
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
            except DatabaseError as error:
                logger.warning("the database is away, trying again: %s", type(error).__name__)
                close_old_connections()
            if until():
                break
            time.sleep(every_s)
        if heartbeat is not None:
            heartbeat.stop()
        return totals
