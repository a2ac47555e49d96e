"""Closing a month of the books over REST, and opening the last closed one again."""

from typing import Any, ClassVar

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from billing.models import BillingMonth
from billing.selectors.months import billed_enterprises, proposed_reopening
from billing.services.months import (
    Reopening,
    close_month,
    reopen_month,
    withdraw_reopening,
)
from gis_core.access import Capability, access
from gis_core.api.bodies import MonthField, TextField
from gis_core.api.parameters import required_month
from gis_core.api.serializers import OpenProposalSerializer, ProposalSerializer
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


class ReopenedMonthSerializer(serializers.Serializer[Reopening]):
    enterprise = serializers.CharField(source="books.enterprise.code")
    month = serializers.DateField(source="books.month")
    state = serializers.CharField(
        source="books.state", help_text="closed while it waits for a second person, then open"
    )
    is_second = serializers.BooleanField(
        help_text="true when this call was the second person's, and did what the first one proposed"
    )
    proposal = ProposalSerializer(
        allow_null=True,
        help_text="what waits, or what this call confirmed; null where the month was open already",
    )


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
        responses=ReopenedMonthSerializer,
    )
    def post(self, request: Request) -> Response:
        """Open the last closed month again: the first person's wish waits, a second one's opens it.

        Whether a call was the second one says `is_second`; ask `billing-months/reopening/` before.
        """
        wanted = MonthReopeningSerializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        values = wanted.validated_data
        opened = reopen_month(
            enterprise=_enterprise(request, self.capability, values["enterprise"]),
            month=values["month"],
            reason=values["reason"],
            acting_user=acting(request),
        )
        return Response(ReopenedMonthSerializer(opened).data)


class MonthReopeningProposalView(CapabilityMixin, APIView):
    """The reopening of a month that waits for a second person."""

    capability = Capability.CORRECT_BOOKS
    query_parameters: ClassVar[frozenset[str]] = frozenset({"enterprise", "month"})

    @extend_schema(
        operation_id="billing_month_reopening_proposed",
        parameters=[
            OpenApiParameter("enterprise", str, required=True, description="code of the enterprise"),
            OpenApiParameter("month", str, required=True, description="2026-01"),
        ],
        responses=OpenProposalSerializer,
    )
    def get(self, request: Request) -> Response:
        """What waits for a second person, who proposed it, and until when; nothing is done."""
        enterprise = _enterprise(request, self.capability, request.query_params.get("enterprise", ""))
        proposal = proposed_reopening(enterprise, required_month(request))
        return Response(OpenProposalSerializer({"proposal": proposal}).data)


class MonthReopeningWithdrawalView(CapabilityMixin, APIView):
    """A proposal to open a month again, let go by who made it."""

    capability = Capability.CORRECT_BOOKS

    @extend_schema(
        operation_id="billing_month_reopening_withdraw",
        request=MonthClosingSerializer,
        responses=ProposalSerializer,
    )
    def post(self, request: Request) -> Response:
        """Withdraw one's own proposal; the month stayed closed."""
        wanted = MonthClosingSerializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        values = wanted.validated_data
        act = withdraw_reopening(
            enterprise=_enterprise(request, self.capability, values["enterprise"]),
            month=values["month"],
            acting_user=acting(request),
        )
        return Response(ProposalSerializer(act).data)
