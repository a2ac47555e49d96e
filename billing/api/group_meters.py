"""REST views of buildings' meters: which there are, and what a month's shares are and why."""

from typing import Any, ClassVar

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from billing.api.prices import PricedAccountSerializer
from billing.models import GroupMeter
from billing.pricing.selectors.registered_buildings import price_building
from billing.selectors.group_meters import visible_group_meters
from gis_core.access import Capability, Viewer
from gis_core.api.parameters import required_month
from gis_core.api.views import ScopedReadViewSet


class GroupMeterSerializer(serializers.ModelSerializer[GroupMeter]):
    service_point = serializers.CharField(source="service_point.code", read_only=True)
    enterprise = serializers.CharField(source="enterprise.code", read_only=True)
    service = serializers.CharField(source="service_id", read_only=True)

    class Meta:
        model = GroupMeter
        fields = ["uid", "name", "service_point", "enterprise", "service", "share_by"]


class GroupMeterViewSet(ScopedReadViewSet):
    """Meters of buildings, whose flats share what their own meters leave."""

    capability = Capability.VIEW_SUBSCRIBERS
    serializer_class = GroupMeterSerializer
    filterset_fields = ["share_by"]
    action_parameters: ClassVar[dict[str, frozenset[str]]] = {"shares": frozenset({"month"})}

    def select(self, viewer: Viewer) -> QuerySet[Any]:
        return visible_group_meters(viewer)

    @extend_schema(
        operation_id="group_meter_shares",
        parameters=[OpenApiParameter("month", required=True, description="as 2026-01")],
        responses=PricedAccountSerializer,
    )
    @action(detail=True, methods=["get"])
    def shares(self, request: Request, uid: str) -> Response:
        """What the meter showed in a month, what flats have of their own, and the others' shares."""
        return Response(price_building(self.get_object(), required_month(request)))
