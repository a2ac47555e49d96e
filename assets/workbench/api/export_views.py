"""What is filtered, chosen or seen, as a file."""

import tempfile
from pathlib import Path

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from assets.job_kinds import EXPORT_ELEMENTS
from assets.networks.selectors.network_reads import network_visible_to
from assets.workbench.api.parameters import ElementExportBody
from assets.workbench.services.element_export import (
    ELEMENT_MEDIA_TYPES,
    SUFFIXES,
    is_long,
    request_element_export,
    write_elements,
)
from gis_core.access import Capability
from gis_core.api.serializers import AcceptedJobSerializer, accepted
from gis_core.api.views import CapabilityMixin, acting
from gis_core.job_kinds import enqueue


class ElementExportView(CapabilityMixin, APIView):
    """Elements of a network as a file, by the same filter as their table; of many a job (202) makes the file."""

    capability = Capability.VIEW_NETWORK

    @extend_schema(
        operation_id="network_element_export",
        request=ElementExportBody,
        responses={(200, "application/octet-stream"): OpenApiTypes.BINARY, 202: AcceptedJobSerializer},
    )
    def post(self, request: Request, network: str) -> HttpResponse | Response:
        found = network_visible_to(request.user, network)
        body = ElementExportBody(data=request.data)
        body.is_valid(raise_exception=True)
        asked, file_format = body.asked(), body.validated_data["format"]
        if is_long(found, asked):
            job = request_element_export(
                found,
                asked,
                file_format,
                acting_user=acting(request),
                enqueue=lambda uid: enqueue(EXPORT_ELEMENTS, uid),
            )
            return accepted(job)
        with tempfile.TemporaryDirectory(prefix="tarmoq-export-") as directory:
            path = Path(directory) / f"{found.code}{SUFFIXES[file_format]}"
            write_elements(found, asked, file_format, path)
            response = HttpResponse(path.read_bytes(), content_type=ELEMENT_MEDIA_TYPES[file_format])
        response["Content-Disposition"] = f'attachment; filename="{path.name}"'
        return response
