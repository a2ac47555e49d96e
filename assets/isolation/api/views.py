"""What isolating a pipe would close and cut off."""

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from assets.consumer_providers import list_consumers_at_attachments
from assets.isolation.services import isolate
from assets.isolation.services.isolated_features import features_of
from assets.models import Pipe
from gis_core.access import Capability, access
from gis_core.api.parameters import number_parameter, truth_parameter
from gis_core.api.views import CapabilityMixin

MOST_PEOPLE = 5_000


class IsolationSerializer(serializers.Serializer[Any]):
    network = serializers.CharField()
    pipe = serializers.CharField()
    close = serializers.ListField(child=serializers.CharField(), help_text="Valves to close")
    held_by = serializers.ListField(
        child=serializers.CharField(), help_text="Valves closed already that hold"
    )
    passed = serializers.ListField(child=serializers.CharField(), help_text="Valves that cannot be closed")
    pipes = serializers.ListField(child=serializers.CharField())
    nodes = serializers.ListField(child=serializers.CharField())
    cut_off = serializers.ListField(child=serializers.CharField())
    length_m = serializers.FloatField()
    volume_m3 = serializers.FloatField()
    subscribers = serializers.IntegerField()
    priority_count = serializers.IntegerField()
    priority = serializers.ListField(
        child=serializers.DictField(), help_text="Priority customers whom the viewer may see"
    )
    people = serializers.ListField(
        child=serializers.DictField(),
        required=False,
        help_text="With ?people=true: all who are without water and whom the viewer may see, priority first",
    )
    features = serializers.ListField(
        child=serializers.DictField(),
        required=False,
        help_text="With ?geometry=true: GeoJSON features, whose `role` is pipe, close, held_by, passed or cut_off",
    )


class IsolationView(CapabilityMixin):
    """Which valves isolate a pipe, and what is then without water. Changes nothing."""

    capability = Capability.VIEW_NETWORK
    query_parameters = frozenset({"at", "inoperable", "people", "geometry"})

    @extend_schema(
        operation_id="pipe_isolation",
        parameters=[
            OpenApiParameter("at", float, description="Where on the pipe: 0 its start, 1 its end"),
            OpenApiParameter(
                "inoperable", str, description="Codes of valves that cannot be closed, by commas"
            ),
            OpenApiParameter("people", bool, description="With those who are without water, at most 5,000"),
            OpenApiParameter("geometry", bool, description="With what is concerned as GeoJSON features"),
        ],
        responses=IsolationSerializer,
    )
    def get(self, request: Request, uid: str) -> Response:
        pipe = access(
            Pipe.objects.select_related("network__division"), request.user, Capability.VIEW_NETWORK, uid=uid
        )
        at = number_parameter(request, "at") if "at" in request.query_params else 0.5
        codes = request.query_params.get("inoperable", "").split(",")
        inoperable = [code.strip() for code in codes if code.strip()]
        found = isolate(pipe.network, pipe=pipe, at=at, inoperable=inoperable, viewer=request.user)
        document = found.as_dict()
        if truth_parameter(request, "people"):
            document["people"] = list_consumers_at_attachments(
                "subscribers", found.attachment_ids, limit=MOST_PEOPLE, viewer=request.user
            )
        if truth_parameter(request, "geometry"):
            document["features"] = features_of(found, pipe=pipe, at=at)
        return Response(IsolationSerializer(document).data)
