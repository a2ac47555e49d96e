"""Networks as files: the import of one, and the export."""

import json
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import cast

from django.http import StreamingHttpResponse
from django.utils.translation import gettext_noop as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from assets.exchange.api.serializers import (
    FileInspectionSerializer,
    InspectedFileSerializer,
    NetworkImportSerializer,
)
from assets.exchange.api.uploads import (
    keep_upload,
    refuse_oversized_request,
    request_network_import,
    upload_named,
)
from assets.exchange.services.export import EXPORT_FORMATS, EXPORT_SUFFIXES, export_network
from assets.exchange.services.export.export_jobs import MEDIA_TYPES, is_long, request_export
from assets.exchange.services.geo_import.mapping import mapping_of_text
from assets.exchange.services.inspection import inspect_file
from assets.exchange.services.uploaded_files import under_its_own_name
from assets.job_kinds import EXPORT_NETWORK
from assets.networks.selectors.network_reads import network_visible_to
from gis_core.access import Capability
from gis_core.answer_budget import file_budget
from gis_core.api.serializers import AcceptedJobSerializer, accepted
from gis_core.api.views import CapabilityMixin, acting
from gis_core.errors import ReportedError
from gis_core.job_kinds import enqueue
from gis_core.models import User
from gis_core.sentences import Sentence

_BLOCK_BYTES = 1_000_000


class NetworkExportView(CapabilityMixin, APIView):
    """The network as a file: an EPANET model, or a file of a GIS."""

    capability = Capability.VIEW_NETWORK
    query_parameters = frozenset({"format_name"})

    @extend_schema(
        operation_id="network_export_retrieve",
        parameters=[OpenApiParameter("format_name", str, enum=EXPORT_FORMATS, required=True)],
        responses={(200, "application/octet-stream"): OpenApiTypes.BINARY, 202: AcceptedJobSerializer},
        description="The network as a file; of a large network a job (202) makes the file, and keeps it for some days.",
    )
    def get(self, request: Request, network: str) -> StreamingHttpResponse | Response:
        found = network_visible_to(request.user, network)
        file_format = request.query_params.get("format_name", "")
        if file_format not in EXPORT_FORMATS:
            raise ReportedError(
                Sentence(
                    _("format_name must be one of {export_formats}."),
                    export_formats=", ".join(EXPORT_FORMATS),
                ),
                code="bad_format",
            )
        if is_long(found, file_format):
            job = request_export(
                found,
                file_format,
                acting_user=acting(request),
                enqueue=lambda uid: enqueue(EXPORT_NETWORK, uid),
            )
            return accepted(job)
        path = Path(tempfile.mkdtemp(prefix="tarmoq-export-")) / f"{found.code}{EXPORT_SUFFIXES[file_format]}"
        blocks, budget = _Blocks(path), file_budget()
        try:
            result = export_network(found, path, file_format)
            budget.look_at_size(result.size_bytes)
        except BaseException:
            blocks.close()
            raise
        response = StreamingHttpResponse(blocks, content_type=MEDIA_TYPES[file_format])
        response["Content-Disposition"] = f'attachment; filename="{path.name}"'
        response["Content-Length"] = str(result.size_bytes)
        # How much of the network the format could not hold; `manage.py export_network --json` lists it.
        response["X-Not-Kept"] = str(len(result.not_kept))
        response["X-Adjusted"] = str(len(result.adjusted))
        return response


class _Blocks:
    """The blocks of a file that goes with its directory once it has been sent, or was never asked for."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.offset = 0

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        with self.path.open("rb") as file:
            file.seek(self.offset)
            block = file.read(_BLOCK_BYTES)
        if not block:
            self.close()
            raise StopIteration
        self.offset += len(block)
        return block

    def close(self) -> None:
        shutil.rmtree(self.path.parent, ignore_errors=True)

    __del__ = close


class NetworkImportView(CapabilityMixin, APIView):
    """Takes a model file and starts its import; the answer names the job that does it."""

    capability = Capability.EDIT_NETWORK
    parser_classes = [MultiPartParser]

    @extend_schema(
        operation_id="network_import",
        request={"multipart/form-data": NetworkImportSerializer},
        responses={202: AcceptedJobSerializer},
    )
    def post(self, request: Request) -> Response:
        refuse_oversized_request(request)
        serializer = NetworkImportSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        job = request_network_import(acting_user=cast(User, request.user), **serializer.validated_data)
        return accepted(job)


class ImportInspectionView(CapabilityMixin, APIView):
    """Takes a file and says what it holds, and what it would be taken for; nothing is imported yet."""

    capability = Capability.EDIT_NETWORK
    parser_classes = [MultiPartParser]

    @extend_schema(
        operation_id="import_inspection",
        request={"multipart/form-data": FileInspectionSerializer},
        responses={200: InspectedFileSerializer},
    )
    def post(self, request: Request) -> Response:
        refuse_oversized_request(request)
        serializer = FileInspectionSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        asked = serializer.validated_data
        user = acting(request)
        # An encoding is known by the names that a mapping takes.
        encoding = mapping_of_text(json.dumps({"encoding": asked["encoding"]})).encoding
        crs = f"EPSG:{asked['srid']}" if "srid" in asked else ""
        upload = asked.get("upload") or keep_upload(asked["file"], user)
        stored, name = upload_named(upload, user)
        try:
            with under_its_own_name(stored, name) as path:
                found = inspect_file(path, encoding=encoding, crs=crs)
        except ReportedError:
            if "file" in asked:
                stored.unlink(missing_ok=True)
            raise
        facts = {"upload": upload, "file_name": name, "size_bytes": stored.stat().st_size}
        return Response(InspectedFileSerializer(facts | found).data)
