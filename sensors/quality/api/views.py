"""REST views of quality: rules, flags, and estimates for gaps."""

from typing import Any, ClassVar
from uuid import UUID

import django_filters
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from gis_core.access import Capability, Viewer, access, divisions_of, require
from gis_core.api.filters import FilterSet, TruthFilter
from gis_core.api.views import CapabilityMixin, ScopedReadViewSet, acting
from gis_core.models import Division
from sensors.models import Datastream, QualityFlag, QualityRule
from sensors.quality.api import serializers as forms
from sensors.quality.selectors.quality import quality_flags_visible_to, quality_rules_visible_to
from sensors.quality.services.estimating import estimate_gaps
from sensors.quality.services.rules import set_quality_rule

C = Capability


class QualityFlagFilter(FilterSet):
    datastream = django_filters.UUIDFilter(field_name="datastream__uid", label="uid of the datastream")
    code = django_filters.CharFilter(field_name="datastream__code", label="Code of the datastream")
    since = django_filters.IsoDateTimeFilter(field_name="time", lookup_expr="gte")
    until = django_filters.IsoDateTimeFilter(field_name="time", lookup_expr="lt")
    is_open = TruthFilter(field_name="cleared_at", lookup_expr="isnull", label="Holds still or not")

    class Meta:
        model = QualityFlag
        fields: ClassVar[list[str]] = ["rule", "severity"]


class QualityFlagViewSet(ScopedReadViewSet):
    """What rules found, those that no longer hold included."""

    capability = C.VIEW_SENSORS
    serializer_class = forms.QualityFlagSerializer
    filterset_class = QualityFlagFilter
    lookup_field = "pk"

    def select(self, viewer: Viewer) -> QuerySet[Any]:
        return quality_flags_visible_to(viewer)


class QualityRuleViewSet(ScopedReadViewSet):
    """Rules and their parameters: the system's, those of divisions, and those of datastreams."""

    capability = C.VIEW_SENSORS
    action_capabilities = {"create": C.EDIT_SENSORS, "partial_update": C.EDIT_SENSORS}
    serializer_class = forms.QualityRuleSerializer
    filterset_fields = {
        "rule": ["exact"],
        "observed_property": ["exact"],
        "kind": ["exact"],
        "datastream__uid": ["exact"],
        "division__code": ["exact"],
    }

    def select(self, viewer: Viewer) -> QuerySet[Any]:
        return quality_rules_visible_to(viewer)

    @extend_schema(request=forms.QualityRuleRequestSerializer, responses={201: forms.QualityRuleSerializer})
    def create(self, request: Request) -> Response:
        """Set a rule; the one of the same scope is replaced."""
        form = forms.QualityRuleRequestSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        values = dict(form.validated_data)
        if "datastream" in values:
            values["datastream"] = access(
                Datastream.objects.filter(deleted_at=None).select_related("division"),
                request.user,
                C.EDIT_SENSORS,
                uid=values["datastream"],
            )
        else:
            values["division"] = _division(request, values["division"])
        made = set_quality_rule(acting_user=acting(request), **values)
        return Response(forms.QualityRuleSerializer(made).data, status=201)

    @extend_schema(request=forms.QualityRuleChangeSerializer, responses=forms.QualityRuleSerializer)
    def partial_update(self, request: Request, uid: str) -> Response:
        """Change the parameters of a rule, or switch it on or off."""
        row: QualityRule = self.get_object()
        if row.division is None:
            # What holds for everybody is for whoever may act everywhere.
            require(request.user, C.EDIT_SENSORS, Division.objects.get(parent=None))
        else:
            require(request.user, C.EDIT_SENSORS, row.division)
        form = forms.QualityRuleChangeSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        changed = set_quality_rule(
            rule=row.rule,
            parameters=form.validated_data.get("parameters", row.parameters),
            is_enabled=form.validated_data.get("is_enabled", row.is_enabled),
            datastream=row.datastream,
            division=row.division,
            observed_property=row.observed_property,
            kind=row.kind,
            acting_user=acting(request),
        )
        return Response(forms.QualityRuleSerializer(changed).data)


def _division(request: Request, code: str) -> Division:
    divisions = divisions_of(request.user, C.EDIT_SENSORS)
    return access(divisions, request.user, C.EDIT_SENSORS, code=code, division_lookup="pk")


class EstimateView(CapabilityMixin, APIView):
    """Fill gaps of a datastream with estimates, or say what would be filled."""

    capability = C.EDIT_SERIES

    @extend_schema(
        operation_id="estimate_gaps",
        request=forms.EstimateRequestSerializer,
        responses={201: forms.EstimateResultSerializer},
    )
    def post(self, request: Request, uid: UUID) -> Response:
        streams = Datastream.objects.filter(deleted_at=None).select_related("division")
        stream = access(streams, request.user, C.EDIT_SERIES, uid=uid)
        form = forms.EstimateRequestSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        values = dict(form.validated_data)
        counter = values.pop("counter", None)
        result = estimate_gaps(
            datastream=stream,
            counter=access(streams, request.user, C.VIEW_SENSORS, uid=counter) if counter else None,
            is_dry_run=values.pop("dry_run"),
            acting_user=acting(request),
            **values,
        )
        return Response(forms.EstimateResultSerializer(result.as_dict()).data, status=201)
