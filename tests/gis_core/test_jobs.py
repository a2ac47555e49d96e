"""Jobs: leased once, ended truthfully, taken up again when a worker dies."""

import time
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from celery import current_app
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import OperationalError, connection, connections
from django.utils import timezone

from assets.models import Network
from gis_core.errors import ReportedError
from gis_core.job_kinds import known_kinds, register_job_kind
from gis_core.models import AuditEvent, Division, Job, RoleAssignment, User
from gis_core.services import job_heartbeat, jobs
from gis_core.services.job_limits import end_past_soft_limit, is_past_soft_limit, limits_of
from gis_core.settings.environment import job_limits
from gis_core.system_checks import check_job_limits
from gis_core.tasks import reclaim_abandoned_jobs
from tests.conftest import make_district
from tests.world import somebody


@pytest.fixture
def job(committing_database: None) -> Job:
    """A queued job; progress is written on a connection of its own, so the row must be committed."""
    district: Division = make_district("QIBRAY", "Qibray")
    asked: list[str] = []
    # The tests' work looks at the job's own row, which is not of the asker's division.
    User.objects.filter(pk=somebody().pk).update(is_superuser=True)
    row = jobs.create_job(
        kind="test",
        division=district,
        parameters={"a": 1},
        acting_user=somebody(),
        enqueue=asked.append,
    )
    assert asked == [str(row.uid)]
    assert AuditEvent.objects.get(action="request test").user == User.objects.get(username="somebody")
    return row


def test_progress_is_seen_while_the_work_is_not_committed(job: Job) -> None:
    def work(taken: Job, report: jobs.ProgressReport) -> dict[str, int]:
        report("halfway", 1, 2)
        seen = Job.objects.get(pk=job.pk)
        assert (seen.state, seen.message, seen.progress_done, seen.progress_total) == (
            "running",
            "halfway",
            1,
            2,
        )
        return {"rows": 3}

    jobs.run_job(str(job.uid), work)
    job.refresh_from_db()
    assert (job.state, job.result, job.attempts) == ("succeeded", {"rows": 3}, 1)


def test_a_job_is_done_once(job: Job) -> None:
    done = []

    def again(taken: Job, report: jobs.ProgressReport) -> dict[str, int]:
        done.append("twice")
        return {}

    def work(taken: Job, report: jobs.ProgressReport) -> dict[str, int]:
        jobs.run_job(str(job.uid), again)
        done.append("once")
        return {}

    jobs.run_job(str(job.uid), work)
    jobs.run_job(str(job.uid), work)
    assert done == ["once"]


def test_a_job_sees_and_changes_what_its_user_may_see(
    committing_database: None, make_user: Callable[..., User]
) -> None:
    """No filter stands in this work: the second wall alone keeps another division's rows from it."""
    own, other = make_district("QIBRAY", "Qibray"), make_district("ZANGIOTA", "Zangiota")
    for district in (own, other):
        Network.objects.create(code=f"N-{district.code}", name="N", commodity="water", division=district)
    asker = make_user("engineer", own)
    asked = jobs.create_job(
        kind="test", division=own, parameters={}, acting_user=asker, enqueue=lambda uid: None
    )

    def work(taken: Job, report: jobs.ProgressReport) -> dict[str, Any]:
        # Roles that end while it runs end no job.
        RoleAssignment.objects.filter(user=asker).delete()
        changed = Network.objects.filter(code__startswith="N-").update(name="changed")
        return {"seen": sorted(Network.objects.values_list("code", flat=True)), "changed": changed}

    jobs.run_job(str(asked.uid), work)
    asked.refresh_from_db()
    assert (asked.state, asked.result) == ("succeeded", {"seen": ["N-QIBRAY"], "changed": 1})


def seconds_of_sql(seconds: float) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_sleep(%s)", [seconds])


def test_the_lease_is_renewed_while_one_statement_runs(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job_heartbeat, "BEAT", timedelta(milliseconds=50))

    def work(taken: Job, report: jobs.ProgressReport) -> dict[str, int]:
        Job.objects.filter(pk=job.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
        seconds_of_sql(0.5)
        row = Job.objects.get(pk=job.pk)
        assert row.lease_until is not None
        assert row.lease_until > timezone.now() + jobs.LEASE / 2
        reclaim_abandoned_jobs()
        return {"rows": 3}

    asked: list[str] = []
    register_job_kind("test", asked.append)
    jobs.run_job(str(job.uid), work)
    job.refresh_from_db()
    assert (job.state, job.result, job.attempts, asked) == ("succeeded", {"rows": 3}, 1, [])


def test_a_worker_that_outlived_its_lease_changes_nothing(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    """What another attempt found stays; the old one's statement is ended, and what it did is taken back."""
    monkeypatch.setattr(job_heartbeat, "BEAT", timedelta(milliseconds=50))

    def outlived(taken: Job, report: jobs.ProgressReport) -> dict[str, int]:
        Division.objects.filter(pk=job.division_id).update(name="by the old one")
        second = Job.objects.filter(pk=job.pk)
        # As if on another machine: the sweeper gave it to another worker, which has ended it.
        other = connections["default"].copy()
        with other.cursor() as cursor:
            cursor.execute(
                "UPDATE gis_core_job SET state = 'succeeded', attempts = attempts + 1, result = '{\"rows\": 5310}', "
                "ended_at = now(), lease_until = NULL WHERE id = %s",
                [job.pk],
            )
        other.close()
        assert second.get().attempts == 2
        seconds_of_sql(60)
        return {"rows": 0}

    began = time.monotonic()
    jobs.run_job(str(job.uid), outlived, as_one_transaction=True)
    assert time.monotonic() - began < 30
    job.refresh_from_db()
    assert (job.state, job.result, job.attempts) == ("succeeded", {"rows": 5310}, 2)
    assert Division.objects.get(pk=job.division_id).name != "by the old one"


def test_progress_of_an_attempt_that_lost_its_job_is_not_written(job: Job) -> None:
    def work(taken: Job, report: jobs.ProgressReport) -> dict[str, int]:
        Job.objects.filter(pk=job.pk).update(
            attempts=2, message="the other's", lease_until=timezone.now() + jobs.LEASE
        )
        report("mine", 1, 2)
        return {"rows": 0}

    jobs.run_job(str(job.uid), work)
    job.refresh_from_db()
    assert (job.state, job.message, job.result) == ("running", "the other's", None)


def test_a_cancelled_job_ends_within_its_statement(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job_heartbeat, "BEAT", timedelta(milliseconds=50))

    def work(taken: Job, report: jobs.ProgressReport) -> dict[str, int]:
        jobs.cancel_job(taken, acting_user=somebody())
        seconds_of_sql(60)
        return {}

    began = time.monotonic()
    jobs.run_job(str(job.uid), work)
    assert time.monotonic() - began < 30
    job.refresh_from_db()
    assert job.state == "cancelled"


def test_a_job_that_hangs_is_ended_and_says_so(
    job: Job, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    monkeypatch.setattr(job_heartbeat, "BEAT", timedelta(milliseconds=50))
    settings.JOB_LIMITS_MINUTES = {"*": (60, 60), job.kind: (0, 0)}

    def work(taken: Job, report: jobs.ProgressReport) -> dict[str, int]:
        seconds_of_sql(60)
        return {}

    with pytest.raises(OperationalError):
        jobs.run_job(str(job.uid), work)
    job.refresh_from_db()
    assert job.state == "failed"
    assert "ended after" in job.error


@pytest.mark.parametrize("ends_itself", [True, False])
def test_a_job_past_its_soft_limit_is_told_and_may_end_itself(
    job: Job,
    monkeypatch: pytest.MonkeyPatch,
    settings: Any,
    caplog: pytest.LogCaptureFixture,
    ends_itself: bool,
) -> None:
    monkeypatch.setattr(job_heartbeat, "BEAT", timedelta(milliseconds=50))
    settings.JOB_LIMITS_MINUTES = {"*": (60, 60), job.kind: (0, 60)}
    shown: list[bool] = []

    def work(taken: Job, report: jobs.ProgressReport) -> dict[str, int]:
        assert not is_past_soft_limit()
        ends = time.monotonic() + 30
        while not is_past_soft_limit() and time.monotonic() < ends:
            time.sleep(0.02)
        seconds_of_sql(0.3)
        taken.refresh_from_db()
        shown.append(taken.soft_limit_passed_at is not None)
        if ends_itself:
            end_past_soft_limit()
        return {"done": 1}

    jobs.run_job(str(job.uid), work)
    job.refresh_from_db()
    assert shown == [True]
    assert "runs longer than its 0 minutes" in caplog.text
    if ends_itself:
        assert (job.state, "soft limit" in job.error) == ("failed", True)
    else:
        assert (job.state, job.result) == ("succeeded", {"done": 1})
    assert not is_past_soft_limit()


def test_limits_of_kinds_come_from_the_environment(settings: Any) -> None:
    kinds = settings.JOB_LIMITS_MINUTES.keys()
    assert job_limits("import network=5/10, *=1/2", kinds) == {"import network": (5, 10), "*": (1, 2)}
    assert limits_of("import network").soft == timedelta(minutes=60)
    assert limits_of("no such kind").hard == timedelta(minutes=720)
    for wrong in ("import network", "x=5", "x=10/5", "=1/2", "x=0/5", "x=a/b"):
        with pytest.raises(ImproperlyConfigured):
            job_limits(wrong, kinds)
    # A misspelt kind would have no effect: it is refused, with those that there are.
    with pytest.raises(ImproperlyConfigured, match=r"'imprt network'.*import network"):
        job_limits("imprt network=5/10", kinds)
    assert known_kinds() - {"test"} == kinds - {"*"}
    assert check_job_limits(None) == []
    settings.JOB_LIMITS_MINUTES = {**settings.JOB_LIMITS_MINUTES, "imprt network": (5, 10)}
    (found,) = check_job_limits(None)
    assert "'imprt network'" in found.msg
    assert "import network" in str(found.hint)


def test_a_user_and_a_division_have_bounds(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "MOST_OF_A_USER", 2)
    monkeypatch.setattr(jobs, "MOST_OF_A_DIVISION", 3)

    def ask(user: User) -> None:
        jobs.create_job(
            kind="test", division=job.division, parameters={}, acting_user=user, enqueue=lambda uid: None
        )

    first, second = somebody(), User.objects.create_user(username="second")
    ask(first)
    with pytest.raises(ReportedError, match="that you asked for"):
        ask(first)
    ask(second)
    with pytest.raises(ReportedError, match="of QIBRAY have not ended"):
        ask(second)
    Job.objects.filter(created_by=first).update(state="succeeded")
    ask(second)


def test_what_is_urgent_does_not_wait_for_long_work() -> None:
    """Everything that beat asks for often, and nothing that a user asks for, goes to the urgent workers."""
    often = {
        entry["task"]
        for entry in settings.CELERY_BEAT_SCHEDULE.values()
        if isinstance(entry["schedule"], float)
    }
    urgent = {
        name
        for name in current_app.tasks
        if current_app.amqp.router.route({}, name)["queue"].name == "urgent"
    }
    assert urgent <= often
    assert often - urgent == {"assets.topology.tasks.refresh_topologies"}


def test_a_reported_failure_says_why(job: Job) -> None:
    def work(taken: Job, report: jobs.ProgressReport) -> dict[str, int]:
        raise ReportedError("the month is closed", code="month_closed")

    jobs.run_job(str(job.uid), work)
    job.refresh_from_db()
    assert (job.state, job.error) == ("failed", "the month is closed")


def test_an_unexpected_failure_is_recorded_and_raised(job: Job) -> None:
    def work(taken: Job, report: jobs.ProgressReport) -> dict[str, int]:
        raise KeyError("x")

    with pytest.raises(KeyError):
        jobs.run_job(str(job.uid), work)
    job.refresh_from_db()
    assert job.state == "failed"
    assert "KeyError" in job.error


def test_the_job_of_a_dead_worker_is_taken_up_again_but_not_for_ever(job: Job) -> None:
    asked: list[str] = []
    register_job_kind("test", asked.append)
    for attempt in range(1, jobs.MAXIMUM_ATTEMPTS + 1):
        assert jobs.lease_job(str(job.uid)) is not None
        assert jobs.lease_job(str(job.uid)) is None, "its lease still runs"
        Job.objects.filter(pk=job.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
        reclaim_abandoned_jobs()
        assert len(asked) == min(attempt, jobs.MAXIMUM_ATTEMPTS - 1)
    job.refresh_from_db()
    assert job.state == "failed"
    assert "died" in job.error


def test_a_lost_message_is_sent_again(job: Job) -> None:
    asked: list[str] = []
    register_job_kind("test", asked.append)
    reclaim_abandoned_jobs()
    assert asked == []
    Job.objects.filter(pk=job.pk).update(created_at=timezone.now() - timedelta(hours=1))
    reclaim_abandoned_jobs()
    assert asked == [str(job.uid)]


def test_a_billing_job_runs_from_request_to_result(committing_database: None) -> None:
    """By REST: the request is answered with a job, and a worker (here in place) does it."""
    from django.test import Client

    from billing.models import Invoice
    from gis_core.models import RoleAssignment
    from tests.billing.conftest import read
    from tests.world import make_world

    world = make_world(make_district("QIBRAY", "Qibray"))
    read(world, 0, date(2025, 12, 1), "1")
    read(world, 0, date(2026, 1, 1), "3")
    clerk = User.objects.create_user(username="clerk", password="a-long-password")
    RoleAssignment.objects.create(user=clerk, role="clerk", division=world.district)
    client = Client()
    client.force_login(clerk)
    answer = client.post(
        "/api/v1/billing-runs/", {"enterprise": "SUV", "month": "2025-12-01"}, "application/json"
    )
    assert answer.status_code == 202
    job = client.get(f"/api/v1/jobs/{answer.json()['uid']}/").json()
    assert (job["state"], job["result"]["invoices"]) == ("succeeded", 1)
    assert Invoice.objects.count() == 1
    # Of a division alone; one that is not the clerk's is none.
    asked = {"enterprise": "SUV", "month": "2025-12-01", "trial": True}
    answer = client.post(
        "/api/v1/billing-runs/", {**asked, "division": world.district.code}, "application/json"
    )
    assert Job.objects.get(uid=answer.json()["uid"]).parameters["division"] == world.district.code
    answer = client.post("/api/v1/billing-runs/", {**asked, "division": "UZ"}, "application/json")
    assert answer.status_code == 404
