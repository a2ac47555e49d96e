"""Valves turned, over REST."""

from typing import Any, ClassVar

import django_filters
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from assets.models import Node, ValveOperation
from assets.registers.api.serializers import NumberField, TruthField
from assets.registers.api.views import FieldViewSet
from assets.work_orders.api.serializers import VersionedSerializer
from assets.work_orders.services.valves import turn_valve
from gis_core.access import Capability, Viewer, access, visible
from gis_core.api.bodies import TextField, UidField
from gis_core.api.filters import FilterSet
from gis_core.api.views import acting


class ValveOperationSerializer(serializers.ModelSerializer[ValveOperation]):
    network = serializers.CharField(source="network.code", read_only=True)
    node = serializers.UUIDField(source="attachment.node.uid", read_only=True)
    code = serializers.CharField(source="attachment.node.code", read_only=True)
    operated_by = serializers.CharField(source="operated_by.username", read_only=True)

    class Meta:
        model = ValveOperation
        fields = (
            "uid",
            "network",
            "node",
            "code",
            "turns",
            "status_before",
            "status_after",
            "note",
            "operated_by",
            "operated_at",
            "recorded_at",
        )


class ValveOperationEntrySerializer(VersionedSerializer):
    uid = UidField(required=False, help_text="The client's own; sent again, it is recorded once")
    node = UidField()
    turns = NumberField(min_value=0, max_value=2000, help_text="Without regard to the direction")
    status = serializers.ChoiceField(choices=["open", "closed", "active"], help_text="How it stands now")
    is_broken = TruthField(required=False)
    is_accessible = TruthField(required=False)
    operated_at = serializers.DateTimeField(required=False)
    note = TextField(required=False, allow_blank=True, max_length=2000)


class ValveOperationFilter(FilterSet):
    network = django_filters.CharFilter("network__code", label="Code of the network")
    node = django_filters.UUIDFilter("attachment__node__uid", label="uid of the valve")

    class Meta:
        model = ValveOperation
        fields: ClassVar[list[str]] = []


class ValveOperationViewSet(FieldViewSet):
    """Valves that were turned: by how much, and how they stood before and after."""

    serializer_class = ValveOperationSerializer
    filterset_class = ValveOperationFilter

    def select(self, viewer: Viewer) -> QuerySet[ValveOperation]:
        rows = ValveOperation.objects.select_related("network", "attachment__node", "operated_by")
        return visible(rows.defer("attachment__node__geom"), viewer, Capability.VIEW_NETWORK)

    @extend_schema(request=ValveOperationEntrySerializer, responses={201: ValveOperationSerializer})
    def create(self, request: Request) -> Response:
        """Record that a valve was turned; its own state follows by an edit."""
        values: dict[str, Any] = self.read_body(ValveOperationEntrySerializer)
        node = access(
            Node.objects.select_related("network__division"),
            request.user,
            self.write_capability,
            uid=values.pop("node"),
        )
        seen: dict[str, bool] = {
            str(name): values.pop(name) for name in ("is_broken", "is_accessible") if name in values
        }
        operation = turn_valve(
            node=node,
            seen=seen,
            expected_version=values.pop("version", None),
            acting_user=acting(request),
            **values,
        )
        return self.answer(operation, status=201)
