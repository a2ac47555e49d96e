"""Imports done by workers."""

from contextlib import suppress
from pathlib import Path
from typing import Any

from celery import shared_task
from django.core.exceptions import SuspiciousFileOperation
from django.core.files.storage import default_storage
from django.utils.translation import gettext_noop as _

from assets.exchange.services.epanet_import import ModelPlacement, import_epanet_model
from assets.exchange.services.export.export_jobs import do_export
from assets.exchange.services.geo_import import (
    GeoOptions,
    Mapping,
    detect_format,
    import_geo_file,
    mapping_of_text,
)
from assets.exchange.services.uploaded_files import remove_old_uploads, under_its_own_name
from gis_core.errors import ReportedError
from gis_core.models import Job
from gis_core.selectors.organisation import division_by_code
from gis_core.sentences import Sentence
from gis_core.services.jobs import ProgressReport, run_job


@shared_task
def import_network(uid: str) -> None:
    """Do a job of kind "import network".

    Its parameters: `file` (name of the upload in the default storage), `network`, `division` (codes),
    `commodity`, optionally `name`; and `srid`, or `place` ([longitude, latitude]) with `coordinate_unit`.
    The import and the job's success are one transaction: a worker's death costs nothing but time, and the job names the
    edit by which the import is undone.
    """
    try:
        run_job(uid, _import_uploaded_file, as_one_transaction=True)
    finally:
        _remove_what_was_needed(uid)


@shared_task
def remove_old_network_uploads() -> None:
    """Every night: uploads that nobody imported go."""
    remove_old_uploads()


def _remove_what_was_needed(uid: str) -> None:
    """With its job the upload goes, however that ended; but for a trial of one that its user may still import."""
    job = Job.objects.get(uid=uid)
    has_ended = job.state not in (Job.State.QUEUED, Job.State.RUNNING)
    if has_ended and not (job.parameters.get("dry_run") and job.parameters.get("is_kept")):
        # A name that is no upload's has failed the job already.
        with suppress(ReportedError):
            _stored_file(job.parameters["file"]).unlink(missing_ok=True)


def _import_uploaded_file(job: Job, report_progress: ProgressReport) -> dict[str, Any]:
    stored = _stored_file(job.parameters["file"])
    with under_its_own_name(stored, job.parameters.get("file_name", "")) as path:
        file_format = detect_format(path)
        if file_format is not None:
            return _import_geo_file(job, path, file_format, report_progress)
        return _import_model(job, path, report_progress)


def _import_model(job: Job, path: Path, report_progress: ProgressReport) -> dict[str, Any]:
    parameters = job.parameters
    place = parameters.get("place")
    result = import_epanet_model(
        path=path,
        network_code=parameters["network"],
        division=division_by_code(parameters["division"]),
        commodity=parameters["commodity"],
        placement=ModelPlacement(
            srid=parameters.get("srid"),
            place=(float(place[0]), float(place[1])) if place else None,
            coordinate_unit=parameters.get("coordinate_unit") or "auto",
        ),
        dry_run=parameters.get("dry_run", False),
        acting_user=job.created_by,
        name=parameters.get("name", ""),
        report_progress=report_progress,
    )
    return result.as_dict()


def _import_geo_file(
    job: Job, path: Path, file_format: str, report_progress: ProgressReport
) -> dict[str, Any]:
    parameters = job.parameters
    result = import_geo_file(
        path=path,
        file_format=file_format,
        network_code=parameters["network"],
        division=division_by_code(parameters["division"]),
        commodity=parameters["commodity"],
        options=GeoOptions(
            mapping=mapping_of_text(parameters["mapping"]) if parameters.get("mapping") else Mapping(),
            srid=parameters.get("srid"),
            tolerance_m=parameters.get("tolerance_m"),
            split=parameters.get("split", True),
            skip_bad_rows=parameters.get("skip_bad_rows", False),
            dry_run=parameters.get("dry_run", False),
        ),
        acting_user=job.created_by,
        name=parameters.get("name", ""),
        report_progress=report_progress,
    )
    return result.as_dict()


@shared_task
def export_network(uid: str) -> None:
    """Do a job of kind "export network" with the parameters `network` (code) and `format`; its result is a file."""
    run_job(uid, do_export)


def _stored_file(name: str) -> Path:
    """The path of an upload; names that lead out of the storage are refused by it."""
    try:
        return Path(default_storage.path(name))
    except SuspiciousFileOperation as error:
        raise ReportedError(
            Sentence(_("The file of this import is not an upload.")), code="file_unreadable"
        ) from error
