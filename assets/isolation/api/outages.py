"""Outages over REST."""

from typing import Any, ClassVar

import django_filters
from django.db.models import QuerySet
from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from assets.isolation.api import serializers as forms
from assets.isolation.selectors.outages import outages_visible_to, subscribers_to_tell, told_as_csv
from assets.isolation.services import outages
from assets.models import Outage
from assets.networks.selectors.by_code import pipe_by_code
from assets.networks.selectors.network_reads import network_visible_to
from gis_core.access import Capability, Viewer, access
from gis_core.api.filters import FilterSet
from gis_core.api.views import ScopedReadViewSet, acting

MAXIMUM_TOLD = 10_000


class OutageFilter(FilterSet):
    network = django_filters.CharFilter(field_name="network__code", label="Code of the network")
    state = django_filters.MultipleChoiceFilter(choices=Outage.State.choices)
    number = django_filters.CharFilter(field_name="number", label="The exact number")
    from_time = django_filters.IsoDateTimeFilter(
        field_name="ends_at", lookup_expr="gt", label="Ends after this instant"
    )
    to_time = django_filters.IsoDateTimeFilter(
        field_name="starts_at", lookup_expr="lt", label="Starts before this instant"
    )

    class Meta:
        model = Outage
        fields: ClassVar[list[str]] = []


class OutageViewSet(ScopedReadViewSet):
    """Planned interruptions of supply, their conflicts, and whom to tell."""

    capability = Capability.VIEW_NETWORK
    action_capabilities = {
        **dict.fromkeys(
            ("create", "start", "finish", "cancel", "reschedule", "recompute"), Capability.EDIT_NETWORK
        ),
        **dict.fromkeys(("subscribers", "subscribers_csv"), Capability.VIEW_SUBSCRIBERS),
    }
    serializer_class = forms.OutageSerializer
    filterset_class = OutageFilter
    lookup_value_converter = "uuid"

    def initial(self, request: Request, *arguments: Any, **keywords: Any) -> None:
        if self.action is None and len(set(self.action_map.values())) == 1:
            # Another method at an action's address is refused to whoever may not do the action as if it were not there.
            self.action = next(iter(self.action_map.values()))
        super().initial(request, *arguments, **keywords)

    def select(self, viewer: Viewer) -> QuerySet[Outage]:
        return outages_visible_to(viewer)

    def _editable(self, request: Request, uid: Any) -> Outage:
        return access(
            Outage.objects.select_related("network__division"),
            request.user,
            Capability.EDIT_NETWORK,
            uid=uid,
        )

    def _shown(self, outage: Outage, status: int = 200) -> Response:
        fresh = Outage.objects.select_related("network", "division", "made_by").get(pk=outage.pk)
        return Response(forms.OutageSerializer(fresh).data, status=status)

    @extend_schema(request=forms.NewOutageSerializer, responses={201: forms.OutageSerializer})
    def create(self, request: Request) -> Response:
        form = forms.NewOutageSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        values = form.validated_data
        network = network_visible_to(request.user, values["network"], Capability.EDIT_NETWORK)
        outage = outages.plan_outage(
            network=network,
            pipe=pipe_by_code(network, values["pipe"]),
            starts_at=values["starts_at"],
            ends_at=values["ends_at"],
            reason=values["reason"],
            at=values["at"],
            inoperable=values["inoperable"],
            acting_user=acting(request),
        )
        return self._shown(outage, 201)

    @extend_schema(request=forms.ScheduleSerializer, responses=forms.OutageSerializer)
    @action(detail=True, methods=["post"])
    def reschedule(self, request: Request, uid: Any) -> Response:
        outage = self._editable(request, uid)
        form = forms.ScheduleSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        return self._shown(
            outages.reschedule_outage(outage, acting_user=acting(request), **form.validated_data)
        )

    @extend_schema(request=None, responses=forms.OutageSerializer)
    @action(detail=True, methods=["post"])
    def recompute(self, request: Request, uid: Any) -> Response:
        outage = self._editable(request, uid)
        return self._shown(outages.recompute_outage(outage, acting_user=acting(request)))

    @extend_schema(request=forms.StartOutageSerializer, responses=forms.OutageSerializer)
    @action(detail=True, methods=["post"])
    def start(self, request: Request, uid: Any) -> Response:
        outage = self._editable(request, uid)
        form = forms.StartOutageSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        return self._shown(outages.start_outage(outage, acting_user=acting(request), **form.validated_data))

    @extend_schema(request=forms.FinishOutageSerializer, responses=forms.OutageSerializer)
    @action(detail=True, methods=["post"])
    def finish(self, request: Request, uid: Any) -> Response:
        outage = self._editable(request, uid)
        form = forms.FinishOutageSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        return self._shown(outages.finish_outage(outage, acting_user=acting(request), **form.validated_data))

    @extend_schema(request=None, responses=forms.OutageSerializer)
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, uid: Any) -> Response:
        outage = self._editable(request, uid)
        return self._shown(outages.cancel_outage(outage, acting_user=acting(request)))

    def _to_be_told(self, request: Request, uid: Any) -> Outage:
        return access(
            Outage.objects.select_related("network"), request.user, Capability.VIEW_SUBSCRIBERS, uid=uid
        )

    @extend_schema(responses=forms.ToldSubscribersSerializer)
    @action(detail=True, methods=["get"])
    def subscribers(self, request: Request, uid: Any) -> Response:
        outage = self._to_be_told(request, uid)
        rows = subscribers_to_tell(outage, viewer=request.user, limit=MAXIMUM_TOLD + 1)
        return Response(
            {
                "outage": outage.number,
                "count": min(len(rows), MAXIMUM_TOLD),
                "truncated": len(rows) > MAXIMUM_TOLD,
                "subscribers": rows[:MAXIMUM_TOLD],
            }
        )

    @extend_schema(responses={(200, "text/csv"): OpenApiTypes.STR})
    @action(detail=True, methods=["get"], url_path="subscribers.csv", url_name="subscribers-csv")
    def subscribers_csv(self, request: Request, uid: Any) -> HttpResponse:
        outage = self._to_be_told(request, uid)
        rows = subscribers_to_tell(outage, viewer=request.user)
        # The mark at the beginning tells spreadsheets that this is UTF-8.
        response = HttpResponse("\ufeff" + told_as_csv(rows), content_type="text/csv; charset=utf-8")
        response["Content-Disposition"] = f'attachment; filename="outage-{outage.number}.csv"'
        return response
