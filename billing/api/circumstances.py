"""What a clerk enters of an account's residents, area, absences and benefits."""

from decimal import Decimal
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from billing.api.account_forms import MOST_RESIDENTS, text
from billing.models import Absence, Account, AccountValue, Benefit
from billing.services.account_circumstances import (
    add_absence,
    add_benefit,
    end_circumstance,
    set_account_value,
)
from gis_core.access import NotVisible
from gis_core.api.bodies import TextField
from gis_core.api.views import acting


class AccountValueSerializer(serializers.Serializer):
    """A number of residents, or an area in m2, from a day until the next one."""

    kind = serializers.ChoiceField(choices=["residents", "area"])
    valid_from = serializers.DateField()
    value = serializers.DecimalField(max_digits=14, decimal_places=6, min_value=Decimal(0))
    document = text(200)


class _FromSerializer(serializers.Serializer):
    first_day = serializers.DateField()
    day_after_last = serializers.DateField(required=False, allow_null=True, default=None)
    residents = serializers.IntegerField(min_value=1, max_value=MOST_RESIDENTS)
    document = text(200)


class AbsenceSerializer(_FromSerializer):
    """Residents who are away; without `day_after_last` until it is ended."""


class BenefitSerializer(_FromSerializer):
    """A share that the state pays of what is used within the norm of so many residents, for some services."""

    kind = TextField(max_length=60)
    beneficiary = text(200)
    share_percent = serializers.DecimalField(max_digits=5, decimal_places=2)
    services = serializers.ListField(child=TextField(max_length=20), min_length=1, max_length=30)


class CircumstanceEndSerializer(serializers.Serializer):
    id = serializers.IntegerField(min_value=1, max_value=2**63 - 1)
    day_after_last = serializers.DateField()


class CircumstanceSerializer(serializers.Serializer):
    """What was written: its id, by which an absence or benefit is ended."""

    id = serializers.IntegerField(source="pk")


class CircumstanceActions:
    """Actions of the view set of accounts; `_managed` gives the account."""

    _managed: Any

    @extend_schema(request=AccountValueSerializer, responses={201: CircumstanceSerializer})
    @action(detail=True, methods=["post"])
    def values(self, request: Request, uid: str) -> Response:
        """Let a number of residents or an area hold from a day on; that of the same day is replaced."""
        return self._made(request, uid, AccountValueSerializer, set_account_value)

    @extend_schema(request=AbsenceSerializer, responses={201: CircumstanceSerializer})
    @action(detail=True, methods=["post"])
    def absences(self, request: Request, uid: str) -> Response:
        """Enter an absence."""
        return self._made(request, uid, AbsenceSerializer, add_absence)

    @extend_schema(request=BenefitSerializer, responses={201: CircumstanceSerializer})
    @action(detail=True, methods=["post"])
    def benefits(self, request: Request, uid: str) -> Response:
        """Enter a benefit."""
        return self._made(request, uid, BenefitSerializer, add_benefit)

    @extend_schema(request=CircumstanceEndSerializer, responses=CircumstanceSerializer)
    @action(detail=True, methods=["post"], url_path="end-absence")
    def end_absence(self, request: Request, uid: str) -> Response:
        """End an absence; what was billed of later days is put right by the next run."""
        return self._ended(request, uid, Absence)

    @extend_schema(request=CircumstanceEndSerializer, responses=CircumstanceSerializer)
    @action(detail=True, methods=["post"], url_path="end-benefit")
    def end_benefit(self, request: Request, uid: str) -> Response:
        """End a benefit; what was billed of later days is put right by the next run."""
        return self._ended(request, uid, Benefit)

    def _made(self, request: Request, uid: str, form_class: Any, service: Any) -> Response:
        account: Account = self._managed(uid)
        form = form_class(data=request.data)
        form.is_valid(raise_exception=True)
        row: AccountValue | Absence | Benefit = service(
            account=account, acting_user=acting(request), **form.validated_data
        )
        return Response(CircumstanceSerializer(row).data, status=201)

    def _ended(self, request: Request, uid: str, model: type[Absence] | type[Benefit]) -> Response:
        account: Account = self._managed(uid)
        form = CircumstanceEndSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        rows = model._default_manager.filter(account=account).select_related("account")
        row: Any = rows.filter(pk=form.validated_data["id"]).first()
        if row is None:
            raise NotVisible("no such row of this account")
        ended: Any = end_circumstance(
            row=row, day_after_last=form.validated_data["day_after_last"], acting_user=acting(request)
        )
        return Response(CircumstanceSerializer(ended).data)
