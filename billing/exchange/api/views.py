"""Registers as files over REST: what there is, the import of one with its report, and the export."""

from pathlib import Path
from typing import Any, ClassVar

from django.core.files.uploadedfile import UploadedFile
from django.http.response import HttpResponseBase
from django.utils.translation import gettext
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from billing.exchange.api.reports import in_askers_words, too_much
from billing.exchange.api.serializers import (
    RegisterImportReportSerializer,
    RegisterImportSerializer,
    RegisterKindSerializer,
)
from billing.exchange.selectors.exporting import (
    exported,
    register_cells,
    template_file,
    text_columns,
)
from billing.exchange.selectors.kinds import KINDS, RegisterKind
from billing.exchange.selectors.registers import (
    EXPORTING,
    MOST_BYTES_AT_ONCE,
    MOST_ROWS_AT_ONCE,
    kind_named,
    may_import,
)
from billing.exchange.services.importing import import_register
from gis_core.access import Capability, NotVisible
from gis_core.api.downloads import download, table_download
from gis_core.api.parameters import choice_parameter, truth_parameter
from gis_core.api.views import CapabilityMixin, acting
from gis_core.errors import ReportedError
from gis_core.table_files import MEDIA_TYPES


class RegisterKindsView(CapabilityMixin, APIView):
    """The registers that may be taken as files, and those of them that the asker may bring in."""

    capability = EXPORTING

    @extend_schema(operation_id="register_kinds_list", responses=RegisterKindSerializer(many=True))
    def get(self, request: Request) -> Response:
        return Response([_described(kind, request) for kind in KINDS.values()])


def _described(kind: RegisterKind, request: Request) -> dict[str, Any]:
    return {
        "code": kind.name,
        "title": gettext(kind.title),
        "meaning": gettext(kind.meaning),
        "key": list(kind.key),
        "of_enterprise": kind.is_of_enterprise,
        "may_import": may_import(request.user, kind),
        "columns": [
            {
                "code": column.name,
                "title": gettext(column.title),
                "meaning": gettext(column.meaning),
                "type": column.type.value,
                "required": column.is_required,
                "read": not column.is_told,
                "example": column.example,
                "choices": [value for value, _label in column.choices],
            }
            for column in kind.columns
        ],
    }


class RegisterImportView(CapabilityMixin, APIView):
    """A register from a file, or a trial of it."""

    capability = Capability.RUN_BILLING
    parser_classes = [MultiPartParser]

    @extend_schema(
        operation_id="register_import_create",
        request={"multipart/form-data": RegisterImportSerializer},
        responses=RegisterImportReportSerializer,
        description="What became of each row of a CSV or XLSX file of up to 5,000 rows: all of it is written, or "
        "nothing where a row is refused, unless skip_refused. With dry_run nothing is written.",
    )
    def post(self, request: Request) -> Response:
        form = RegisterImportSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        values = form.validated_data
        kind = kind_named(values["kind"])
        file: UploadedFile = values["file"]
        name = Path(file.name or "").name[:200]
        if (file.size or 0) > MOST_BYTES_AT_ONCE:
            raise too_much(name)
        try:
            report = import_register(
                kind=kind,
                data=file.read(),
                file=name,
                enterprise=values["enterprise"],
                is_trial=values["dry_run"],
                skips_refused=values["skip_refused"],
                acting_user=acting(request),
                most_rows=MOST_ROWS_AT_ONCE,
            )
        except ReportedError as error:
            raise (too_much(name) if error.code == "too_many_rows" else error) from error
        return Response(in_askers_words(report.as_dict()))


class RegisterExportView(CapabilityMixin, APIView):
    """A register as a file, as an import takes it; or its columns alone."""

    capability = EXPORTING
    query_parameters: ClassVar[frozenset[str]] = frozenset({"format", "enterprise", "division", "template"})

    @extend_schema(
        operation_id="register_export_retrieve",
        parameters=[
            OpenApiParameter("format", enum=list(MEDIA_TYPES), description="xlsx by default"),
            OpenApiParameter("enterprise", description="code; needed where there are several"),
            OpenApiParameter("division", description="code: only what is there and below"),
            OpenApiParameter("template", OpenApiTypes.BOOL, description="true: the columns alone"),
        ],
        responses={(200, "application/octet-stream"): OpenApiTypes.BINARY},
    )
    def get(self, request: Request, kind: str) -> HttpResponseBase:
        register = KINDS.get(kind)
        if register is None:
            raise NotVisible("no such register")
        file_format = choice_parameter(request, "format", tuple(MEDIA_TYPES), "xlsx")
        if truth_parameter(request, "template"):
            content = template_file(register, file_format)
            return download(content, f"{kind}-template", file_format, MEDIA_TYPES[file_format])
        wanted = exported(
            register,
            request.query_params.get("enterprise", ""),
            request.query_params.get("division", ""),
            acting(request),
        )
        parts = [
            kind,
            wanted.enterprise.code if wanted.enterprise else "",
            request.query_params.get("division", ""),
        ]
        return table_download(
            file_format,
            "-".join(filter(None, parts)),
            [column.name for column in register.columns],
            register_cells(wanted, file_format),
            text_columns=text_columns(register),
        )
