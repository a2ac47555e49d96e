"""REST views of one account's books: its statement, as JSON or as a table, and debts that are given up."""

from typing import Any, ClassVar
from uuid import UUID

from django.db.models import QuerySet
from django.http.response import HttpResponseBase
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from billing.api.serializers import WaitingWriteOffSerializer, WriteOffEntrySerializer
from billing.ledger.selectors.statement import Statement, statement_of
from billing.ledger.services.corrections import (
    confirm_write_off,
    propose_write_off,
    withdraw_write_off,
)
from billing.models import Account
from billing.selectors.accounts import waiting_write_offs_visible_to
from gis_core.access import Capability, Viewer, access
from gis_core.api.downloads import table_download
from gis_core.api.parameters import choice_parameter, day_parameter
from gis_core.api.views import CapabilityMixin, ScopedReadViewSet, acting

_COLUMNS = ("booked_on", "kind", "number", "document_day", "reason", "amount_uzs", "balance_uzs")


class StatementRowSerializer(serializers.Serializer[Any]):
    booked_on = serializers.DateField()
    kind = serializers.ChoiceField(choices=["invoice", "payment", "reversal", "refund", "write_off"])
    number = serializers.CharField()
    invoice_uid = serializers.UUIDField(allow_null=True)
    payment_uid = serializers.UUIDField(allow_null=True)
    document_day = serializers.DateField()
    reason = serializers.CharField()
    amount = serializers.DecimalField(max_digits=18, decimal_places=2, help_text="positive is charged")
    balance = serializers.DecimalField(
        max_digits=18, decimal_places=2, help_text="after it; positive is owed"
    )


class StatementSerializer(serializers.Serializer[Any]):
    first_day = serializers.DateField(allow_null=True)
    last_day = serializers.DateField(allow_null=True)
    opening = serializers.DecimalField(max_digits=18, decimal_places=2)
    charged = serializers.DecimalField(max_digits=18, decimal_places=2)
    paid = serializers.DecimalField(max_digits=18, decimal_places=2, help_text="with what was given up")
    closing = serializers.DecimalField(max_digits=18, decimal_places=2)
    rows = StatementRowSerializer(many=True)


class StatementView(CapabilityMixin, APIView):
    """What happened on an account, document by document, with the balance after each."""

    capability = Capability.VIEW_SUBSCRIBERS
    query_parameters: ClassVar[frozenset[str]] = frozenset({"first_day", "last_day", "file_format"})

    @extend_schema(
        operation_id="account_statement",
        parameters=[
            OpenApiParameter("first_day", OpenApiTypes.DATE, description="of booking; all by default"),
            OpenApiParameter("last_day", OpenApiTypes.DATE),
            OpenApiParameter("file_format", enum=["csv", "xlsx"]),
        ],
        responses=StatementSerializer,
    )
    def get(self, request: Request, uid: UUID) -> HttpResponseBase:
        account = access(Account.objects.all(), request.user, self.capability, uid=uid)
        file_format = choice_parameter(request, "file_format", ("csv", "xlsx"), None)
        statement = statement_of(
            account,
            day_parameter(request, "first_day"),
            day_parameter(request, "last_day"),
        )
        if file_format is None:
            return Response(StatementSerializer(statement).data)
        name = f"statement-{account.number}-{statement.last_day or timezone.localdate()}"
        return table_download(file_format, name, _COLUMNS, _cells(statement))


def _cells(statement: Statement) -> list[list[Any]]:
    return [
        [row.booked_on, row.kind, row.number, row.document_day, row.reason, row.amount, row.balance]
        for row in statement.rows
    ]


class WriteOffView(CapabilityMixin, APIView):
    """Debts of an account that are given up."""

    capability = Capability.CORRECT_BOOKS

    @extend_schema(
        operation_id="account_write_off",
        request=WriteOffEntrySerializer,
        responses={202: WaitingWriteOffSerializer},
    )
    def post(self, request: Request, uid: UUID) -> Response:
        """Propose to give up a debt, or a part, by a sheet; a second person does it. The same sheet twice is one."""
        account = access(Account.objects.all(), request.user, self.capability, uid=uid)
        entry = WriteOffEntrySerializer(data=request.data)
        entry.is_valid(raise_exception=True)
        row = propose_write_off(account=account, acting_user=acting(request), **entry.validated_data)
        return Response(WaitingWriteOffSerializer(row).data, status=202)


class WaitingWriteOffViewSet(ScopedReadViewSet):
    """Debts that somebody proposed to give up, which a second person does."""

    capability = Capability.VIEW_SUBSCRIBERS
    action_capabilities = {"confirm": Capability.CORRECT_BOOKS, "withdraw": Capability.CORRECT_BOOKS}
    serializer_class = WaitingWriteOffSerializer
    filterset_fields = ["state", "sheet"]

    def select(self, viewer: Viewer) -> QuerySet[Any]:
        capability = self.action_capabilities.get(self.action or "", self.capability)
        return waiting_write_offs_visible_to(viewer, capability)

    @extend_schema(request=None, responses=WaitingWriteOffSerializer)
    @action(detail=True, methods=["post"])
    def confirm(self, request: Request, uid: str) -> Response:
        """Write the debt off; by somebody else than who proposed it."""
        row = confirm_write_off(waiting=self.get_object(), acting_user=acting(request))
        return Response(WaitingWriteOffSerializer(row).data)

    @extend_schema(request=None, responses=WaitingWriteOffSerializer)
    @action(detail=True, methods=["post"])
    def withdraw(self, request: Request, uid: str) -> Response:
        """Let it go; it was in no book."""
        row = withdraw_write_off(waiting=self.get_object(), acting_user=acting(request))
        return Response(WaitingWriteOffSerializer(row).data)
