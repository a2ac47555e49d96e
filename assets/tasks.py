"""Long work of the network app, done by workers."""

from pathlib import Path
from typing import Any

from celery import shared_task
from django.core.exceptions import SuspiciousFileOperation
from django.core.files.storage import default_storage

from assets.selectors.networks import network_by_code
from assets.services.editing.edit_jobs import do_edit
from assets.services.geo_import import (
    GeoOptions,
    Mapping,
    detect_format,
    import_geo_file,
    mapping_of_text,
)
from assets.services.network_export.export_jobs import do_export
from assets.services.network_import import Placement, import_epanet_model
from assets.services.simulation import simulate_network as run_simulation
from assets.services.topology.rebuilding import refresh_stale_topologies
from assets.services.validation import validate_network as run_validation
from gis_core.errors import ReportedError
from gis_core.models import Job
from gis_core.selectors.organisation import division_by_code
from gis_core.services.jobs import ProgressReport, run_job

IMPORT_NETWORK = "import network"
SIMULATE_NETWORK = "simulate network"
VALIDATE_NETWORK = "validate network"


@shared_task
def import_network(uid: str) -> None:
    """Do a job of kind "import network".

    Its parameters: `file` (name of the upload in the default storage), `network`, `division` (codes),
    `commodity`, optionally `name`; and `srid`, or `place` ([longitude, latitude]) with `coordinate_unit`.
    Doing it twice is doing it once, so a worker's death costs nothing but time.
    """
    run_job(uid, _import_uploaded_file)


def _import_uploaded_file(job: Job, report_progress: ProgressReport) -> dict[str, Any]:
    parameters = job.parameters
    path = _stored_file(parameters["file"])
    file_format = detect_format(path)
    if file_format is not None:
        return _import_geo_file(job, path, file_format, report_progress)
    place = parameters.get("place")
    result = import_epanet_model(
        path=path,
        network_code=parameters["network"],
        division=division_by_code(parameters["division"]),
        commodity=parameters["commodity"],
        placement=Placement(
            srid=parameters.get("srid"),
            place=(float(place[0]), float(place[1])) if place else None,
            coordinate_unit=parameters.get("coordinate_unit") or "auto",
        ),
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
def simulate_network(uid: str) -> None:
    """Do a job of kind "simulate network" with the parameters `network` (code) and `hours`; see the run it names."""
    run_job(uid, _simulate)


def _simulate(job: Job, report_progress: ProgressReport) -> dict[str, Any]:
    simulation = run_simulation(
        network_by_code(job.parameters["network"]),
        hours=float(job.parameters["hours"]),
        acting_user=job.created_by,
        report_progress=report_progress,
    )
    run = simulation.run
    return {"network": run.network.code, "run": str(run.uid), "hours": run.hours, "warnings": run.warnings}


@shared_task
def validate_network(uid: str) -> None:
    """Do a job of kind "validate network": `network` (code), `all` (the whole network, else its dirty ground)."""
    run_job(uid, _validate)


def _validate(job: Job, report_progress: ProgressReport) -> dict[str, Any]:
    result = run_validation(
        network_by_code(job.parameters["network"]),
        acting_user=job.created_by,
        is_everything=bool(job.parameters.get("all")),
        report_progress=report_progress,
    ).as_dict()
    # The findings are a list of their own; the job says how many there are.
    return {key: value for key, value in result.items() if key != "findings"}


@shared_task
def edit_network(uid: str) -> None:
    """Do a job of kind "edit network": the edit and the job's success are one transaction."""
    run_job(uid, do_edit, as_one_transaction=True)


@shared_task
def export_network(uid: str) -> None:
    """Do a job of kind "export network" with the parameters `network` (code) and `format`; its result is a file."""
    run_job(uid, do_export)


def _stored_file(name: str) -> Path:
    """The path of an upload; names that lead out of the storage are refused by it."""
    try:
        return Path(default_storage.path(name))
    except SuspiciousFileOperation as error:
        raise ReportedError("The file of this import is not an upload.", code="file_unreadable") from error


@shared_task
def refresh_topologies() -> None:
    """Make segments and supply numbers current where a change outside edits, or many cut ways, left them behind."""
    refresh_stale_topologies()
