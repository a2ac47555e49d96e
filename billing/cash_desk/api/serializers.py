"""Bodies and answers of cash desks."""

from decimal import Decimal
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from billing.cash_desk.selectors.desk import totals_of
from billing.models import CashDesk, CashShift, CashSlip, WaitingRefund
from gis_core.api.bodies import TextField, UidField


def _money(**options: Any) -> serializers.DecimalField:
    return serializers.DecimalField(max_digits=18, decimal_places=2, **options)


def _name(source: str) -> serializers.CharField:
    return serializers.CharField(source=source, read_only=True, allow_null=True, default=None)


class CashDeskSerializer(serializers.ModelSerializer):
    enterprise = serializers.CharField(source="enterprise.code", read_only=True)
    division = serializers.CharField(source="division.code", read_only=True)

    class Meta:
        model = CashDesk
        fields = ["uid", "enterprise", "division", "code", "name", "is_active"]


class ShiftTotalsSerializer(serializers.Serializer[Any]):
    receipts = _money()
    receipt_count = serializers.IntegerField()
    cancellations = _money()
    cancellation_count = serializers.IntegerField()
    refunds = _money()
    refund_count = serializers.IntegerField()


class CashShiftSerializer(serializers.ModelSerializer):
    desk = serializers.CharField(source="desk.code", read_only=True)
    cashier = serializers.CharField(source="cashier.username", read_only=True)
    closed_by = _name("closed_by.username")
    difference = _money(read_only=True, allow_null=True)

    class Meta:
        model = CashShift
        fields = [
            *("uid", "desk", "number", "cashier", "opened_at", "float_amount", "closed_at", "closed_by"),
            *("counted", "expected", "difference", "reason"),
        ]


class CashShiftDetailSerializer(CashShiftSerializer):
    totals = serializers.SerializerMethodField()

    class Meta(CashShiftSerializer.Meta):
        fields = [*CashShiftSerializer.Meta.fields, "totals"]

    @extend_schema_field(ShiftTotalsSerializer)
    def get_totals(self, shift: CashShift) -> dict[str, Any]:
        return ShiftTotalsSerializer(totals_of(shift)).data


class ShiftOpeningSerializer(serializers.Serializer[Any]):
    """A desk by its key, and what lies in its drawer."""

    desk = UidField()
    float_amount = _money(min_value=Decimal(0))


class ShiftClosingSerializer(serializers.Serializer[Any]):
    """What was counted in the drawer; `reason` where that is not what should lie there."""

    counted = _money(min_value=Decimal(0))
    reason = TextField(max_length=200, required=False, default="", allow_blank=True)


class CashSlipSerializer(serializers.ModelSerializer):
    number = serializers.CharField(source="number_in_words", read_only=True)
    desk = serializers.CharField(source="desk.code", read_only=True)
    shift = serializers.UUIDField(source="shift.uid", read_only=True)
    account = serializers.UUIDField(source="account.uid", read_only=True)
    account_number = serializers.CharField(source="account.number", read_only=True)
    account_name = serializers.CharField(source="account.subscriber.name", read_only=True)
    payment = serializers.UUIDField(source="payment.uid", read_only=True)
    receipt: Any = serializers.UUIDField(source="receipt.uid", read_only=True, allow_null=True, default=None)
    made_by = serializers.CharField(source="made_by.username", read_only=True)
    approved_by = _name("approved_by.username")

    class Meta:
        model = CashSlip
        fields = [
            *("uid", "number", "kind", "desk", "shift", "account", "account_number", "account_name"),
            *("payment", "receipt"),
            *("amount", "tendered", "reason", "made_on", "made_at", "made_by", "approved_by", "prints"),
        ]


class ReceiptSerializer(serializers.Serializer[Any]):
    """Money taken for an account; the same `request_key` twice is one receipt."""

    account = UidField()
    amount = _money()
    tendered = _money(required=False, allow_null=True, default=None)
    request_key = UidField()


class ReceiptCancellationSerializer(serializers.Serializer[Any]):
    """Why a receipt is cancelled; the same `request_key` twice is one cancellation."""

    reason = TextField(max_length=200)
    request_key = UidField()


class RefundProposalSerializer(serializers.Serializer[Any]):
    amount = _money()
    reason = TextField(max_length=200)


class WaitingRefundSerializer(serializers.ModelSerializer):
    receipt = serializers.UUIDField(source="receipt.uid", read_only=True)
    receipt_number = serializers.CharField(source="receipt.number_in_words", read_only=True)
    account_number = serializers.CharField(source="receipt.account.number", read_only=True)
    proposed_by = serializers.CharField(source="proposed_by.username", read_only=True)
    decided_by = _name("decided_by.username")
    slip: Any = serializers.UUIDField(source="slip.uid", read_only=True, allow_null=True, default=None)

    class Meta:
        model = WaitingRefund
        fields = [
            *("uid", "receipt", "receipt_number", "account_number", "amount", "reason", "state"),
            *("proposed_by", "proposed_at", "decided_by", "decided_at", "slip"),
        ]


class FoundForPaymentSerializer(serializers.Serializer[Any]):
    """An account at the desk: `owed` positive is debt, of which `overdue` is late."""

    uid = serializers.UUIDField()
    number = serializers.CharField()
    name = serializers.CharField()
    address = serializers.CharField()
    owed = _money()
    overdue = _money()
