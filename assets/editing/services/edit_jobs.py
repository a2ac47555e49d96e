"""Edits, and undos of edits, too long for a request: as jobs, with progress, and cancelled as a whole."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_noop as _

from assets.editing.selectors.edits import networks_editable_by, outcome_of
from assets.editing.services.bulk import apply_operations, refuse_too_many
from assets.editing.services.undoing import undo
from assets.job_kinds import EDIT_NETWORK, UNDO_EDIT
from assets.models import Edit, Network
from gis_core.errors import ReportedError
from gis_core.models import Job, User
from gis_core.sentences import Sentence
from gis_core.services.job_files import file_facts, folder_of, remove_files_of
from gis_core.services.jobs import Enqueue, ProgressReport, create_job

# Mixed operations take some 4 ms each on one quiet core: as many are done within the two seconds that a person waits.
OPERATIONS_AT_ONCE = 500


def request_edit(
    network: Network, operations: Sequence[Any], *, acting_user: User, summary: str, enqueue: Enqueue
) -> Job:
    """Make the job that applies the operations; they wait in a file of its own, for they may be megabytes."""
    refuse_too_many(operations)
    job: Job | None = None
    try:
        with transaction.atomic():
            job = create_job(
                kind=EDIT_NETWORK,
                division=network.division,
                parameters={"network": network.code, "summary": summary, "operations": len(operations)},
                acting_user=acting_user,
                enqueue=enqueue,
            )
            _operations_of(job).write_text(json.dumps(operations), encoding="utf-8")
    except BaseException:
        if job is not None:
            remove_files_of(job)
        raise
    return job


def do_edit(job: Job, report_progress: ProgressReport) -> dict[str, Any]:
    """Apply a job's operations within its transaction; its file holds what a request would have answered."""
    assert job.created_by is not None
    code = job.parameters["network"]
    network = networks_editable_by(job.created_by).filter(code=code).first()
    path = _operations_of(job)
    if network is None or not path.is_file():
        raise ReportedError(
            Sentence(_("Network {code} cannot be edited any more by who asked."), code=code),
            code="no_such_network",
        )
    done = apply_operations(
        network,
        json.loads(path.read_text(encoding="utf-8")),
        acting_user=job.created_by,
        summary=job.parameters["summary"],
        report_progress=report_progress,
    )
    edit = Edit.objects.select_related("network", "acting_user").get(pk=done.edit.pk)
    answer = folder_of(job) / f"edit-{edit.uid}.json"
    answer.write_text(json.dumps(outcome_of(edit, done.results), ensure_ascii=False), encoding="utf-8")
    return {
        "network": network.code,
        "edit": str(edit.uid),
        "address": f"/api/v1/edits/{edit.uid}/",
        "operations": len(done.results),
        "summary": edit.summary,
        "remarks": len(edit.remarks),
        "file": file_facts(answer, "application/json"),
    }


def request_undo(edit: Edit, *, acting_user: User, enqueue: Enqueue) -> Job:
    """Make the job that takes an edit back, or brings back what an undo took."""
    return create_job(
        kind=UNDO_EDIT,
        division=edit.network.division,
        parameters={"network": edit.network.code, "edit": str(edit.uid), "summary": edit.summary},
        acting_user=acting_user,
        enqueue=enqueue,
    )


def do_undo(job: Job, report_progress: ProgressReport) -> dict[str, Any]:
    """Take back the edit that a job names, within its transaction."""
    assert job.created_by is not None
    code, uid = job.parameters["network"], job.parameters["edit"]
    edit = (
        Edit.objects.select_related("network__division")
        .filter(uid=uid, network__in=networks_editable_by(job.created_by))
        .first()
    )
    if edit is None:
        raise ReportedError(
            Sentence(_("Network {code} cannot be edited any more by who asked."), code=code),
            code="no_such_network",
        )
    report_progress("Taking back", 0, 1)
    done = undo(edit, acting_user=job.created_by)
    report_progress("Taking back", 1, 1)
    return {
        "network": code,
        "edit": str(done.uid),
        "undoes": uid,
        "address": f"/api/v1/edits/{done.uid}/",
        "summary": done.summary,
        "remarks": len(done.remarks),
    }


def _operations_of(job: Job) -> Path:
    return folder_of(job) / "operations.json"
