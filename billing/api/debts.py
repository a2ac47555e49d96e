"""REST view of debts: who owes what on a day and for how long, by a level of the country, as JSON or as a table."""

from typing import Any, ClassVar

from django.http.response import HttpResponseBase
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from billing.ledger.selectors.debts import AMOUNTS, Debts, DebtSummary, debt_summary
from billing.ledger.selectors.places import LEVELS
from gis_core.access import Capability
from gis_core.api.downloads import table_download
from gis_core.api.parameters import choice_parameter, day_parameter
from gis_core.api.views import CapabilityMixin

MOST_IN_A_FILE = 100_000
_COLUMNS = (
    *("key", "name", "detail", "as_of", "accounts", "debtors", "balance_uzs", "not_due_uzs", "overdue_uzs"),
    *("overdue_1_30_days_uzs", "overdue_31_90_days_uzs", "overdue_91_365_days_uzs", "overdue_more_uzs"),
    "paid_ahead_uzs",
)


class DebtSerializer(serializers.Serializer[Any]):
    key = serializers.CharField()
    name = serializers.CharField()
    detail = serializers.CharField()
    accounts = serializers.IntegerField()
    debtors = serializers.IntegerField(help_text="accounts with anything overdue")
    overdue = serializers.DecimalField(max_digits=20, decimal_places=2)
    balance = serializers.DecimalField(max_digits=20, decimal_places=2)
    not_due = serializers.DecimalField(max_digits=20, decimal_places=2)
    to_30 = serializers.DecimalField(max_digits=20, decimal_places=2, help_text="overdue 1 to 30 days")
    to_90 = serializers.DecimalField(max_digits=20, decimal_places=2)
    to_365 = serializers.DecimalField(max_digits=20, decimal_places=2)
    older = serializers.DecimalField(max_digits=20, decimal_places=2)
    paid_ahead = serializers.DecimalField(max_digits=20, decimal_places=2)


class DebtSummarySerializer(serializers.Serializer[Any]):
    level = serializers.ChoiceField(choices=LEVELS)
    parent: Any = serializers.CharField(allow_null=True)
    as_of = serializers.DateField()
    units = serializers.IntegerField(help_text="more than the rows when only the largest are listed")
    rows = DebtSerializer(many=True)
    total = DebtSerializer()


class DebtSummaryView(CapabilityMixin, APIView):
    """What subscribers owe on a day, not due and overdue apart; a debtor is overdue."""

    capability = Capability.VIEW_SUBSCRIBERS
    query_parameters: ClassVar[frozenset[str]] = frozenset({"level", "parent", "as_of", "file_format"})

    @extend_schema(
        operation_id="debt_summary",
        parameters=[
            OpenApiParameter("level", enum=LEVELS, description="what a row stands for; republic by default"),
            OpenApiParameter("parent", description="code of a division, or a street as DIVISION/STREET"),
            OpenApiParameter("as_of", OpenApiTypes.DATE, description="today by default"),
            OpenApiParameter("file_format", enum=["csv", "xlsx"]),
        ],
        responses=DebtSummarySerializer,
    )
    def get(self, request: Request) -> HttpResponseBase:
        file_format = choice_parameter(request, "file_format", ("csv", "xlsx"), None)
        level = choice_parameter(request, "level", LEVELS, "republic")
        summary = debt_summary(
            request.user,
            level=level,
            parent=request.query_params.get("parent"),
            as_of=day_parameter(request, "as_of") or timezone.localdate(),
            **({"most": MOST_IN_A_FILE} if file_format else {}),
        )
        if file_format is not None:
            name = f"debts-{level}-{summary.parent or 'all'}-{summary.as_of}"
            return table_download(file_format, name, _COLUMNS, [_cells(summary, row) for row in summary.rows])
        return Response(_answer(summary))


def _facts(row: Debts) -> dict[str, Any]:
    amounts = {name: str(getattr(row, name)) for name in (*AMOUNTS, "overdue")}
    return {
        "key": row.key,
        "name": row.name,
        "detail": row.detail,
        "accounts": row.accounts,
        "debtors": row.debtors,
        **amounts,
    }


def _answer(summary: DebtSummary) -> dict[str, Any]:
    return {
        "level": summary.level,
        "parent": summary.parent,
        "as_of": summary.as_of,
        "units": summary.units,
        "rows": [_facts(row) for row in summary.rows],
        "total": _facts(summary.total),
    }


def _cells(summary: DebtSummary, row: Debts) -> list[Any]:
    return [
        *(row.key, row.name, row.detail, summary.as_of, row.accounts, row.debtors, row.balance, row.not_due),
        *(row.overdue, row.to_30, row.to_90, row.to_365, row.older, row.paid_ahead),
    ]
