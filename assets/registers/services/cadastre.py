"""Keeping parcels, buildings, survey points and documents. Geometries are WGS 84; lengths are metres."""

import hashlib
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Protocol
from uuid import uuid4

from django.conf import settings
from django.contrib.gis.geos import GEOSGeometry
from django.db import models
from django.utils.translation import gettext_noop as _

from assets.models import Building, Document, DocumentLink, Node, Parcel, Pipe, SurveyPoint
from assets.models.cadastre import DOCUMENT_TARGETS
from assets.registers.services.refusals import saying_refusals
from gis_core.errors import ReportedError
from gis_core.models import Division, User
from gis_core.sentences import Sentence
from gis_core.services.audit import record_change

DOCUMENT_MAX_BYTES = 25 * 1024 * 1024
# What a file begins with, its content type and the ending we store it under. Nothing that a browser would run.
_FORMS: tuple[tuple[bytes, str, str], ...] = (
    (b"%PDF-", "application/pdf", "pdf"),
    (b"\x89PNG\r\n\x1a\n", "image/png", "png"),
    (b"\xff\xd8\xff", "image/jpeg", "jpg"),
    (b"II*\x00", "image/tiff", "tif"),
    (b"MM\x00*", "image/tiff", "tif"),
)


class Upload(Protocol):
    """What is needed of an uploaded file."""

    name: str | None

    # Read only: Django works the size out, and nothing here sets it.
    @property
    def size(self) -> int | None: ...

    def chunks(self) -> Iterable[bytes]: ...


def add_register_row(row: models.Model, *, label: str, acting_user: User | None) -> None:
    """Save a new row with its audit row, constraints checked; raises ReportedError when the database refuses."""
    with saying_refusals():
        row.save(force_insert=True)
        record_change(
            acting_user=acting_user,
            action=f"register {row._meta.verbose_name}",
            subject=row,
            subject_id=label,
            division=row.division,  # type: ignore[attr-defined]
            new_values=_values(row),
        )
    row.refresh_from_db()


def change_register_row(
    row: models.Model, values: Mapping[str, Any], *, label: str, acting_user: User | None
) -> None:
    """Set `values` (by field name) on a stored row; the audit row has what really changed, old and new."""
    with saying_refusals():
        stored = type(row)._base_manager.select_for_update().get(pk=row.pk)
        old = _values(stored)
        for name, value in values.items():
            setattr(stored, name, value)
        new = _values(stored)
        changed = sorted(name for name in new if new[name] != old[name])
        if changed:
            stored.save(update_fields=[stored._meta.get_field(name).name for name in values])
            record_change(
                acting_user=acting_user,
                action=f"change {row._meta.verbose_name}",
                subject=row,
                subject_id=label,
                division=stored.division,  # type: ignore[attr-defined]
                old_values={name: old[name] for name in changed},
                new_values={name: new[name] for name in changed},
            )
    row.refresh_from_db()


def _values(row: models.Model) -> dict[str, Any]:
    """The row's stored columns as JSON; a drawing is told by its text or, when long, by its size and digest."""
    return {
        field.attname: _as_json(getattr(row, field.attname))
        for field in row._meta.concrete_fields
        if not isinstance(field, models.GeneratedField) and field.attname not in ("id", "uid")
    }


def _as_json(value: Any) -> Any:
    if isinstance(value, GEOSGeometry):
        if value.num_coords <= 50:
            return value.ewkt
        return f"{value.num_coords} points, sha256 {hashlib.sha256(bytes(value.wkb)).hexdigest()[:16]}"
    return value if value is None or isinstance(value, (bool, int, float, str)) else str(value)


def register_parcel(*, division: Division, acting_user: User | None, **values: Any) -> Parcel:
    """Register a parcel. `values` are fields of `Parcel`; raises ReportedError when the number is taken."""
    parcel = Parcel(division=division, **values)
    add_register_row(parcel, label=parcel.cadastral_number, acting_user=acting_user)
    return parcel


def register_building(*, division: Division, acting_user: User | None, **values: Any) -> Building:
    """Register a building, on a parcel of its division or on none. Raises ReportedError as for parcels."""
    building = Building(division=division, **values)
    add_register_row(building, label=building.cadastral_number, acting_user=acting_user)
    return building


def register_survey_point(*, division: Division, acting_user: User | None, **values: Any) -> SurveyPoint:
    """Register a survey point. Raises ReportedError when it is not as accurate as its class promises."""
    point = SurveyPoint(division=division, **values)
    add_register_row(point, label=point.code, acting_user=acting_user)
    return point


def register_document(*, division: Division, acting_user: User | None, **values: Any) -> Document:
    """Register a document without its file (see `store_file`)."""
    document = Document(division=division, created_by=acting_user, **values)
    add_register_row(document, label=str(document), acting_user=acting_user)
    return document


def document_path(document: Document) -> Path:
    """Where the file of a document lies; raises ReportedError when it has none."""
    if not document.stored_name:
        raise ReportedError(Sentence(_("The document has no file.")), code="no_file")
    return _directory() / document.stored_name


def store_file(*, document: Document, upload: Upload, acting_user: User | None) -> Document:
    """Keep the file of a document that has none yet: PDF, PNG, JPEG or TIFF by its content, at most 25 MB.

    It is stored under a name of our own; the client's name is only shown. Raises ReportedError when the document has
    a file, or for another form or a larger or empty file.
    """
    if document.stored_name:
        raise ReportedError(
            Sentence(_("The document has its file; register another version as another document.")),
            code="has_file",
        )
    path, digest, size, form = _write(upload)
    try:
        with saying_refusals():
            stored = Document.objects.select_for_update().get(pk=document.pk)
            if stored.stored_name:
                raise ReportedError(Sentence(_("The document has its file already.")), code="has_file")
            _require_room(stored.division, size)
            stored.stored_name, stored.sha256, stored.size_bytes = path.name, digest, size
            stored.content_type = form
            stored.file_name = Path((upload.name or "").replace("\\", "/")).name[:200] or path.name
            stored.save(update_fields=["stored_name", "sha256", "size_bytes", "content_type", "file_name"])
            record_change(
                acting_user=acting_user,
                action="store file of document",
                subject=stored,
                division=stored.division,
                new_values={"file_name": stored.file_name, "size_bytes": size, "sha256": digest},
            )
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    document.refresh_from_db()
    return document


def _require_room(division: Division, size_bytes: int) -> None:
    """ReportedError (`quota`) when the division's documents would take more room than it has."""
    total = Document.objects.filter(division=division).aggregate(total=models.Sum("size_bytes"))["total"]
    if (total or 0) + size_bytes > settings.DOCUMENT_QUOTA_BYTES:
        megabytes = settings.DOCUMENT_QUOTA_BYTES // 1024**2
        raise ReportedError(
            Sentence(
                _(
                    "The documents of {division} take all of the {megabytes} MB that it has; an operator may give more."
                ),
                division=division.code,
                megabytes=megabytes,
            ),
            code="quota",
        )


def _directory() -> Path:
    return Path(settings.MEDIA_ROOT) / "documents"


def _write(upload: Upload) -> tuple[Path, str, int, str]:
    """Write an upload below MEDIA_ROOT; its path, SHA-256, size and content type."""
    too_large = ReportedError(
        Sentence(
            _("The file is larger than {document_max_bytes} MB."),
            document_max_bytes=DOCUMENT_MAX_BYTES // 1024**2,
        ),
        code="too_large",
    )
    if (upload.size or 0) > DOCUMENT_MAX_BYTES:
        raise too_large
    chunks = iter(upload.chunks())
    first = next(chunks, b"")
    form = next(((kind, ending) for start, kind, ending in _FORMS if first.startswith(start)), None)
    if form is None:
        raise ReportedError(Sentence(_("The file is not a PDF, PNG, JPEG or TIFF.")), code="bad_form")
    _directory().mkdir(mode=0o700, parents=True, exist_ok=True)
    path = _directory() / f"{uuid4()}.{form[1]}"
    digest, size = hashlib.sha256(), 0
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as target:
            while first:
                size += len(first)
                if size > DOCUMENT_MAX_BYTES:
                    raise too_large
                digest.update(first)
                target.write(first)
                first = next(chunks, b"")
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return path, digest.hexdigest(), size, form[0]


Target = Node | Pipe | Parcel | Building | SurveyPoint


def link_document(*, document: Document, target: Target, acting_user: User | None) -> DocumentLink:
    """Say that a document is about a node, pipe, parcel, building or survey point.

    Raises ReportedError when it says so already, or when the two are of different branches of the divisions.
    """
    name = _target_name(target)
    link = DocumentLink(division=document.division, document=document, **{name: target})
    if isinstance(target, (Node, Pipe)):
        link.network_id = target.network_id
    add_register_row(link, label=str(link.uid), acting_user=acting_user)
    return link


def unlink_document(*, link: DocumentLink, acting_user: User | None) -> None:
    """Take a link back; the document and its file stay."""
    with saying_refusals():
        record_change(
            acting_user=acting_user,
            action="delete document link",
            subject=link,
            division=link.division,
            old_values=_values(link),
        )
        link.delete()


def _target_name(target: Target) -> str:
    name = {Node: "node", Pipe: "pipe", Parcel: "parcel", Building: "building", SurveyPoint: "survey_point"}[
        type(target)
    ]
    assert name in DOCUMENT_TARGETS
    return name
