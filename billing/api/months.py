"""Closing a month of the books over REST, and opening the last closed one again."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from billing.models import BillingMonth
from billing.selectors.months import billed_enterprises
from billing.services.months import close_month, reopen_month
from gis_core.access import Capability, access
from gis_core.api.bodies import MonthField, TextField
from gis_core.api.views import CapabilityMixin, acting
from gis_core.models import Enterprise


class MonthClosingSerializer(serializers.Serializer[Any]):
    """Which month: as its first day."""

    enterprise = TextField()
    month = MonthField()


class MonthReopeningSerializer(MonthClosingSerializer):
    """Which month, and why."""

    reason = TextField(max_length=200)


class BooksMonthSerializer(serializers.Serializer[BillingMonth]):
    enterprise = serializers.CharField(source="enterprise.code")
    month = serializers.DateField()
    state = serializers.CharField(help_text="open or closed")


def _enterprise(request: Request, capability: Capability, code: str) -> Enterprise:
    return access(billed_enterprises(request.user, capability), request.user, capability, code=code)


class MonthClosingView(CapabilityMixin, APIView):
    """Months of the books that are closed: they take no more entries."""

    capability = Capability.RUN_BILLING

    @extend_schema(
        operation_id="billing_month_close", request=MonthClosingSerializer, responses=BooksMonthSerializer
    )
    def post(self, request: Request) -> Response:
        """Close a month. Closing it twice changes nothing."""
        wanted = MonthClosingSerializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        values = wanted.validated_data
        closed = close_month(
            enterprise=_enterprise(request, self.capability, values["enterprise"]),
            month=values["month"],
            acting_user=acting(request),
        )
        return Response(BooksMonthSerializer(closed).data)


class MonthReopeningView(CapabilityMixin, APIView):
    """The last closed month of the books, opened again by two people with a reason that is kept."""

    capability = Capability.CORRECT_BOOKS

    @extend_schema(
        operation_id="billing_month_reopen",
        request=MonthReopeningSerializer,
        responses=BooksMonthSerializer,
    )
    def post(self, request: Request) -> Response:
        """Open the last closed month again: the first person's wish waits, a second one's opens it."""
        wanted = MonthReopeningSerializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        values = wanted.validated_data
        opened = reopen_month(
            enterprise=_enterprise(request, self.capability, values["enterprise"]),
            month=values["month"],
            reason=values["reason"],
            acting_user=acting(request),
        )
        return Response(BooksMonthSerializer(opened).data)
