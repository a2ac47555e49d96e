"""Exports too long for a request: the same file, made by a job and fetched from it for some days."""

from typing import Any

from django.utils.translation import gettext_noop as _

from assets.exchange.services.export.exporting import EXPORT_SUFFIXES, export_network
from assets.job_kinds import EXPORT_NETWORK
from assets.models import Network, Node, Pipe
from assets.networks.selectors.network_reads import networks_visible_to
from gis_core.errors import ReportedError
from gis_core.models import Job, User
from gis_core.sentences import Sentence
from gis_core.services.job_files import file_facts, folder_of
from gis_core.services.jobs import Enqueue, ProgressReport, create_job

MEDIA_TYPES = {
    "epanet": "text/plain; charset=utf-8",
    "geopackage": "application/geopackage+sqlite3",
    "geojson": "application/geo+json",
    "dxf": "image/vnd.dxf",
    "csv": "text/csv; charset=utf-8",
}
# Nodes and pipes that a request exports itself: about two seconds' worth of the format on one quiet core.
ELEMENTS_AT_ONCE = {"epanet": 10_000, "geopackage": 50_000, "geojson": 50_000, "dxf": 20_000, "csv": 50_000}


def is_long(network: Network, file_format: str) -> bool:
    """Whether an export is for a job: the network has more elements than a request should write."""
    bound = ELEMENTS_AT_ONCE[file_format]
    nodes = Node.objects.filter(network=network)[: bound + 1].count()
    return nodes > bound or nodes + Pipe.objects.filter(network=network)[: bound + 1 - nodes].count() > bound


def request_export(network: Network, file_format: str, *, acting_user: User, enqueue: Enqueue) -> Job:
    """Make the job that exports the network."""
    return create_job(
        kind=EXPORT_NETWORK,
        division=network.division,
        parameters={"network": network.code, "format": file_format},
        acting_user=acting_user,
        enqueue=enqueue,
    )


def do_export(job: Job, report_progress: ProgressReport) -> dict[str, Any]:
    """Write a job's file; its result is that of the export, and says of what was not kept how much it was."""
    assert job.created_by is not None
    code, file_format = job.parameters["network"], job.parameters["format"]
    network = networks_visible_to(job.created_by).filter(code=code).first()
    if network is None:
        raise ReportedError(
            Sentence(_("Network {code} is not seen any more by who asked."), code=code),
            code="no_such_network",
        )
    path = folder_of(job) / f"{network.code}{EXPORT_SUFFIXES[file_format]}"
    # An attempt before this one may have died with the file made.
    result = export_network(network, path, file_format, overwrite=True, report_progress=report_progress)
    return {
        "network": network.code,
        "format": file_format,
        "counts": result.counts,
        "crs": result.crs,
        "file_sha256": result.file_sha256,
        "not_kept": result.not_kept[:_SHOWN],
        "not_kept_number": len(result.not_kept),
        "adjusted_number": len(result.adjusted),
        "renamed_number": len(result.renamed),
        "file": file_facts(path, MEDIA_TYPES[file_format]),
    }


_SHOWN = 100
