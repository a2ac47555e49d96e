"""REST views of regulators: their settings, schedules, overrides and the journal of commands."""

from typing import Any, ClassVar
from uuid import UUID

import django_filters
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from assets.models import Node
from gis_core.access import Capability, Viewer, access
from gis_core.api.filters import FilterSet
from gis_core.api.views import CapabilityMixin, ScopedReadViewSet, acting
from sensors.models import Datastream, LimitProposal, Regulator, RegulatorCommand
from sensors.regulators.api import serializers as forms
from sensors.regulators.selectors.regulators import (
    commands_visible_to,
    proposals_visible_to,
    regulators_visible_to,
)
from sensors.regulators.services.limits import confirm_limits, propose_limits, withdraw_limits
from sensors.regulators.services.registers import (
    add_regulator,
    change_regulator,
    end_override,
    override_set_point,
    set_schedule,
)
from sensors.regulators.services.signing import renew_key

C = Capability


def _with_stream(request: Request, values: dict[str, Any]) -> dict[str, Any]:
    if values.get("critical_stream") is not None:
        streams = Datastream.objects.filter(deleted_at=None)
        values["critical_stream"] = access(
            streams, request.user, C.VIEW_SENSORS, uid=values["critical_stream"]
        )
    return values


def _shown(regulator: Regulator, request: Request, status: int = 200) -> Response:
    row = regulators_visible_to(request.user, C.OPERATE_REGULATORS).get(pk=regulator.pk)
    return Response(forms.RegulatorSerializer(row).data, status=status)


class RegulatorViewSet(ScopedReadViewSet):
    """Regulators, what they hold and what they follow."""

    capability = C.VIEW_SENSORS
    action_capabilities = {"create": C.OPERATE_REGULATORS, "partial_update": C.OPERATE_REGULATORS}
    serializer_class = forms.RegulatorSerializer
    filterset_fields = {
        "code": ["exact"],
        "mode": ["exact"],
        "is_enabled": ["exact"],
        "node__uid": ["exact"],
        "node__network__code": ["exact"],
        "division__code": ["exact"],
    }

    def select(self, viewer: Viewer) -> QuerySet[Any]:
        return regulators_visible_to(viewer)

    @extend_schema(request=forms.RegulatorRequestSerializer, responses={201: forms.RegulatorSerializer})
    def create(self, request: Request) -> Response:
        """Register a regulator at a node."""
        form = forms.RegulatorRequestSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        values = _with_stream(request, dict(form.validated_data))
        nodes = Node.objects.select_related("division")
        node = access(nodes, request.user, C.OPERATE_REGULATORS, uid=values.pop("node"))
        return _shown(add_regulator(node=node, acting_user=acting(request), **values), request, 201)

    @extend_schema(request=forms.RegulatorChangeSerializer, responses=forms.RegulatorSerializer)
    def partial_update(self, request: Request, uid: str) -> Response:
        """Change settings; limits that its schedule, fallback or override leave are refused."""
        regulator = _operated(request, self.get_object().uid)
        form = forms.RegulatorChangeSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        values = _with_stream(request, dict(form.validated_data))
        return _shown(change_regulator(regulator=regulator, acting_user=acting(request), **values), request)


def _operated(request: Request, uid: UUID) -> Regulator:
    regulators = regulators_visible_to(request.user, C.OPERATE_REGULATORS)
    return access(regulators, request.user, C.OPERATE_REGULATORS, uid=uid)


class RegulatorScheduleView(CapabilityMixin, APIView):
    """Replace the schedule of a regulator."""

    capability = C.OPERATE_REGULATORS

    @extend_schema(
        operation_id="set_regulator_schedule",
        request=forms.RegulatorScheduleSerializer,
        responses={201: forms.RegulatorSerializer},
    )
    def post(self, request: Request, uid: UUID) -> Response:
        regulator = _operated(request, uid)
        form = forms.RegulatorScheduleSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        entries = [
            (entry["weekday"], entry["starts_at"], entry["set_point"])
            for entry in form.validated_data["entries"]
        ]
        set_schedule(regulator=regulator, entries=entries, acting_user=acting(request))
        return _shown(regulator, request, 201)


class RegulatorOverrideView(CapabilityMixin, APIView):
    """Hold a set-point by hand until an instant, or let the regulator follow its mode again."""

    capability = C.OPERATE_REGULATORS

    @extend_schema(
        operation_id="override_regulator",
        request=forms.RegulatorOverrideSerializer,
        responses={201: forms.RegulatorSerializer},
    )
    def post(self, request: Request, uid: UUID) -> Response:
        regulator = _operated(request, uid)
        form = forms.RegulatorOverrideSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        override_set_point(regulator=regulator, acting_user=acting(request), **form.validated_data)
        return _shown(regulator, request, 201)

    @extend_schema(operation_id="end_regulator_override", responses=forms.RegulatorSerializer)
    def delete(self, request: Request, uid: UUID) -> Response:
        regulator = _operated(request, uid)
        end_override(regulator=regulator, acting_user=acting(request))
        return _shown(regulator, request)


class RegulatorKeyView(CapabilityMixin, APIView):
    """Give a device a new key, shown once; the former is useless from now on."""

    capability = C.OPERATE_REGULATORS

    @extend_schema(
        operation_id="renew_regulator_key", request=None, responses={201: forms.RegulatorKeySerializer}
    )
    def post(self, request: Request, uid: UUID) -> Response:
        regulator = _operated(request, uid)
        key = renew_key(regulator=regulator, acting_user=acting(request))
        return Response({"regulator": regulator.code, "key": key}, status=201)


class RegulatorLimitsView(CapabilityMixin, APIView):
    """Propose other safe limits; they hold once a second person has confirmed them."""

    capability = C.OPERATE_REGULATORS

    @extend_schema(
        operation_id="propose_regulator_limits",
        request=forms.LimitRequestSerializer,
        responses={201: forms.LimitProposalSerializer},
    )
    def post(self, request: Request, uid: UUID) -> Response:
        regulator = _operated(request, uid)
        form = forms.LimitRequestSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        proposal = propose_limits(regulator=regulator, acting_user=acting(request), **form.validated_data)
        return Response(forms.LimitProposalSerializer(proposal).data, status=201)


class LimitProposalViewSet(ScopedReadViewSet):
    """Limits that were proposed, with who decided about them."""

    capability = C.VIEW_SENSORS
    action_capabilities = {"confirm": C.OPERATE_REGULATORS, "withdraw": C.OPERATE_REGULATORS}
    serializer_class = forms.LimitProposalSerializer
    filterset_fields = {"state": ["exact"], "regulator__code": ["exact"], "division__code": ["exact"]}

    def select(self, viewer: Viewer) -> QuerySet[Any]:
        is_decided = self.action in self.action_capabilities
        return proposals_visible_to(viewer, C.OPERATE_REGULATORS if is_decided else C.VIEW_SENSORS)

    @extend_schema(request=None, responses=forms.LimitProposalSerializer)
    @action(detail=True, methods=["post"])
    def confirm(self, request: Request, uid: str) -> Response:
        """Put the limits in force; by somebody else than who proposed them."""
        return self._decided(confirm_limits(proposal=self.get_object(), acting_user=acting(request)))

    @extend_schema(request=None, responses=forms.LimitProposalSerializer)
    @action(detail=True, methods=["post"])
    def withdraw(self, request: Request, uid: str) -> Response:
        """Let them go."""
        return self._decided(withdraw_limits(proposal=self.get_object(), acting_user=acting(request)))

    def _decided(self, proposal: LimitProposal) -> Response:
        return Response(forms.LimitProposalSerializer(proposal).data)


class RegulatorCommandFilter(FilterSet):
    regulator = django_filters.UUIDFilter(field_name="regulator__uid", label="uid of the regulator")
    code = django_filters.CharFilter(field_name="regulator__code", label="Code of the regulator")
    since = django_filters.IsoDateTimeFilter(field_name="made_at", lookup_expr="gte")
    until = django_filters.IsoDateTimeFilter(field_name="made_at", lookup_expr="lt")

    class Meta:
        model = RegulatorCommand
        fields: ClassVar[list[str]] = ["state", "source"]


class RegulatorCommandViewSet(ScopedReadViewSet):
    """The journal of commands: what regulators were given, by whom, and what they answered."""

    capability = C.VIEW_SENSORS
    serializer_class = forms.RegulatorCommandSerializer
    filterset_class = RegulatorCommandFilter

    def select(self, viewer: Viewer) -> QuerySet[Any]:
        return commands_visible_to(viewer)
