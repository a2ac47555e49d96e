"""Water audits of a file over REST: what `manage.py water_audit FILE` answers."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_noop as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from balances.audit.audit_files import audits_of_file
from balances.audit.water_balance import water_balance
from gis_core.access import Capability
from gis_core.api.views import CapabilityMixin
from gis_core.errors import ReportedError
from gis_core.sentences import Sentence

MOST_BYTES_AT_ONCE = 10 * 1024 * 1024


class WaterAuditFileSerializer(serializers.Serializer[Any]):
    file = serializers.FileField()


class WaterAuditFileView(CapabilityMixin, APIView):
    """The balances of a file of audits; nothing is stored."""

    capability = Capability.VIEW_BALANCES
    parser_classes = [MultiPartParser]

    @extend_schema(
        operation_id="water_audits",
        request={"multipart/form-data": WaterAuditFileSerializer},
        responses=OpenApiTypes.OBJECT,
    )
    def post(self, request: Request) -> Response:
        form = WaterAuditFileSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        file: UploadedFile = form.validated_data["file"]
        name = Path(file.name or "").name[:200]
        if (file.size or 0) > MOST_BYTES_AT_ONCE:
            raise ReportedError(Sentence(_("{file} is too large."), file=name), code="too_large")
        audits = audits_of_file(file.read(), name)
        return Response({"audits": [asdict(water_balance(given)) for given in audits]})
