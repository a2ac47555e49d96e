"""Jobs: asked for, leased by a worker, reported on, ended - each step its own small transaction."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from django.db import connections, transaction
from django.db.models import F, Q
from django.utils import timezone

from gis_core.errors import ReportedError
from gis_core.models import Division, Job, User
from gis_core.services.audit import record_change

LEASE = timedelta(seconds=120)
MAXIMUM_ATTEMPTS = 3

ProgressReport = Callable[[str, int, int], None]
Enqueue = Callable[[str], None]


@transaction.atomic
def create_job(
    *, kind: str, division: Division, parameters: dict[str, Any], acting_user: User, enqueue: Enqueue
) -> Job:
    """Record a job and hand its uid to `enqueue` once the row is committed."""
    job = Job.objects.create(kind=kind, division=division, parameters=parameters, created_by=acting_user)
    record_change(
        acting_user=acting_user,
        action=f"request {kind}",
        subject=job,
        division=division,
        new_values=parameters,
    )
    transaction.on_commit(lambda: enqueue(str(job.uid)))
    return job


def lease_job(uid: str) -> Job | None:
    """Take a job for this worker; None when it has ended or another worker holds it."""
    now = timezone.now()
    free = Job.objects.filter(Q(state=Job.State.QUEUED) | _is_dead(now), uid=uid)
    taken = free.update(
        state=Job.State.RUNNING, lease_until=now + LEASE, started_at=now, attempts=F("attempts") + 1
    )
    return Job.objects.get(uid=uid) if taken else None


def _is_dead(now: datetime) -> Q:
    """Running without a worker: the lease ran out."""
    return Q(state=Job.State.RUNNING, lease_until__lt=now)


@contextmanager
def progress_of(job: Job) -> Iterator[ProgressReport]:
    """A progress report for work that runs in a transaction: it writes on a connection of its own.

    The row is thereby seen live by others while the work itself is not yet committed.
    """
    own = connections["default"].copy()

    def report(message: str, done: int, total: int) -> None:
        with own.cursor() as cursor:
            cursor.execute(
                "UPDATE gis_core_job SET message = %s, progress_done = %s, progress_total = %s, lease_until = %s "
                "WHERE id = %s AND state = 'running'",
                [message[:200], min(done, total), total, timezone.now() + LEASE, job.pk],
            )

    try:
        yield report
    finally:
        own.close()


def run_job(uid: str, work: Callable[[Job, ProgressReport], dict[str, Any]]) -> None:
    """Lease the job, do the work, and record how it ended. The work commits its own transaction."""
    job = lease_job(uid)
    if job is None:
        return
    try:
        with progress_of(job) as report:
            result = work(job, report)
    except ReportedError as error:
        _end(job, state=Job.State.FAILED, error=error.message, result=error.as_dict())
    except Exception as error:
        _end(job, state=Job.State.FAILED, error=f"{type(error).__name__}: {error}", result=None)
        raise
    else:
        _end(job, state=Job.State.SUCCEEDED, error="", result=result)


def _end(job: Job, *, state: str, error: str, result: dict[str, Any] | None) -> None:
    Job.objects.filter(pk=job.pk).update(
        state=state, error=error, result=result, ended_at=timezone.now(), lease_until=None
    )


def abandoned_jobs() -> list[Job]:
    """Running jobs whose lease ran out, and queued ones whose message seems lost; the hopeless are failed.

    A lease that a clock gave which ran ahead and was set back is shortened first: its worker may live, and renews it.
    """
    now = timezone.now()
    Job.objects.filter(state=Job.State.RUNNING, lease_until__gt=now + 2 * LEASE).update(
        lease_until=now + LEASE
    )
    Job.objects.filter(_is_dead(now), attempts__gte=MAXIMUM_ATTEMPTS).update(
        state=Job.State.FAILED,
        error=f"The worker died {MAXIMUM_ATTEMPTS} times while doing this.",
        ended_at=now,
        lease_until=None,
    )
    waits_long = Q(created_at__lt=now - LEASE) | Q(created_at__gt=now + LEASE)
    return list(Job.objects.filter(Q(state=Job.State.QUEUED) & waits_long | _is_dead(now)))
