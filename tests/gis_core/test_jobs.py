"""Jobs: leased once, ended truthfully, taken up again when a worker dies."""

from datetime import date, timedelta

import pytest
from django.utils import timezone

from gis_core.errors import ReportedError
from gis_core.job_kinds import register_job_kind
from gis_core.models import AuditEvent, Division, Job, User
from gis_core.services import jobs
from gis_core.tasks import reclaim_abandoned_jobs
from tests.conftest import make_district
from tests.world import somebody


@pytest.fixture
def job(committing_database: None) -> Job:
    """A queued job; progress is written on a connection of its own, so the row must be committed."""
    district: Division = make_district("QIBRAY", "Qibray")
    asked: list[str] = []
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
