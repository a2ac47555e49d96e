"""The flooding of zones over REST."""

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from assets.models import Network
from assets.networks.selectors.network_reads import network_visible_to
from assets.zones.api import serializers as forms
from assets.zones.selectors.zone_regions import flood
from assets.zones.services.zone_flooding import flood_zones, zone_statuses
from gis_core.access import Capability
from gis_core.api.parameters import truth_parameter
from gis_core.api.views import CapabilityMixin, acting


class ZoneFloodingView(CapabilityMixin, APIView):
    """Zones flooded from the graph: GET says what would change and which zones are clean, POST changes it."""

    capability = Capability.VIEW_NETWORK

    def known_parameters(self) -> frozenset[str]:
        return frozenset({"regulators"}) if self.request.method == "GET" else frozenset()

    @extend_schema(
        operation_id="zone_flooding",
        parameters=[OpenApiParameter("regulators", bool, description="Regulators are boundaries too")],
        responses=forms.FloodingSerializer,
    )
    def get(self, request: Request, code: str) -> Response:
        network = network_visible_to(request.user, code)
        flooding = flood(network, regulators_bound=truth_parameter(request, "regulators"))
        return Response({"applied": False, **flooding.as_dict(zone_statuses(network, flooding))})

    @extend_schema(
        operation_id="zone_flooding_apply",
        request=forms.FloodRequestSerializer,
        responses=forms.FloodingSerializer,
    )
    def post(self, request: Request, code: str) -> Response:
        network: Network = network_visible_to(request.user, code, Capability.EDIT_NETWORK)
        form = forms.FloodRequestSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        flooding = flood_zones(
            network, acting_user=acting(request), regulators_bound=form.validated_data["regulators"]
        )
        return Response({"applied": True, **flooding.as_dict(zone_statuses(network))})
