"""Keeping what could not be taken: as it came, with the reason, each once, and not more than there is room for."""

import base64
import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from gis_core.models import User
from gis_core.services.audit import record_change
from sensors.models import FeedFile, FeedSource, QuarantinedRow

# A message that is longer is kept cut, and cannot be tried again.
LONGEST_RAW = 8192
# Beyond these a flood is only counted: the rows kept say what it was.
MOST_IN_FILE = 50_000
MOST_OF_SOURCE = 20_000
_BATCH = 2000


@dataclass(frozen=True)
class Refusal:
    """What was not taken. `context` says where it stood (line, column; topic; port), and makes it the same one
    again."""

    raw: bytes
    code: str
    reason: str
    context: dict[str, Any] = field(default_factory=dict)
    line: int | None = None
    division_id: int | None = None

    def digest(self) -> str:
        where = json.dumps(self.context, sort_keys=True, default=str)
        return hashlib.sha256(where.encode() + b"\x00" + self.raw).hexdigest()


def quarantine(
    refusals: Sequence[Refusal],
    *,
    division_id: int | None,
    file: FeedFile | None = None,
    source: FeedSource | None = None,
) -> int:
    """Keep refusals of a file or a source, in the caller's transaction; how many are kept now, old ones included.

    Without either, and without a division, they are the system's.

    The same one again only counts up and has its reason renewed; one that was dismissed stays so.
    """
    by_digest = {refusal.digest(): refusal for refusal in refusals}
    counts: dict[str, int] = {}
    for refusal in refusals:
        digest = refusal.digest()
        counts[digest] = counts.get(digest, 0) + 1
    room = _room(file, source)
    digests = sorted(by_digest)
    there = set(
        QuarantinedRow.objects.filter(file=file, source=source, digest__in=digests).values_list(
            "digest", flat=True
        )
    )
    kept = [digest for digest in digests if digest in there]
    kept += [digest for digest in digests if digest not in there][: max(0, room)]
    kept.sort()
    now = timezone.now()
    with connection.cursor() as cursor:
        for start in range(0, len(kept), _BATCH):
            some = kept[start : start + _BATCH]
            rows = [_row(by_digest[digest], digest, counts[digest], division_id, now) for digest in some]
            cursor.execute(
                _UPSERT, {"rows": json.dumps(rows), "file": _pk(file), "source": _pk(source), "now": now}
            )
    return len(kept)


_UPSERT = """
INSERT INTO sensors_quarantinedrow AS old (uid, division_id, file_id, source_id, line, raw, is_base64, is_cut,
code, reason,
    context, digest, occurrences, state, first_at, last_at)
SELECT gen_random_uuid(), item.division_id, %(file)s, %(source)s, item.line, item.raw, item.is_base64,
item.is_cut, item.code,
       item.reason, item.context, item.digest, item.occurrences, 'waiting', %(now)s, %(now)s
  FROM jsonb_to_recordset(%(rows)s::jsonb) AS item (division_id bigint, line bigint, raw text, is_base64 boolean,
       is_cut boolean, code text, reason text, context jsonb, digest text, occurrences bigint)
    ON CONFLICT (file_id, source_id, digest) DO UPDATE
   SET occurrences = old.occurrences + excluded.occurrences, last_at = excluded.last_at, code = excluded.code,
       reason = excluded.reason,
       state = CASE WHEN old.state = 'taken' THEN 'waiting' ELSE old.state END,
       settled_at = CASE WHEN old.state = 'taken' THEN NULL ELSE old.settled_at END
"""


@transaction.atomic
def quarantine_unowned(refusals: Sequence[Refusal]) -> None:
    """Keep what came and belongs to no source, where only system administrators see it."""
    quarantine(refusals, division_id=None)


def waiting_of(file: FeedFile) -> dict[int, int]:
    """How often each row of a file that waits was refused so far, by primary key."""
    waiting = QuarantinedRow.objects.filter(file=file, state=QuarantinedRow.State.WAITING)
    return dict(waiting.values_list("pk", "occurrences"))


def settle_file(file: FeedFile, before: dict[int, int]) -> None:
    """Rows of a file that waited before it was taken in again, and were not refused again, are taken.

    Told by counting and not by the clock, which may have been set back meanwhile.
    """
    after = waiting_of(file)
    taken = [pk for pk, occurrences in before.items() if after.get(pk) == occurrences]
    QuarantinedRow.objects.filter(pk__in=taken, state=QuarantinedRow.State.WAITING).update(
        state=QuarantinedRow.State.TAKEN, settled_at=timezone.now()
    )


def raw_of(row: QuarantinedRow) -> bytes:
    """What came, byte for byte as far as it was kept."""
    return base64.b64decode(row.raw) if row.is_base64 else row.raw.encode()


def by_division(rows: Iterable[QuarantinedRow]) -> list[list[QuarantinedRow]]:
    """Rows in groups of one division each, since an audit row is of one."""
    groups: dict[int | None, list[QuarantinedRow]] = {}
    for row in rows:
        groups.setdefault(row.division_id, []).append(row)
    return list(groups.values())


@transaction.atomic
def dismiss(rows: Iterable[QuarantinedRow], *, acting_user: User | None) -> int:
    """Take rows off the list for good; they stay on record. How many they were."""
    listed = [row for row in rows if row.state == QuarantinedRow.State.WAITING]
    for group in by_division(listed):
        QuarantinedRow.objects.filter(pk__in=[row.pk for row in group]).update(
            state=QuarantinedRow.State.DISMISSED, settled_at=timezone.now(), settled_by=acting_user
        )
        record_change(
            acting_user=acting_user,
            action="dismiss quarantined rows",
            subject=group[0],
            subject_id=f"{len(group)} rows",
            division=group[0].division,
            new_values={"rows": [str(row.uid) for row in group[:1000]], "count": len(group)},
        )
    return len(listed)


def _room(file: FeedFile | None, source: FeedSource | None) -> int:
    if file is not None:
        return MOST_IN_FILE - QuarantinedRow.objects.filter(file=file).count()
    waiting = QuarantinedRow.objects.filter(file=None, source=source, state=QuarantinedRow.State.WAITING)
    return MOST_OF_SOURCE - waiting.count()


def _pk(row: Any) -> int | None:
    return None if row is None else row.pk


def _row(refusal: Refusal, digest: str, count: int, division_id: int | None, now: datetime) -> dict[str, Any]:
    raw, is_base64, is_cut = _kept_raw(refusal.raw)
    return {
        "division_id": refusal.division_id or division_id,
        "line": refusal.line,
        "raw": raw,
        "is_base64": is_base64,
        "is_cut": is_cut,
        "code": refusal.code[:40],
        "reason": _clean(refusal.reason)[:300],
        "context": refusal.context,
        "digest": digest,
        "occurrences": count,
    }


def _clean(text: str) -> str:
    return text.replace("\x00", "\\x00").encode("utf-8", "replace").decode()


def _kept_raw(raw: bytes) -> tuple[str, bool, bool]:
    """(text, is_base64, is_cut): text where it is text, otherwise base64."""
    cut = raw[:LONGEST_RAW]
    is_cut = len(raw) > LONGEST_RAW
    try:
        text = cut.decode("utf-8", "strict" if not is_cut else "ignore")
        if "\x00" not in text:
            return text, False, is_cut
    except UnicodeDecodeError:
        pass
    return base64.b64encode(cut).decode(), True, is_cut
