"""A running job's heartbeat: a thread that renews the lease while the work runs, however long one statement takes.

Without it a statement of more than two minutes looks like a dead worker, and the work is begun again beside itself.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from threading import Event, Thread
from time import monotonic

from django.db import DatabaseError, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper
from django.utils import timezone
from psycopg import Error as PsycopgError

from gis_core.models import Job
from gis_core.services.job_limits import RunningTime, limits_of, running_time

LEASE = timedelta(seconds=120)
BEAT = timedelta(seconds=20)

CANCELLING_S = 5.0
_log = logging.getLogger(__name__)

# One statement: the row as this attempt holds it, or nothing when it is another's by now.
_RENEW = "UPDATE gis_core_job SET lease_until = %s WHERE id = %s AND state = 'running' AND attempts = %s"

_TELL_SOFT_LIMIT = (
    "UPDATE gis_core_job SET soft_limit_passed_at = %s WHERE id = %s AND state = 'running' AND attempts = %s"
)


def is_held_no_more(cursor: CursorWrapper, job: Job) -> bool:
    """Whether a job whose row an attempt could not write has ended, or is another attempt's.

    Where there is no row at all it was made in a transaction that is not yet committed (in place, without a worker).
    """
    cursor.execute("SELECT EXISTS (SELECT FROM gis_core_job WHERE id = %s)", [job.pk])
    return bool(cursor.fetchone()[0])


class JobHeartbeat:
    """What is known of the hold of one attempt on its job."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._ending = Event()
        self.is_lost = False
        self.is_too_long = False
        self.time = RunningTime(limits_of(job.kind))

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Renew the lease for the block, and cancel what its connection is doing once the job is not its own."""
        working = connections["default"]
        thread = Thread(target=self._beat_until_ended, args=(working,), daemon=True)
        token = running_time.set(self.time)
        thread.start()
        try:
            yield
        finally:
            running_time.reset(token)
            self._ending.set()
            thread.join()

    def _beat_until_ended(self, working: BaseDatabaseWrapper) -> None:
        # By a clock that nobody sets.
        began = monotonic()
        # Of this thread, and connected with the first beat only.
        own = working.copy()
        try:
            while not self._ending.wait(BEAT.total_seconds()):
                # A database that is away for a moment takes nothing away; the lease holds for six beats.
                with suppress(DatabaseError):
                    self._beat(own)
                    lasted = timedelta(seconds=monotonic() - began)
                    self._tell_soft_limit(own, lasted)
                    self.is_too_long = lasted > self.time.limits.hard
                    if self.is_lost or self.is_too_long:
                        # Again with each beat, until the work has noticed: it may have been between two statements.
                        self._cancel_statement(working)
        finally:
            own.close()

    def _beat(self, own: BaseDatabaseWrapper) -> None:
        own.close_if_unusable_or_obsolete()
        with own.cursor() as cursor:
            cursor.execute(_RENEW, [timezone.now() + LEASE, self._job.pk, self._job.attempts])
            if cursor.rowcount == 0:
                self.is_lost = is_held_no_more(cursor, self._job)

    def _tell_soft_limit(self, own: BaseDatabaseWrapper, lasted: timedelta) -> None:
        """Once: in the log, in the row that its page shows, and to the work, which may end itself."""
        if self.time.is_past_soft or lasted <= self.time.limits.soft:
            return
        self.time.is_past_soft = True
        minutes = self.time.limits.soft // timedelta(minutes=1)
        _log.warning("job %s (%s) runs longer than its %d minutes", self._job.uid, self._job.kind, minutes)
        with own.cursor() as cursor:
            cursor.execute(_TELL_SOFT_LIMIT, [timezone.now(), self._job.pk, self._job.attempts])

    def _cancel_statement(self, working: BaseDatabaseWrapper) -> None:
        driver = working.connection
        if driver is not None and not self._ending.is_set():
            # By the connection's own key, which needs no right over the role that opened it.
            with suppress(PsycopgError):
                driver.cancel_safe(timeout=CANCELLING_S)
