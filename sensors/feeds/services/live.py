"""Values of live feeds into the store: one transaction for a batch, with its refusals; and the sources' heartbeats."""

import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

import numpy as np
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext_noop as _

from gis_core.errors import without_insides
from gis_core.sentences import Sentence
from sensors.feeds.services.quarantine import Refusal, quarantine
from sensors.feeds.services.targets import sane
from sensors.models import FeedSource, FeedState
from sensors.series.services.ingestion import LoadResult, take_observations
from sensors.series.services.observation_arrays import Observations

logger = logging.getLogger(__name__)

COUNTS = ("messages", "inserted", "unchanged", "corrected", "quarantined")


@dataclass
class Batch:
    """Values (datastream id, microseconds, value) and refusals of one source, to be stored together."""

    source: FeedSource
    values: list[tuple[int, int, float]] = field(default_factory=list)
    # (raw, context) of each value, should it turn out not to be storable.
    origins: list[tuple[bytes, dict[str, Any]]] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    messages: int = 0


def store(batch: Batch) -> LoadResult:
    """Store a batch; in the caller's transaction where there is one. Insane times and values go to quarantine."""
    refuse_insane(batch)
    observations = Observations(
        np.array([value[0] for value in batch.values], np.int64),
        np.array([value[1] for value in batch.values], np.int64),
        np.array([value[2] for value in batch.values], np.float64),
    )
    with transaction.atomic():
        loaded = take_observations(
            observations, acting_user=None, origin=f"feed {batch.source.code}", is_audited=False
        )
        if batch.refusals:
            quarantine(batch.refusals, division_id=batch.source.division_id, source=batch.source)
    return loaded


def refuse_insane(batch: Batch) -> None:
    """Move values that cannot be stored to the refusals."""
    # Beyond 64 bits a time is as insane as it can be, whatever its number.
    times = np.array([min(max(value[1], -(2**62)), 2**62) for value in batch.values], np.int64)
    is_time, is_value = sane(times, np.array([value[2] for value in batch.values], np.float64))
    bad = np.flatnonzero(~(is_time & is_value)).tolist()
    for place in bad:
        raw, context = batch.origins[place]
        reason = (
            Sentence(_("the value is beyond 1e100"))
            if is_time[place]
            else Sentence(_("the time lies before 1950 or more than a year ahead"))
        )
        batch.refusals.append(Refusal(raw, "bad_value" if is_time[place] else "bad_time", reason, context))
    if bad:
        dropped = set(bad)
        batch.values = [value for place, value in enumerate(batch.values) if place not in dropped]
        batch.origins = [origin for place, origin in enumerate(batch.origins) if place not in dropped]


class Heartbeat:
    """Renews a source's state: at most every two seconds, unless something changed."""

    EVERY_S = 2.0

    def __init__(self, source: FeedSource) -> None:
        self.source = source
        self._counts = dict.fromkeys(COUNTS, 0)
        self._written_at: float | None = None
        self._state = ""

    def start(self, *, is_restart: bool = False) -> None:
        """This process runs the source from now on."""
        state, _is_new = FeedState.objects.get_or_create(source=self.source)
        state.state = self._state = FeedState.State.CONNECTING
        state.process_id = os.getpid()
        state.started_at = state.seen_at = timezone.now()
        state.restarts += int(is_restart)
        state.save(update_fields=["state", "process_id", "started_at", "seen_at", "restarts"])

    def count(self, batch: Batch, loaded: LoadResult) -> None:
        """Add what a batch brought; written with the next beat."""
        self._counts["messages"] += batch.messages
        self._counts["inserted"] += loaded.inserted
        self._counts["unchanged"] += loaded.unchanged
        self._counts["corrected"] += loaded.corrected
        self._counts["quarantined"] += len(batch.refusals) + loaded.refused

    def beat(
        self, state: str = FeedState.State.RUNNING, *, succeeded: bool = True, force: bool = False
    ) -> None:
        """Say that the source lives; `succeeded` that it also brought something."""
        # Counted by a clock that nobody sets.
        moment = monotonic()
        is_due = self._written_at is None or moment - self._written_at >= self.EVERY_S
        if not (is_due or force or state != self._state):
            return
        now = timezone.now()
        sets = ["state = %s", "seen_at = %s", "process_id = %s"]
        values: list[Any] = [state, now, os.getpid()]
        if succeeded:
            sets.append("last_success_at = %s")
            values.append(now)
        for name, count in self._counts.items():
            sets.append(f"{name} = {name} + %s")
            values.append(count)
        with connection.cursor() as cursor:
            cursor.execute(
                f"UPDATE sensors_feedstate SET {', '.join(sets)} WHERE source_id = %s",  # noqa: S608 - names of ours
                [*values, self.source.pk],
            )
        self._counts = dict.fromkeys(COUNTS, 0)
        self._written_at, self._state = moment, state

    def fail(self, error: str) -> None:
        """Note an error; it must hold no credentials."""
        self._state = FeedState.State.FAILING
        now = timezone.now()
        FeedState.objects.filter(source=self.source).update(
            state=FeedState.State.FAILING,
            seen_at=now,
            last_error_at=now,
            last_error=without_insides(error)[:500],
            process_id=os.getpid(),
        )

    def stop(self) -> None:
        """This process no longer runs the source."""
        self.beat(FeedState.State.STOPPED, succeeded=False, force=True)


def start_heartbeats(sources: Sequence[FeedSource]) -> dict[int, Heartbeat]:
    """Heartbeats of sources by primary key, started."""
    heartbeats = {source.pk: Heartbeat(source) for source in sources}
    for heartbeat in heartbeats.values():
        heartbeat.start()
    return heartbeats
