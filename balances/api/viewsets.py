"""REST views of balances."""

from typing import Any

from django.db.models import QuerySet
from django_filters import CharFilter, UUIDFilter
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from assets.models import Network
from balances.api.serializers import (
    BalanceRequestSerializer,
    ZoneBalanceSerializer,
)
from balances.job_kinds import BALANCE_JOB
from balances.models import ZoneBalance
from balances.selectors.zone_balances import balances_visible_to
from gis_core.access import Capability, Viewer, access
from gis_core.api.filters import DayFilter, FilterSet
from gis_core.api.serializers import JobSerializer
from gis_core.api.views import CapabilityMixin, ScopedReadViewSet, acting
from gis_core.job_kinds import enqueue
from gis_core.services.jobs import create_job


class ZoneBalanceFilter(FilterSet):
    network = CharFilter("zone__network__code")
    zone = UUIDFilter("zone__uid")
    period_start = DayFilter()
    since = DayFilter("period_start", lookup_expr="gte")
    until = DayFilter("period_start", lookup_expr="lt")

    class Meta:
        model = ZoneBalance
        fields = ["granularity"]


class ZoneBalanceViewSet(ScopedReadViewSet):
    """Daily and monthly balances of the viewer's zones."""

    capability = Capability.VIEW_BALANCES
    serializer_class = ZoneBalanceSerializer
    filterset_class = ZoneBalanceFilter
    lookup_field = "pk"

    def select(self, viewer: Viewer) -> QuerySet[Any]:
        return balances_visible_to(viewer)


class BalanceRunView(CapabilityMixin, APIView):
    """Ask for the balances of a network to be computed anew; the answer is a job to follow."""

    capability = Capability.COMPUTE_BALANCES

    @extend_schema(request=BalanceRequestSerializer, responses={202: JobSerializer})
    def post(self, request: Request) -> Response:
        wanted = BalanceRequestSerializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        network = access(
            Network.objects.select_related("division"),
            request.user,
            Capability.COMPUTE_BALANCES,
            code=wanted.validated_data["network"],
        )
        job = create_job(
            kind=BALANCE_JOB,
            division=network.division,
            parameters={key: str(value) for key, value in wanted.validated_data.items()},
            acting_user=acting(request),
            enqueue=lambda uid: enqueue(BALANCE_JOB, uid),
        )
        return Response(JobSerializer(job).data, status=202)
