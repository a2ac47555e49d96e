"""A worker killed in the middle of a long edit leaves nothing; another takes the edit up and does it once."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from assets.editing.services import edit_jobs
from assets.models import Edit, Node
from gis_core.models import Job, RoleAssignment, User
from gis_core.services.jobs import abandoned_jobs, run_job
from tests.assets.editing.state import stored_state
from tests.bench.served import ROOT
from tests.conftest import make_district
from tests.databases import application_url
from tests.world import make_world

# Kills itself, as the system would, at the first report after so many operations.
_WORKER = """
import os, signal, sys
import django
django.setup()
from django.conf import settings
settings.MEDIA_ROOT = sys.argv[3]
from assets.editing.services.edit_jobs import do_edit
from gis_core.services.jobs import run_job

def work(job, report):
    def reporting(message, done, total):
        report(message, done, total)
        if done >= int(sys.argv[2]):
            os.kill(os.getpid(), signal.SIGKILL)
    result = do_edit(job, reporting)
    os.kill(os.getpid(), signal.SIGKILL)
    return result

run_job(sys.argv[1], work, as_one_transaction=True)
"""


@pytest.mark.parametrize(
    "killed_after", [100, 501, 1_000_000], ids=["in the middle", "done", "before its commit"]
)
def test_a_killed_worker_leaves_nothing_and_the_edit_is_done_once(
    committing_database: None, settings: Any, tmp_path: Path, killed_after: int
) -> None:
    settings.MEDIA_ROOT = tmp_path
    district = make_district("QIBRAY", "Qibray")
    world = make_world(district)
    engineer = User.objects.create_user(username="engineer")
    RoleAssignment.objects.create(user=engineer, role="engineer", division=district)
    operations = [
        {"op": "add_node", "kind": "junction", "geometry": [69.6 + k % 30 * 0.001, 41.6 + k // 30 * 0.001]}
        for k in range(501)
    ]
    before, nodes = stored_state(), Node.objects.count()
    job = edit_jobs.request_edit(
        world.network, operations, acting_user=engineer, summary="", enqueue=lambda _uid: None
    )
    environment = {
        **os.environ,
        "DATABASE_URL": application_url(),
        "DJANGO_SETTINGS_MODULE": "gis_core.settings.local",
    }
    worker = subprocess.run(
        [sys.executable, "-c", _WORKER, str(job.uid), str(killed_after), str(tmp_path)],
        cwd=ROOT,
        env=environment,
        timeout=120,
        check=False,
        capture_output=True,
    )
    assert worker.returncode == -signal.SIGKILL, worker.stderr.decode()[-500:]
    job.refresh_from_db()
    assert job.state == "running"
    assert job.progress_done >= 50
    assert stored_state() == before
    Job.objects.filter(pk=job.pk).update(lease_until="2020-01-01T00:00:00Z")
    assert [found.pk for found in abandoned_jobs()] == [job.pk]
    for _ in range(2):
        run_job(str(job.uid), edit_jobs.do_edit, as_one_transaction=True)
    job.refresh_from_db()
    assert (job.state, job.attempts) == ("succeeded", 2)
    assert Edit.objects.count() == 1
    assert Node.objects.count() == nodes + 501
