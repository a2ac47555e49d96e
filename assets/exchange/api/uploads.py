"""An uploaded model file: kept under MEDIA_ROOT/network_imports until its job has read it."""

from pathlib import Path
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from rest_framework.request import Request

from assets.exchange.api.serializers import GEO_SUFFIXES
from assets.job_kinds import IMPORT_NETWORK
from gis_core.access import Capability, access
from gis_core.errors import ReportedError
from gis_core.job_kinds import enqueue
from gis_core.models import Division, Job, User
from gis_core.services.jobs import create_job

# What the other fields and the boundaries of a multipart body can take beside the file.
_FORM_ALLOWANCE_BYTES = 64 * 1024


def refuse_oversized_request(request: Request) -> None:
    """Raise ReportedError by the declared length, before any of the body is read."""
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not (length.isascii() and length.isdecimal() and len(length) < 20):
        raise ReportedError("The Content-Length is not a number of bytes.", code="bad_length")
    if int(length) > settings.NETWORK_UPLOAD_MAX_BYTES + _FORM_ALLOWANCE_BYTES:
        megabytes = settings.NETWORK_UPLOAD_MAX_BYTES // 1024**2
        raise ReportedError(f"The file is larger than {megabytes} MB.", code="too_large")


def request_network_import(
    *,
    acting_user: User,
    file: UploadedFile,
    network: str,
    division: str,
    commodity: str,
    coordinate_unit: str,
    place: list[float] | None = None,
    srid: int | None = None,
    **geo_options: Any,
) -> Job:
    """Store the file and make the job that imports it, into a division whose network the user edits."""
    owner = access(
        Division.objects.all(), acting_user, Capability.EDIT_NETWORK, division_lookup="pk", code=division
    )
    stored = _store(file)
    parameters: dict[str, Any] = {
        "file": stored.relative_to(settings.MEDIA_ROOT).as_posix(),
        "file_name": Path(file.name or "").name[:200],
        "network": network,
        "division": owner.code,
        "commodity": commodity,
        "place": place,
        "srid": srid,
        "coordinate_unit": coordinate_unit,
        **geo_options,
    }
    try:
        return create_job(
            kind=IMPORT_NETWORK,
            division=owner,
            parameters=parameters,
            acting_user=acting_user,
            enqueue=lambda uid: enqueue(IMPORT_NETWORK, uid),
        )
    except BaseException:
        stored.unlink(missing_ok=True)
        raise


def _store(file: UploadedFile) -> Path:
    """Write the upload under a name of our own, so that the client's name reaches no path."""
    directory = Path(settings.MEDIA_ROOT) / "network_imports"
    directory.mkdir(parents=True, exist_ok=True)
    suffix = Path(file.name or "").suffix.lower()
    path = directory / f"{uuid4()}{suffix if suffix in GEO_SUFFIXES else '.inp'}"
    with path.open("xb") as target:
        for chunk in file.chunks():
            target.write(chunk)
    return path
