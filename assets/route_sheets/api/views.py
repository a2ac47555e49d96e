"""The printed sheet of a route of pipes, as a PDF."""

from django.http import HttpResponse
from django.utils.translation import gettext_noop as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.views import APIView

from assets.models import Network
from assets.route_sheets.selectors.routes import node_of_network
from assets.route_sheets.services import LANGUAGES, PipeRoute, route_between, route_of_pipes, route_sheet_pdf
from gis_core.access import Capability, access
from gis_core.api.negotiation import OneMediaType
from gis_core.api.views import CapabilityMixin
from gis_core.sentences import said


class RouteSheetView(CapabilityMixin, APIView):
    """A route along named pipes, or the shortest one between two nodes, with all that a crew needs of it."""

    capability = Capability.VIEW_NETWORK
    content_negotiation_class = OneMediaType  # type: ignore[assignment]
    query_parameters = frozenset({"pipes", "from", "to", "language"})

    @extend_schema(
        operation_id="route_sheet",
        parameters=[
            OpenApiParameter("pipes", str, description="Codes of pipes that follow one another, with commas"),
            OpenApiParameter("from", str, description="Code or uid of the first node"),
            OpenApiParameter("to", str, description="Code or uid of the last node"),
            OpenApiParameter("language", str, enum=LANGUAGES, description="Uzbek by default"),
        ],
        responses={(200, "application/pdf"): OpenApiTypes.BINARY},
    )
    def get(self, request: Request, code: str) -> HttpResponse:
        network = access(
            Network.objects.select_related("division"), request.user, Capability.VIEW_NETWORK, code=code
        )
        language = request.query_params.get("language", "uz")
        if language not in LANGUAGES:
            raise ValidationError(
                {"language": [said(_("One of {languages}."), languages=", ".join(LANGUAGES))]}
            )
        route = self._route(request, network)
        content = route_sheet_pdf(
            route, language=language, base_address=request.build_absolute_uri("/").rstrip("/")
        )
        response = HttpResponse(content, content_type="application/pdf")
        response["Content-Disposition"] = f'inline; filename="route-{network.code}.pdf"'
        return response

    def _route(self, request: Request, network: Network) -> PipeRoute:
        pipes = request.query_params.get("pipes")
        first, last = request.query_params.get("from"), request.query_params.get("to")
        if (pipes is not None) == (first is not None or last is not None):
            raise ValidationError(said(_("Give either pipes, or from and to.")))
        if pipes is not None:
            return route_of_pipes(network, [name.strip() for name in pipes.split(",") if name.strip()])
        if first is None or last is None:
            raise ValidationError(said(_("from and to go together.")))
        return route_between(network, node_of_network(network, first), node_of_network(network, last))
