"""The segments of a network: what lies between valves."""

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from assets.models import Network
from assets.topology.selectors.segments import segments_of
from assets.topology.services.rebuilding import ensure_topology
from gis_core.access import Capability, access
from gis_core.api.parameters import limit_parameter, number_parameter
from gis_core.api.views import CapabilityMixin

MAXIMUM_SEGMENTS = 5000


class SegmentSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    nodes = serializers.ListField(child=serializers.CharField())
    devices = serializers.ListField(child=serializers.CharField())
    pipes = serializers.ListField(child=serializers.CharField())
    valves = serializers.ListField(child=serializers.CharField())
    length_m = serializers.FloatField()


class SegmentPageSerializer(serializers.Serializer[Any]):
    segments = SegmentSerializer(many=True)
    next_after = serializers.IntegerField(
        allow_null=True, help_text="`after` of the next page; null on the last"
    )


class SegmentsView(CapabilityMixin):
    """Valve-bounded segments of a network, in pages."""

    capability = Capability.VIEW_NETWORK
    query_parameters = frozenset({"after", "limit"})

    @extend_schema(
        operation_id="network_segments",
        parameters=[
            OpenApiParameter("after", int, description="Id of the last segment of the page before"),
            OpenApiParameter("limit", int, description="How many segments at most"),
        ],
        responses=SegmentPageSerializer,
    )
    def get(self, request: Request, network: str) -> Response:
        found = access(
            Network.objects.select_related("division"), request.user, Capability.VIEW_NETWORK, code=network
        )
        limit = limit_parameter(request, default=500, maximum=MAXIMUM_SEGMENTS)
        after = number_parameter(request, "after") if "after" in request.query_params else 0
        ensure_topology(found)
        segments = segments_of(found, after=min(max(int(after), 0), 2**62), limit=limit)
        last = segments[-1]["id"] if len(segments) == limit else None
        return Response({"segments": segments, "next_after": last})
