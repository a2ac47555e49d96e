"""A running job's heartbeat: a thread that renews the lease while the work runs, however long one statement takes.

Without it a statement of more than two minutes looks like a dead worker, and the work is begun again beside itself.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from threading import Event, Thread

from django.db import DatabaseError, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper
from django.utils import timezone
from psycopg import Error as PsycopgError

from gis_core.models import Job

LEASE = timedelta(seconds=120)
BEAT = timedelta(seconds=20)
# After this a job is taken to hang: its statement is cancelled, and it ends as failed.
LONGEST_RUN = timedelta(hours=12)

CANCELLING_S = 5.0

# One statement: the row as this attempt holds it, or nothing when it is another's by now.
_RENEW = "UPDATE gis_core_job SET lease_until = %s WHERE id = %s AND state = 'running' AND attempts = %s"


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

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Renew the lease for the block, and cancel what its connection is doing once the job is not its own."""
        working = connections["default"]
        thread = Thread(target=self._beat_until_ended, args=(working,), daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._ending.set()
            thread.join()

    def _beat_until_ended(self, working: BaseDatabaseWrapper) -> None:
        began = timezone.now()
        # Of this thread, and connected with the first beat only.
        own = working.copy()
        try:
            while not self._ending.wait(BEAT.total_seconds()):
                # A database that is away for a moment takes nothing away; the lease holds for six beats.
                with suppress(DatabaseError):
                    self._beat(own)
                    self.is_too_long = began + LONGEST_RUN < timezone.now()
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

    def _cancel_statement(self, working: BaseDatabaseWrapper) -> None:
        driver = working.connection
        if driver is not None and not self._ending.is_set():
            # By the connection's own key, which needs no right over the role that opened it.
            with suppress(PsycopgError):
                driver.cancel_safe(timeout=CANCELLING_S)
