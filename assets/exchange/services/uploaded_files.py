"""Uploads of networks on disk: where they lie, under which name they are read, and when they go."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext_noop as _

from assets.job_kinds import IMPORT_NETWORK
from gis_core.errors import ReportedError
from gis_core.models import Division, Job
from gis_core.sentences import Sentence

# Who looks at a file in the evening imports it the next day.
UPLOADS_KEPT_FOR = timedelta(days=2)


def uploads_folder() -> Path:
    """Where uploads lie, each under a name of ours in the folder of a division."""
    return Path(settings.MEDIA_ROOT) / "network_imports"


def new_upload(division: Division, suffix: str, size_bytes: int) -> Path:
    """The path of a new, empty file that only this program's user may read; whoever fills it calls it by no other name.

    ReportedError (`quota`) when the division's uploads that wait would take more room than it has.
    """
    folder = uploads_folder() / str(division.pk)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    used = sum(path.stat().st_size for path in folder.iterdir())
    if used + size_bytes > settings.UPLOAD_QUOTA_BYTES:
        megabytes = settings.UPLOAD_QUOTA_BYTES // 1024**2
        raise ReportedError(
            Sentence(
                _(
                    "Files that wait for their import take more than the division's {megabytes} MB; import some first."
                ),
                megabytes=megabytes,
            ),
            code="quota",
        )
    path = folder / f"{uuid4()}{suffix}"
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    return path


@contextmanager
def under_its_own_name(stored: Path, name: str) -> Iterator[Path]:
    """The upload by the name that its user knows: layers are called after it, and messages name it.

    It is kept under a name of ours; what a client calls a file becomes a name in an empty folder only.
    """
    plain = re.sub(r"[^\w .()+-]", "_", Path(name).stem)[:100].strip(" .")
    if not plain:
        yield stored
        return
    with TemporaryDirectory(prefix="tarmoq-upload-") as directory:
        path = Path(directory) / f"{plain}{stored.suffix}"
        path.symlink_to(stored)
        yield path


def remove_old_uploads() -> int:
    """Remove the uploads that nobody imported in time, but none that a job still has to read; return how many."""
    waiting = Job.objects.filter(kind=IMPORT_NETWORK, state__in=[Job.State.QUEUED, Job.State.RUNNING])
    wanted = {
        Path(str(parameters.get("file"))).name for parameters in waiting.values_list("parameters", flat=True)
    }
    oldest = (timezone.now() - UPLOADS_KEPT_FOR).timestamp()
    removed = 0
    for path in uploads_folder().rglob("*") if uploads_folder().is_dir() else ():
        if path.is_file() and path.name not in wanted and path.stat().st_mtime < oldest:
            path.unlink(missing_ok=True)
            removed += 1
    return removed
