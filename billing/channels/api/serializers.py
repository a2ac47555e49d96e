"""JSON forms of the channels. Money is a decimal string."""

from typing import Any

from rest_framework import serializers

from billing.channels.services.importing import CHANNELS, FORMATS
from billing.models import SuspenseItem
from gis_core.api.bodies import TextField


class SuspenseItemSerializer(serializers.ModelSerializer):
    account = serializers.CharField(
        source="payment.account.number", read_only=True, allow_null=True, default=None
    )
    channel = serializers.CharField(read_only=True)
    state: Any = serializers.CharField(read_only=True)
    payment = serializers.UUIDField(source="payment.uid", read_only=True, allow_null=True, default=None)

    class Meta:
        model = SuspenseItem
        fields = [
            *("uid", "reference", "amount", "paid_on", "purpose", "payer", "reason"),
            *("channel", "state", "account", "payment", "return_reason"),
        ]


class SuspenseAssignmentSerializer(serializers.Serializer[Any]):
    account = TextField(max_length=20, help_text="number")


class SuspenseReturnSerializer(serializers.Serializer[Any]):
    reason = TextField(max_length=200)


class PaymentFileSerializer(serializers.Serializer[Any]):
    file = serializers.FileField()
    format = serializers.CharField(max_length=10, help_text=", ".join(FORMATS))
    enterprise = TextField(max_length=40)
    channel = serializers.CharField(
        max_length=12, required=False, default="bank", help_text=", ".join(CHANNELS)
    )
    source: Any = TextField(max_length=15, required=False, default="", allow_blank=True)
    dry_run = serializers.BooleanField(required=False, default=False)
