"""Jobs: asked for, leased by a worker, reported on, ended - each step its own small transaction."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.db import DatabaseError, OperationalError, connections, transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_noop as _

from gis_core.access import Capability, require
from gis_core.database.refusals import primary_of
from gis_core.database.scope import EVERYTHING, of_user, working_in
from gis_core.errors import ReportedError, outward, without_insides
from gis_core.models import Division, Job, User
from gis_core.sentences import Figure, Sentence
from gis_core.services.audit import record_change
from gis_core.services.job_files import remove_files_of
from gis_core.services.job_heartbeat import LEASE, JobHeartbeat, is_held_no_more

MAXIMUM_ATTEMPTS = 3
# Waiting and running; more would only stand in the way of others.
MOST_OF_A_USER = 20
MOST_OF_A_DIVISION = 100

ProgressReport = Callable[[str, int, int], None]
Enqueue = Callable[[str], None]


@transaction.atomic
def create_job(
    *, kind: str, division: Division, parameters: dict[str, Any], acting_user: User, enqueue: Enqueue
) -> Job:
    """Record a job and hand its uid to `enqueue` once the row is committed.

    Raises ReportedError (`too_many_jobs`) while too many of the user's or of the division's have not ended.
    """
    _refuse_too_many(acting_user, division)
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


def _refuse_too_many(user: User, division: Division) -> None:
    unended = Job.objects.filter(state__in=[Job.State.QUEUED, Job.State.RUNNING])
    if unended.filter(created_by=user)[:MOST_OF_A_USER].count() == MOST_OF_A_USER:
        raise ReportedError(
            Sentence(
                _("{most_of_a_user} jobs that you asked for have not ended; wait for some, or cancel them."),
                most_of_a_user=MOST_OF_A_USER,
            ),
            code="too_many_jobs",
        )
    if unended.filter(division=division)[:MOST_OF_A_DIVISION].count() == MOST_OF_A_DIVISION:
        raise ReportedError(
            Sentence(
                _("{most_of_a_division} jobs of {division} have not ended; wait for some."),
                most_of_a_division=MOST_OF_A_DIVISION,
                division=division.code,
            ),
            code="too_many_jobs",
        )


def lease_job(uid: str) -> Job | None:
    """Take a job for this worker; None when it has ended or another worker holds it."""
    now = timezone.now()
    free = Job.objects.filter(Q(state=Job.State.QUEUED) | _is_dead(now), uid=uid)
    taken = free.update(
        state=Job.State.RUNNING,
        lease_until=now + LEASE,
        started_at=now,
        attempts=F("attempts") + 1,
        soft_limit_passed_at=None,
    )
    return Job.objects.get(uid=uid) if taken else None


def _is_dead(now: datetime) -> Q:
    """Running without a worker: the lease ran out."""
    return Q(state=Job.State.RUNNING, lease_until__lt=now)


class JobCancelled(Exception):
    """The job was cancelled while it ran, or another worker has it by now: what is not committed is taken back."""


@contextmanager
def progress_of(job: Job) -> Iterator[ProgressReport]:
    """A progress report for work that runs in a transaction: it writes on a connection of its own.

    The row is thereby seen live by others while the work itself is not yet committed. A report raises JobCancelled
    once the job is cancelled, or held by another attempt.
    """
    own = connections["default"].copy()

    def report(message: str, done: int, total: int) -> None:
        with own.cursor() as cursor:
            cursor.execute(
                "UPDATE gis_core_job SET message = %s, progress_done = %s, progress_total = %s, lease_until = %s "
                "WHERE id = %s AND state = 'running' AND attempts = %s",
                [message[:200], min(done, total), total, timezone.now() + LEASE, job.pk, job.attempts],
            )
            if cursor.rowcount == 0 and is_held_no_more(cursor, job):
                raise JobCancelled

    try:
        yield report
    finally:
        own.close()


def run_job(
    uid: str, work: Callable[[Job, ProgressReport], dict[str, Any]], *, as_one_transaction: bool = False
) -> None:
    """Lease the job, do the work, and record how it ended.

    The work sees what its user's roles reach as it begins (docs/adr/0026-second-wall.md); the job's own row is a
    worker's, since its user may have lost his roles meanwhile.
    The work commits its own transaction; or, with `as_one_transaction`, it and the job's success are committed
    together, so that it is not done twice when the worker dies between, and not at all when the job is cancelled.
    """
    with working_in(EVERYTHING):
        job = lease_job(uid)
        if job is not None:
            _run(job, work, as_one_transaction=as_one_transaction)


def _run(
    job: Job, work: Callable[[Job, ProgressReport], dict[str, Any]], *, as_one_transaction: bool
) -> None:
    heartbeat = JobHeartbeat(job)
    try:
        with heartbeat.kept(), progress_of(job) as report:
            if as_one_transaction:
                with transaction.atomic():
                    _succeed(job, _worked(job, work, report))
            else:
                _succeed(job, _worked(job, work, report))
    except JobCancelled:
        _take_back_files(job)
    except ReportedError as error:
        _fail(job, without_insides(error.message), outward(error.as_dict()))
    except OperationalError as error:
        # The heartbeat cancels what the work is doing in the database when the job is no longer its own.
        if heartbeat.is_lost:
            _take_back_files(job)
            return
        minutes = heartbeat.time.limits.hard.total_seconds() / 60
        said = (
            Sentence(_("It was ended after {minutes} minutes."), minutes=Figure(minutes, ".0f"))
            if heartbeat.is_too_long
            else _said(error)
        )
        _fail(job, said, None)
        raise
    except Exception as error:
        _fail(job, _said(error), None)
        raise


def _worked(
    job: Job, work: Callable[[Job, ProgressReport], dict[str, Any]], report: ProgressReport
) -> dict[str, Any]:
    """Do the work in the scope of who asked for it."""
    # Jobs of before users were kept with them are a process's.
    asker = of_user(job.created_by_id) if job.created_by_id is not None else EVERYTHING
    with working_in(asker):
        return work(job, report)


def _said(error: Exception) -> str:
    """What is told of a fault: whoever may see the job reads it; the worker's log has all of it."""
    if isinstance(error, DatabaseError):
        return f"{type(error).__name__}: {primary_of(error)}"
    if isinstance(error, OSError):
        return f"{type(error).__name__}: {error.strerror or 'a file cannot be used'}"
    return without_insides(f"{type(error).__name__}: {error}")


def _succeed(job: Job, result: dict[str, Any]) -> None:
    """Set down the result; raises JobCancelled when the job has ended otherwise, or another worker has it by now."""
    if not _end(job, state=Job.State.SUCCEEDED, error="", result=result):
        raise JobCancelled


def _fail(job: Job, error: str, result: dict[str, Any] | None) -> None:
    _take_back_files(job)
    _end(job, state=Job.State.FAILED, error=error, result=result)


def _end(job: Job, **how: Any) -> bool:
    """Write how a job ended; False, and nothing written, where this attempt holds it no more."""
    held = Job.objects.filter(pk=job.pk, state=Job.State.RUNNING, attempts=job.attempts)
    return bool(held.update(ended_at=timezone.now(), lease_until=None, **how))


def _take_back_files(job: Job) -> None:
    """Remove what the attempt wrote. Files are the job's, so not once another worker may be writing them."""
    if not Job.objects.filter(pk=job.pk, attempts__gt=job.attempts).exists():
        remove_files_of(job)


@transaction.atomic
def cancel_job(job: Job, *, acting_user: User) -> Job:
    """End a job that has not ended. Nothing of it remains, but for parts that its kind of work has committed; twice is
    as good as once.

    Only who asked for it, or an administrator of its division, may: NotVisible for others. Raises ReportedError:
    job_ended.
    """
    if job.created_by_id != acting_user.pk:
        require(acting_user, Capability.MANAGE_USERS, job.division)
    # A worker that sets down its success holds the row until that is committed.
    row = Job.objects.select_for_update(of=("self",)).select_related("division", "created_by").get(pk=job.pk)
    if row.state == Job.State.CANCELLED:
        return row
    if row.state not in (Job.State.QUEUED, Job.State.RUNNING):
        raise ReportedError(
            Sentence(_("The job has {state} already: nothing is left to cancel."), state=row.state),
            code="job_ended",
        )
    row.state, row.ended_at, row.lease_until = Job.State.CANCELLED, timezone.now(), None
    row.save(update_fields=["state", "ended_at", "lease_until"])
    record_change(acting_user=acting_user, action=f"cancel {row.kind}", subject=row, division=row.division)
    return row


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
        error=Sentence(
            _("The worker died {maximum_attempts} times while doing this."), maximum_attempts=MAXIMUM_ATTEMPTS
        ),
        ended_at=now,
        lease_until=None,
    )
    waits_long = Q(created_at__lt=now - LEASE) | Q(created_at__gt=now + LEASE)
    return list(Job.objects.filter(Q(state=Job.State.QUEUED) & waits_long | _is_dead(now)))
