"""Uploads of networks on disk: where they lie, under which name they are read, and when they go."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from django.conf import settings
from django.utils import timezone

from assets.job_kinds import IMPORT_NETWORK
from gis_core.models import Job

# Who looks at a file in the evening imports it the next day.
UPLOADS_KEPT_FOR = timedelta(days=2)


def uploads_folder() -> Path:
    """Where uploads lie, each under a name of ours."""
    return Path(settings.MEDIA_ROOT) / "network_imports"


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
    for path in uploads_folder().iterdir() if uploads_folder().is_dir() else ():
        if path.name not in wanted and path.stat().st_mtime < oldest:
            path.unlink(missing_ok=True)
            removed += 1
    return removed
