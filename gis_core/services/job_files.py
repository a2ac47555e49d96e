"""Files that jobs make or are given: below MEDIA_ROOT/job_files, a folder for each job, gone after some days."""

import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from gis_core.models import Job

# Long enough for a long week-end; what was made can be made again.
KEPT_FOR = timedelta(days=7)


def _folder(uid: UUID) -> Path:
    return Path(settings.MEDIA_ROOT) / "job_files" / str(uid)


def folder_of(job: Job) -> Path:
    """The job's own folder, made if need be."""
    folder = _folder(job.uid)
    # Whatever writes a file into it: others on this machine do not come so far.
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def file_facts(path: Path, media_type: str) -> dict[str, Any]:
    """How a job's result names the file that it made, as the member "file"."""
    gone_on = timezone.localdate() + KEPT_FOR
    return {
        "name": path.name,
        "size_bytes": path.stat().st_size,
        "media_type": media_type,
        "kept_until": gone_on.isoformat(),
    }


def made_file(job: Job) -> Path | None:
    """The file that a job made; None when it made none, has not succeeded, or its days are over."""
    facts = (job.result or {}).get("file")
    if job.state != Job.State.SUCCEEDED or not isinstance(facts, dict):
        return None
    # The name is our own, but a result is data: it leads nowhere out of the job's folder.
    path = _folder(job.uid) / Path(str(facts.get("name"))).name
    return path if path.is_file() else None


def remove_files_of(job: Job) -> None:
    """Remove the job's folder, if it has one."""
    shutil.rmtree(_folder(job.uid), ignore_errors=True)


def remove_old_files() -> int:
    """Remove the folders of jobs that ended long ago, or were never made; return how many those were."""
    root = Path(settings.MEDIA_ROOT) / "job_files"
    removed = 0
    for folder in root.iterdir() if root.is_dir() else ():
        try:
            job = Job.objects.filter(uid=UUID(folder.name)).first()
        except ValueError:
            continue
        long_ago = timezone.now() - KEPT_FOR
        # A folder is made a moment before its job can be seen.
        last = folder.stat().st_mtime if job is None else (job.ended_at or timezone.now()).timestamp()
        if last < long_ago.timestamp():
            shutil.rmtree(folder, ignore_errors=True)
            removed += 1
    return removed
