"""The clock of periodic work: Celery's own, which goes on when the computer's clock is set back."""

from datetime import timedelta
from typing import Any

from celery.beat import PersistentScheduler

# What ran a moment ago may seem to lie ahead by a little.
TOLERANCE = timedelta(seconds=1)


class SteadyScheduler(PersistentScheduler):
    """Keeps its intervals over jumps of the clock.

    Work that last ran at a time which now lies ahead would otherwise wait until the clock is there again: a year,
    after a clock that was a year ahead for a minute.
    """

    def tick(self, *arguments: Any, **keywords: Any) -> float:
        """Start what is due; the seconds until the next look."""
        self._come_back()
        return float(super().tick(*arguments, **keywords))

    def _come_back(self) -> None:
        now = self.app.now()
        ahead = [entry for entry in self.schedule.values() if entry.last_run_at > now + TOLERANCE]
        for entry in ahead:
            entry.last_run_at = now
        if ahead:
            # Its times are those of the clock before; the next tick makes it anew.
            self._heap = None
