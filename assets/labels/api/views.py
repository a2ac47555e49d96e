"""Sheets of QR labels over REST."""

from uuid import UUID

from django.http import HttpResponse
from django.utils import translation
from django.utils.translation import gettext_noop as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from assets.labels.selectors.labelled import codes_in, labelled_elements
from assets.labels.services.sheets import label_sheets
from assets.networks.selectors.network_reads import ASSET_KINDS, network_visible_to
from gis_core.access import Capability
from gis_core.api.negotiation import OneMediaType
from gis_core.api.views import CapabilityMixin
from gis_core.sentences import said


class LabelSheetView(CapabilityMixin):
    """Labels to stick on elements: a QR code that opens the element, with code, kind and zone."""

    capability = Capability.VIEW_NETWORK
    query_parameters = frozenset({"kind", "zone", "codes"})
    content_negotiation_class = OneMediaType  # type: ignore[assignment]

    @extend_schema(
        operation_id="network_labels",
        parameters=[
            OpenApiParameter("kind", str, many=True, enum=ASSET_KINDS),
            OpenApiParameter("zone", OpenApiTypes.UUID, description="uid of the zone"),
            OpenApiParameter("codes", str, description="Codes, with commas between them"),
        ],
        responses={(200, "application/pdf"): OpenApiTypes.BINARY},
    )
    def get(self, request: Request, network: str) -> HttpResponse:
        """The labels of a network's elements as a PDF of A4 sheets, 24 a sheet."""
        found = network_visible_to(request.user, network)
        elements = labelled_elements(
            request.user,
            found,
            kinds=request.query_params.getlist("kind"),
            zone=_uid(request.query_params.get("zone")),
            codes=codes_in(request.query_params.get("codes", "")),
        )
        base = request.build_absolute_uri("/").rstrip("/")
        content = label_sheets(
            found, elements, base_address=base, language=translation.get_language() or "uz"
        )
        response = HttpResponse(content, content_type="application/pdf")
        response["Content-Disposition"] = f'inline; filename="labels-{found.code}.pdf"'
        return response


def _uid(text: str | None) -> UUID | None:
    if text is None:
        return None
    try:
        return UUID(text)
    except ValueError:
        raise ValidationError({"zone": [said(_("This is not a uid."))]}) from None
