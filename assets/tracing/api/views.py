"""Traces over REST."""

from django.utils.translation import gettext_noop as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from assets.networks.selectors.as_of import moment_of
from assets.networks.selectors.network_reads import network_visible_to
from assets.tracing.api import serializers as forms
from assets.tracing.selectors.traces import TRACE_TYPES, geometries_of, groups_of, trace
from gis_core.access import Capability
from gis_core.api.parameters import limit_parameter, truth_parameter
from gis_core.api.views import CapabilityMixin
from gis_core.sentences import said

MAXIMUM_CODES = 50_000
NODE = OpenApiParameter("from", str, required=True, description="Code or uid of a node, or device:CODE")
AS_OF = OpenApiParameter("as_of", str, description="The network as it was: a date or an instant")


class TraceView(CapabilityMixin, APIView):
    """What is connected to a node, what feeds it, what it feeds, the shortest way to another, the loops it is on."""

    capability = Capability.VIEW_NETWORK
    query_parameters = frozenset(
        {"type", "from", "to", "as_of", "through_closed", "either_way", "geometry", "limit"}
        | {"barrier", "groups"}
    )

    @extend_schema(
        operation_id="trace",
        parameters=[
            OpenApiParameter("type", str, required=True, enum=TRACE_TYPES),
            NODE,
            OpenApiParameter("to", str, description="Where a shortest way ends"),
            AS_OF,
            OpenApiParameter("through_closed", bool, description="connected: also beyond what is closed"),
            OpenApiParameter("either_way", bool, description="shortest: disregard check valves and pumps"),
            OpenApiParameter("geometry", bool, description="With the elements as GeoJSON, under `features`"),
            OpenApiParameter(
                "barrier", str, many=True, description="A node or device that is reached and not passed"
            ),
            OpenApiParameter(
                "groups",
                bool,
                description="With what was found by kind, diameter and material, under `groups`",
            ),
            OpenApiParameter("limit", int, description="Codes in each list at most, 1 to 50,000"),
        ],
        responses=forms.TraceSerializer,
    )
    def get(self, request: Request, code: str) -> Response:
        network = network_visible_to(request.user, code)
        asked = request.query_params
        for name in ("type", "from"):
            if name not in asked:
                raise ValidationError({name: [said(_("{name} is missing."), name=name)]})
        limit = limit_parameter(request, default=MAXIMUM_CODES, maximum=MAXIMUM_CODES)
        with_geometry = truth_parameter(request, "geometry")
        found = trace(
            network,
            trace_type=asked["type"],
            from_node=asked["from"],
            to_node=asked.get("to"),
            as_of=moment_of(asked["as_of"]) if "as_of" in asked else None,
            through_closed=truth_parameter(request, "through_closed"),
            either_way=truth_parameter(request, "either_way"),
            barriers=asked.getlist("barrier"),
        )
        document = found.as_dict(limit=limit)
        if truth_parameter(request, "groups"):
            document["groups"] = groups_of(found)
        if with_geometry:
            features = geometries_of(found, limit=limit)
            document["features"] = {"type": "FeatureCollection", "features": features}
        return Response(document)
