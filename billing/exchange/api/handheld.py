"""Files of controllers' handhelds over REST: a route to take along, and what was read on it."""

from pathlib import Path
from typing import Any, ClassVar

from django.core.files.uploadedfile import UploadedFile
from django.http.response import HttpResponseBase
from django.utils.translation import gettext_noop as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from billing.exchange.api.reports import in_askers_words, too_much
from billing.exchange.selectors.handheld import (
    HANDHELD_COLUMNS,
    HANDHELD_TEXT_COLUMNS,
    TAKING_ALONG,
    HandheldRoute,
    handheld_cells,
    handheld_rows,
)
from billing.exchange.selectors.registers import MOST_BYTES_AT_ONCE, MOST_ROWS_AT_ONCE
from billing.exchange.services.handheld import HandheldOutcome, take_handheld_file
from billing.ledger.selectors.places import asked_place
from gis_core.access import Capability
from gis_core.api.downloads import table_download
from gis_core.api.parameters import choice_parameter, required_month, truth_parameter
from gis_core.api.views import CapabilityMixin, acting
from gis_core.errors import ReportedError
from gis_core.sentences import Sentence
from gis_core.table_files import MEDIA_TYPES

# A file for many controllers, cut by whoever gives them out.
_MOST_METERS = 50_000


class HandheldFileView(CapabilityMixin, APIView):
    """The meters of a route or a division in walking order, as a file for a handheld."""

    capability = TAKING_ALONG
    query_parameters: ClassVar[frozenset[str]] = frozenset(
        {"division", "route", "month", "format", "missing"}
    )

    @extend_schema(
        operation_id="handheld_file_retrieve",
        parameters=[
            OpenApiParameter("month", required=True, description="YYYY-MM: the readings are of this month"),
            OpenApiParameter("route", description='a street, as "QIBRAY/S-12"'),
            OpenApiParameter("division", description="code: all streets in it"),
            OpenApiParameter("format", enum=list(MEDIA_TYPES), description="csv by default"),
            OpenApiParameter(
                "missing", OpenApiTypes.BOOL, description="true: without those read in the month"
            ),
        ],
        responses={(200, "application/octet-stream"): OpenApiTypes.BINARY},
        description=f"Up to {_MOST_METERS:,} meters; docs/registers.md describes the columns.",
    )
    def get(self, request: Request) -> HttpResponseBase:
        file_format = choice_parameter(request, "format", tuple(MEDIA_TYPES), "csv")
        division, street = (request.query_params.get(name, "") for name in ("division", "route"))
        if division and street:
            raise ReportedError(Sentence(_("Name a division or a route, not both.")), code="bad_parameter")
        route = HandheldRoute(
            asked_place(request.user, street or division),
            required_month(request),
            truth_parameter(request, "missing"),
        )
        rows = handheld_rows(route, request.user, _MOST_METERS)
        return table_download(
            file_format,
            route.name,
            HANDHELD_COLUMNS,
            handheld_cells(rows, file_format),
            text_columns=HANDHELD_TEXT_COLUMNS,
        )


class HandheldImportSerializer(serializers.Serializer[Any]):
    file = serializers.FileField()
    dry_run = serializers.BooleanField(required=False, default=False)


class HandheldLineSerializer(serializers.Serializer[Any]):
    row = serializers.IntegerField()
    outcome = serializers.ChoiceField(choices=[outcome.value for outcome in HandheldOutcome])
    key = serializers.CharField(help_text="meter, register, service point")
    column = serializers.CharField()
    reason = serializers.CharField()


class HandheldReportSerializer(serializers.Serializer[Any]):
    kind = serializers.CharField()
    file = serializers.CharField()
    sha256 = serializers.CharField()
    encoding = serializers.CharField()
    dry_run = serializers.BooleanField()
    written = serializers.BooleanField()
    rows = serializers.IntegerField()
    counts = serializers.DictField(child=serializers.IntegerField(), help_text=", ".join(HandheldOutcome))
    message = serializers.CharField()
    warnings = serializers.ListField(child=serializers.CharField())
    lines = HandheldLineSerializer(many=True)


class HandheldImportView(CapabilityMixin, APIView):
    """A handheld's file taken in, or a trial of it."""

    capability = Capability.ENTER_READINGS
    parser_classes = [MultiPartParser]

    @extend_schema(
        operation_id="handheld_import_create",
        request={"multipart/form-data": HandheldImportSerializer},
        responses=HandheldReportSerializer,
        description=f"What became of each row of a CSV or XLSX file of up to {MOST_ROWS_AT_ONCE:,} rows. A row that "
        "cannot be taken holds up no other; the same file twice adds nothing. With dry_run nothing is written.",
    )
    def post(self, request: Request) -> Response:
        form = HandheldImportSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        file: UploadedFile = form.validated_data["file"]
        name = Path(file.name or "").name[:200]
        if (file.size or 0) > MOST_BYTES_AT_ONCE:
            raise too_much(name)
        report = take_handheld_file(
            data=file.read(),
            file=name,
            is_trial=form.validated_data["dry_run"],
            acting_user=acting(request),
            most_rows=MOST_ROWS_AT_ONCE,
        )
        return Response(in_askers_words(report.as_dict()))
