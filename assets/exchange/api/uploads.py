"""An uploaded file of a network: kept under MEDIA_ROOT/network_imports until it is imported, or for two days.

A wizard uploads once, looks, tries and imports: in between the file is named by a signed text that is its owner's only.
"""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core import signing
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_noop as _
from rest_framework.request import Request

from assets.exchange.api.serializers import GEO_SUFFIXES
from assets.exchange.services.uploaded_files import UPLOADS_KEPT_FOR, new_upload, uploads_folder
from assets.job_kinds import IMPORT_NETWORK
from gis_core.access import Capability, NotVisible, access, divisions_of
from gis_core.errors import ReportedError
from gis_core.job_kinds import enqueue
from gis_core.models import Division, Job, User
from gis_core.sentences import Sentence
from gis_core.services.jobs import create_job

# What the other fields and the boundaries of a multipart body can take beside the file.
_FORM_ALLOWANCE_BYTES = 64 * 1024
_SALT = "network upload"


def refuse_oversized_request(request: Request) -> None:
    """Raise ReportedError by the declared length, before any of the body is read."""
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not (length.isascii() and length.isdecimal() and len(length) < 20):
        raise ReportedError(Sentence(_("The Content-Length is not a number of bytes.")), code="bad_length")
    if int(length) > settings.NETWORK_UPLOAD_MAX_BYTES + _FORM_ALLOWANCE_BYTES:
        megabytes = settings.NETWORK_UPLOAD_MAX_BYTES // 1024**2
        raise ReportedError(
            Sentence(_("The file is larger than {megabytes} MB."), megabytes=megabytes), code="too_large"
        )


def request_network_import(
    *,
    acting_user: User,
    network: str,
    division: str,
    commodity: str,
    coordinate_unit: str,
    file: UploadedFile | None = None,
    upload: str = "",
    place: list[float] | None = None,
    srid: int | None = None,
    **geo_options: Any,
) -> Job:
    """Store the file and make the job that imports it, into a division whose network the user edits."""
    owner = access(
        Division.objects.all(), acting_user, Capability.EDIT_NETWORK, division_lookup="pk", code=division
    )
    stored, name = (
        upload_named(upload, acting_user)
        if file is None
        else (_store(file, owner), Path(file.name or "").name[:200])
    )
    parameters: dict[str, Any] = {
        "file": stored.relative_to(settings.MEDIA_ROOT).as_posix(),
        "file_name": name,
        # An upload that was looked at may be tried and then imported; another goes with its job.
        "is_kept": file is None,
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
        if file is not None:
            stored.unlink(missing_ok=True)
        raise


def keep_upload(file: UploadedFile, acting_user: User) -> str:
    """Store a file to be looked at and imported later; what is returned names it."""
    stored = _store(file, _first_division(acting_user))
    facts = {
        "file": stored.relative_to(uploads_folder()).as_posix(),
        "name": Path(file.name or "").name[:200],
        "user": acting_user.pk,
    }
    return signing.dumps(facts, salt=_SALT, compress=True)


def upload_named(upload: str, acting_user: User) -> tuple[Path, str]:
    """The stored file that `keep_upload` named, and its own name; ReportedError when it is gone or another user's."""
    gone = ReportedError(
        Sentence(_("The uploaded file is not kept any more; choose it again.")), code="upload_gone"
    )
    try:
        facts = signing.loads(upload, salt=_SALT, max_age=UPLOADS_KEPT_FOR)
    except signing.BadSignature as error:
        raise gone from error
    stored = uploads_folder() / facts["file"]
    if facts["user"] != acting_user.pk or not stored.is_file():
        raise gone
    return stored, facts["name"]


def _first_division(user: User) -> Division:
    """Whose room a file takes that is only looked at as yet: the topmost division in which the user edits networks."""
    division = divisions_of(user, Capability.EDIT_NETWORK).order_by("path").first()
    if division is None:
        raise NotVisible("no division whose network the user edits")
    return division


def _store(file: UploadedFile, division: Division) -> Path:
    """Write the upload under a name of our own, so that the client's name reaches no path."""
    suffix = Path(file.name or "").suffix.lower()
    path = new_upload(division, suffix if suffix in GEO_SUFFIXES else ".inp", file.size or 0)
    try:
        with path.open("wb") as target:
            for chunk in file.chunks():
                target.write(chunk)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return path
