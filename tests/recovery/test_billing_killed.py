"""T2: a worker killed at the boundaries of a billing run's parts, and inside them; what is done again goes on there."""

import os
import signal
import subprocess
import sys
import time
from datetime import date
from typing import Any

import pytest
from django.db.models import Count

from billing.job_kinds import BILLING_JOB
from billing.models import BillingRun, Invoice, InvoiceLine, LedgerTransaction
from billing.services.runs import run_billing
from billing.tasks import do_bill
from gis_core.models import Job, RoleAssignment, User
from gis_core.services.jobs import abandoned_jobs, cancel_job, create_job, run_job
from tests.bench.served import ROOT
from tests.billing.conftest import read
from tests.conftest import make_district
from tests.databases import application_url
from tests.world import World, make_world

MONTH = date(2025, 12, 1)
# One account a part; the last part is of whoever comes after the last number.
PARTS = 6
# Kills itself, as the system would, when a part begins ("3 report"), or when all of a part is posted and not committed.
_WORKER = """
import os, signal, sys
import django
django.setup()
from django.conf import settings
settings.BILLING_ACCOUNTS_AT_ONCE = 1
from billing.services import runs
from billing.tasks import do_bill
from gis_core.services.jobs import run_job

number, place = int(sys.argv[2]), sys.argv[3]
checked = runs.check_constraints_now
done = []

def check():
    checked()
    done.append(1)
    if place == "commit" and len(done) > number:
        os.kill(os.getpid(), signal.SIGKILL)

runs.check_constraints_now = check

def work(job, report):
    def reporting(message, part, total):
        report(message, part, total)
        if place == "report" and part == number:
            os.kill(os.getpid(), signal.SIGKILL)
    result = do_bill(job, reporting)
    os.kill(os.getpid(), signal.SIGKILL)
    return result

run_job(sys.argv[1], work)
"""
_ALL = [(number, place) for number in range(PARTS) for place in ("report", "commit")] + [(PARTS, "end")]
# In the middle of a part, and between its end and the note that the job has succeeded.
KILLED = _ALL if os.environ.get("TARMOQ_PROVE") else [(2, "commit"), (PARTS, "end")]


@pytest.fixture
def read_town(committing_database: None) -> World:
    world = make_world(make_district("QIBRAY", "Qibray"))
    for position in range(5):
        for day, index in ((MONTH, "10"), (date(2026, 1, 1), "30")):
            read(world, position, day, index)
    clerk = User.objects.create_user(username="clerk")
    RoleAssignment.objects.create(user=clerk, role="clerk", division=world.enterprise.division)
    return world


def job_of(world: World) -> Job:
    return create_job(
        kind=BILLING_JOB,
        division=world.enterprise.division,
        parameters={"enterprise": world.enterprise.code, "month": MONTH.isoformat(), "trial": False},
        acting_user=User.objects.get(username="clerk"),
        enqueue=lambda _uid: None,
    )


@pytest.mark.parametrize(("number", "place"), KILLED)
def test_t2_a_killed_run_goes_on_where_it_was(
    read_town: World, settings: Any, number: int, place: str
) -> None:
    settings.BILLING_ACCOUNTS_AT_ONCE = 1
    job = job_of(read_town)
    environment = {
        **os.environ,
        "DATABASE_URL": application_url(),
        "DJANGO_SETTINGS_MODULE": "gis_core.settings.local",
    }
    worker = subprocess.run(
        [sys.executable, "-c", _WORKER, str(job.uid), str(number), place],
        cwd=ROOT,
        env=environment,
        timeout=120,
        check=False,
        capture_output=True,
    )
    assert worker.returncode == -signal.SIGKILL, worker.stderr.decode()[-500:]
    posted = Invoice.objects.count()
    assert posted == min(number, 5)
    Job.objects.filter(pk=job.pk).update(lease_until="2020-01-01T00:00:00Z")
    assert [found.pk for found in abandoned_jobs()] == [job.pk]
    began = time.perf_counter()
    run_job(str(job.uid), do_bill)
    seconds = time.perf_counter() - began
    job.refresh_from_db()
    assert job.state == "succeeded"
    assert job.result is not None
    assert job.result["invoices"] == 5
    assert_billed_once()
    assert BillingRun.objects.count() == 1
    print(f"T2 (killed at {number} {place}): lost 0, doubled 0 of 5 bills; taken up in {seconds:.2f} s")


def assert_billed_once() -> None:
    assert sorted(Invoice.objects.values_list("sequence", flat=True)) == [1, 2, 3, 4, 5]
    assert set(
        Invoice.objects.values("account").annotate(bills=Count("id")).values_list("bills", flat=True)
    ) == {1}
    assert (InvoiceLine.objects.count(), LedgerTransaction.objects.count()) == (5, 5)


def test_a_stopped_run_keeps_its_parts_and_another_one_goes_on(read_town: World, settings: Any) -> None:
    settings.BILLING_ACCOUNTS_AT_ONCE = 1
    job = job_of(read_town)

    def work(job: Job, report: Any) -> dict[str, Any]:
        def reporting(message: str, part: int, total: int) -> None:
            if part == 3:
                cancel_job(job, acting_user=User.objects.get(username="clerk"))
            report(message, part, total)

        return do_bill(job, reporting)

    run_job(str(job.uid), work)
    job.refresh_from_db()
    assert (job.state, Invoice.objects.count()) == ("cancelled", 3)
    assert BillingRun.objects.get().invoices_created == 3
    result = run_billing(enterprise=read_town.enterprise, month=MONTH, acting_user=None)
    assert result.invoices == 2
    assert_billed_once()
    assert run_billing(enterprise=read_town.enterprise, month=MONTH, acting_user=None).invoices == 0
    assert BillingRun.objects.count() == 2
