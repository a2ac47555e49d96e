"""Closing a month of the books over REST."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from billing.models import BillingMonth
from billing.selectors.months import billed_enterprises
from billing.services.runs import close_month
from gis_core.access import Capability, access
from gis_core.api.bodies import MonthField, TextField
from gis_core.api.views import CapabilityMixin, acting


class MonthClosingSerializer(serializers.Serializer[Any]):
    """Which month: as its first day."""

    enterprise = TextField()
    month = MonthField()


class ClosedMonthSerializer(serializers.Serializer[BillingMonth]):
    enterprise = serializers.CharField(source="enterprise.code")
    month = serializers.DateField()
    state = serializers.CharField(help_text="closed")


class MonthClosingView(CapabilityMixin, APIView):
    """Months of the books that are closed: they take no more entries, and are not opened again."""

    capability = Capability.RUN_BILLING

    @extend_schema(
        operation_id="billing_month_close", request=MonthClosingSerializer, responses=ClosedMonthSerializer
    )
    def post(self, request: Request) -> Response:
        """Close a month. Closing it twice changes nothing."""
        wanted = MonthClosingSerializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        enterprise = access(
            billed_enterprises(request.user, self.capability),
            request.user,
            self.capability,
            code=wanted.validated_data["enterprise"],
        )
        closed = close_month(
            enterprise=enterprise, month=wanted.validated_data["month"], acting_user=acting(request)
        )
        return Response(ClosedMonthSerializer(closed).data)
