"""Taking logger files in: block by block, each block one transaction, so that a file broken off is simply taken again.

file --blocks--> TableReader --Rows--> datastreams, units --Observations--> take_observations
                             --bad---> quarantine
"""

import fnmatch
import logging
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from django.db import OperationalError, connection, transaction
from django.utils import timezone
from psycopg.errors import DeadlockDetected

from gis_core.errors import ReportedError, without_insides
from gis_core.models import User
from gis_core.services.audit import record_change
from sensors.feeds.services.blocks import BLOCK_BYTES, Block, blocks_of, sample_of, sha256_of
from sensors.feeds.services.forms import Form, read_form
from sensors.feeds.services.profiles import complete_form, stem_of
from sensors.feeds.services.quarantine import Refusal, quarantine, settle_file, waiting_of
from sensors.feeds.services.sniffing import SAMPLE_BYTES
from sensors.feeds.services.tables import BadRow, BlockReading, TableReader, TableRows, resolve_twice
from sensors.feeds.services.targets import NoTarget, Target, Targets, sane
from sensors.models import FeedFile, FeedProfile, FeedSource
from sensors.series.services.ingestion import take_observations
from sensors.series.services.observation_arrays import Observations
from sensors.series.services.roll_ups import refresh_roll_ups

logger = logging.getLogger(__name__)

PATTERNS = ("*.csv", "*.txt", "*.tsv", "*.dat", "*.csv.gz", "*.txt.gz", "*.tsv.gz", "*.dat.gz")
VALUES_IN_CHUNK = 500_000
# A block is one transaction: of two that wait for each other the database breaks one off.
MOST_ATTEMPTS = 5
_AMBIGUOUS_REASON = "the clock showed this time twice, and the file has it once"

Progress = Callable[[str, int, int], None]


@dataclass
class FileResult:
    """What became of a file. In a file of one value a row, `rows` is the sum of the five that follow it."""

    file: str
    profile: str
    state: str = "done"
    rows: int = 0
    inserted: int = 0
    unchanged: int = 0
    corrected: int = 0
    missing: int = 0
    quarantined: int = 0
    seconds: float = 0.0
    error: str = ""

    def as_dict(self) -> dict[str, Any]:
        return {**asdict(self), "seconds": round(self.seconds, 3)}


def ingest_path(
    path: Path,
    *,
    profile: FeedProfile,
    acting_user: User | None,
    source: FeedSource | None = None,
    again: bool = False,
    has_roll_ups: bool = True,
    chunk: int = VALUES_IN_CHUNK,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Take in a file, or every logger file of a folder (not of those below); roll-ups are current afterwards.

    A file that fails does not stop the others of a folder; one that fails alone raises ReportedError.
    """
    began = time.perf_counter()
    is_folder = path.is_dir()
    files = logger_files(path) if is_folder else [path]
    results = []
    for number, file in enumerate(files):
        if progress is not None and is_folder:
            progress("files", number, len(files))
        try:
            results.append(
                ingest_file(
                    file, profile=profile, acting_user=acting_user, source=source, again=again, chunk=chunk
                )
            )
        except ReportedError as error:
            if not is_folder:
                raise
            results.append(FileResult(str(file), profile.name, state="failed", error=error.message))
    loaded = time.perf_counter()
    if has_roll_ups:
        refresh_roll_ups()
    counts = ("rows", "inserted", "unchanged", "corrected", "missing", "quarantined")
    totals = {name: sum(getattr(result, name) for result in results) for name in counts}
    timing = {
        "seconds": round(loaded - began, 3),
        "roll_up_seconds": round(time.perf_counter() - loaded, 3) if has_roll_ups else None,
    }
    if not is_folder:
        return {**results[0].as_dict(), **timing}
    return {
        "folder": str(path),
        "profile": profile.name,
        "files": [result.as_dict() for result in results],
        "failed": sum(result.state == "failed" for result in results),
        **totals,
        **timing,
    }


def logger_files(folder: Path) -> list[Path]:
    """The logger files of a folder, by name; hidden ones are passed over."""
    return sorted(
        entry
        for entry in folder.iterdir()
        # A link would have a file of elsewhere read.
        if not entry.is_symlink() and entry.is_file() and is_logger_file(entry.name)
    )


def is_logger_file(name: str) -> bool:
    """Whether a file of this name is one; hidden ones are not."""
    return not name.startswith(".") and any(fnmatch.fnmatch(name.casefold(), pattern) for pattern in PATTERNS)


def ingest_file(
    path: Path,
    *,
    profile: FeedProfile,
    acting_user: User | None,
    source: FeedSource | None = None,
    again: bool = False,
    chunk: int = VALUES_IN_CHUNK,
    name: str = "",
) -> FileResult:
    """Take in one file. One that was taken in before is not read again, unless `again`; that changes nothing either.

    A transaction holds about `chunk` values. `name` is what the file is called where `path` is but a way to it.

    Raises ReportedError (`file_unreadable`, `form_not_found`, `no_column`, `bad_profile`) when nothing of it
    can be read.
    """
    began = time.perf_counter()
    told = name or str(path)
    name = name or path.name
    digest = sha256_of(path, name)
    file = _file_row(path, name, digest, profile, source)
    if file.state == FeedFile.State.DONE and not again:
        return FileResult(
            told,
            profile.name,
            state="already ingested",
            rows=file.rows,
            unchanged=file.inserted + file.unchanged + file.corrected,
            missing=file.missing,
            quarantined=file.quarantined,
        )
    waiting_before = waiting_of(file)
    try:
        sample = sample_of(path, SAMPLE_BYTES, name)
        form = complete_form(read_form(profile.settings), sample)
        reader = TableReader(form, stem_of(name))
        taker = FileTaker(path, file, form, reader, acting_user, chunk)
        _remember_form(file, form)
        taker.take_all(_block_bytes(sample, reader, chunk))
    except ReportedError as error:
        _fail(file, error)
        raise
    _finish(file, taker, waiting_before, acting_user)
    result = taker.result
    result.file = told
    result.seconds = time.perf_counter() - began
    return result


class FileTaker:
    """Takes one file in, and counts."""

    def __init__(
        self,
        path: Path,
        file: FeedFile,
        form: Form,
        reader: TableReader,
        acting_user: User | None,
        chunk: int = VALUES_IN_CHUNK,
    ) -> None:
        self.path, self.file, self.form, self.reader = path, file, form, reader
        self.acting_user = acting_user
        self._chunk = chunk
        self.result = FileResult(str(path), file.profile.name)
        self._targets = Targets(file.division)
        self._found: list[Target | NoTarget] = []
        self._ambiguous: list[TableRows] = []
        self._ambiguous_raws: list[bytes] = []
        self._direction = 0

    def take_all(self, block_bytes: int) -> None:
        """Parse the next block while the last one is stored: the two are done by different programs."""
        blocks = blocks_of(self.path, self.form.encoding or "utf-8", block_bytes, self.file.name)
        with ThreadPoolExecutor(1) as pool:

            def next_reading() -> tuple[Block, BlockReading] | None:
                block = next(blocks, None)
                return None if block is None else (block, self.reader.read(block))

            coming = pool.submit(next_reading)
            while (read := coming.result()) is not None:
                coming = pool.submit(next_reading)
                self._take(*read)
        self._take_ambiguous()

    def _take(self, block: Block, reading: BlockReading) -> None:
        self.result.rows += reading.rows_read
        self.result.missing += reading.missing
        self._direction += reading.direction
        if len(reading.ambiguous):
            self._ambiguous.append(reading.ambiguous)
            self._ambiguous_raws += reading.ambiguous_raws
        rows = reading.rows
        for start in range(0, max(1, len(rows)), self._chunk):
            chosen = slice(start, start + self._chunk)
            self._store(block, rows.at(chosen), reading.bad if start == 0 else [])

    def _store(self, block: Block, rows: TableRows, bad: Sequence[BadRow]) -> None:
        lines: list[bytes] = []

        def raw(line: int) -> bytes:
            if not lines:
                lines.extend(block.data.split(b"\n"))
            return lines[line - block.first_line].rstrip(b"\r")

        good, refused = self.sorted_out(rows, raw)
        refusals = [_refusal(row) for row in [*bad, *refused]]
        self._commit(good, refusals)

    def _commit(self, good: Observations, refusals: list[Refusal]) -> None:
        """Store what can be stored and set aside the rest; the one that loses a deadlock does it all again."""
        for attempt in range(1, MOST_ATTEMPTS + 1):
            try:
                with transaction.atomic():
                    loaded = take_observations(
                        good, acting_user=self.acting_user, origin=self.file.name, is_audited=False
                    )
                    if refusals:
                        quarantine(refusals, division_id=self.file.division_id, file=self.file)
                break
            except OperationalError as error:
                is_deadlock = isinstance(error.__cause__, DeadlockDetected)
                if not is_deadlock or connection.in_atomic_block or attempt == MOST_ATTEMPTS:
                    raise
        self.result.inserted += loaded.inserted
        self.result.unchanged += loaded.unchanged
        self.result.corrected += loaded.corrected
        self.result.quarantined += len(refusals) + loaded.refused

    def sorted_out(self, rows: TableRows, raw: Callable[[int], bytes]) -> tuple[Observations, list[BadRow]]:
        """The rows that can be stored, in their datastreams' units; and the others."""
        if len(self._found) < len(self.reader.series):
            self._found = self._targets.find(list(self.reader.series))
        ids = np.array(
            [found.datastream_id if isinstance(found, Target) else -1 for found in self._found], np.int64
        )
        factors = np.array([found.factor if isinstance(found, Target) else 1.0 for found in self._found])
        offsets = np.array([found.offset if isinstance(found, Target) else 0.0 for found in self._found])
        streams = ids[rows.series] if len(ids) else rows.series
        values = rows.values
        if (factors != 1.0).any() or offsets.any():
            values = values * factors[rows.series] + offsets[rows.series]
        is_time, is_value = sane(rows.times_us, values)
        is_good = (streams >= 0) & is_time & is_value
        refused = []
        for place in np.flatnonzero(~is_good).tolist():
            series = int(rows.series[place])
            found = self._found[series]
            if isinstance(found, NoTarget):
                code, reason = found.code, found.reason
            elif not is_time[place]:
                code, reason = "bad_time", "the time lies before 1950 or more than a year ahead"
            else:
                code, reason = "bad_value", "the value is beyond 1e100"
            column = self.reader.series[series].datastream if self.reader.values_in_row > 1 else ""
            line = int(rows.lines[place])
            refused.append(BadRow(line, raw(line), code, reason, column))
        good = Observations(streams, rows.times_us, values)
        return (good if is_good.all() else good.at(is_good)), refused

    def _take_ambiguous(self) -> None:
        if not self._ambiguous:
            return
        rows = TableRows.joined(self._ambiguous)
        resolved, unknown = resolve_twice(rows, self.form, is_forward=self._direction >= 0)
        raws = dict(zip(rows.lines.tolist(), self._ambiguous_raws, strict=True))
        bad = [
            BadRow(
                int(rows.lines[place]),
                self._ambiguous_raws[place],
                "ambiguous_time",
                _AMBIGUOUS_REASON,
                self.reader.series[int(rows.series[place])].datastream
                if self.reader.values_in_row > 1
                else "",
            )
            for place in unknown.tolist()
        ]
        good, refused = self.sorted_out(resolved, lambda line: raws[line])
        refusals = [_refusal(row) for row in [*bad, *refused]]
        self._commit(good, refusals)


def _refusal(row: BadRow) -> Refusal:
    context = {"line": row.line + 1, **({"column": row.column} if row.column else {})}
    return Refusal(row.raw, row.code, row.reason, context, line=row.line + 1)


def _block_bytes(sample: bytes, reader: TableReader, chunk: int) -> int:
    """Blocks of about `chunk` values, but not more than BLOCK_BYTES."""
    lines = max(1, sample.count(b"\n"))
    bytes_of_value = len(sample) / lines / reader.values_in_row
    return int(min(BLOCK_BYTES, max(64 * 1024, bytes_of_value * chunk)))


@transaction.atomic
def _file_row(
    path: Path, name: str, digest: str, profile: FeedProfile, source: FeedSource | None
) -> FeedFile:
    file, is_new = FeedFile.objects.get_or_create(
        profile=profile,
        content_sha256=digest,
        defaults={
            "division_id": source.division_id if source else profile.division_id,
            "source": source,
            "name": name[:255],
            "size_bytes": path.stat().st_size,
        },
    )
    if not is_new and file.state == FeedFile.State.FAILED:
        file.state = FeedFile.State.RUNNING
        file.save(update_fields=["state"])
    return file


def _remember_form(file: FeedFile, form: Form) -> None:
    file.form = {
        "settings": form.as_settings(),
        "names": list(form.names),
        "width": form.width,
        "stem": stem_of(file.name),
    }
    file.save(update_fields=["form"])


def form_of_file(file: FeedFile) -> tuple[Form, str]:
    """The complete form a file was read with, for single lines of it, and the file's stem."""
    form = read_form(file.form["settings"])
    return replace(form, names=tuple(file.form["names"]), width=file.form["width"], first_row=0), file.form[
        "stem"
    ]


def _fail(file: FeedFile, error: ReportedError) -> None:
    # What is quoted from a file may hold anything; the database knows no NUL.
    message = without_insides(error.message.replace("\x00", "\ufffd"))[:500]
    file.state, file.error, file.finished_at = FeedFile.State.FAILED, message, timezone.now()
    file.save(update_fields=["state", "error", "finished_at"])


@transaction.atomic
def _finish(
    file: FeedFile, taker: FileTaker, waiting_before: dict[int, int], acting_user: User | None
) -> None:
    result = taker.result
    settle_file(file, waiting_before)
    file.state, file.error, file.finished_at = FeedFile.State.DONE, "", timezone.now()
    for name in ("rows", "inserted", "unchanged", "corrected", "missing", "quarantined"):
        setattr(file, name, getattr(result, name))
    file.save()
    record_change(
        acting_user=acting_user,
        action="ingest file",
        subject=file,
        subject_id=file.name[:100],
        division=file.division,
        new_values={
            "profile": file.profile.name,
            "sha256": file.content_sha256,
            "rows": result.rows,
            "inserted": result.inserted,
            "corrected": result.corrected,
            "quarantined": result.quarantined,
        },
    )
