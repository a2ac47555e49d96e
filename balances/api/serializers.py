"""JSON forms of balances."""

from typing import Any

from django.utils.translation import gettext_noop as _
from rest_framework import serializers

from balances.models import ZoneBalance
from gis_core.api.bodies import MonthField, TextField
from gis_core.sentences import said


class ZoneBalanceSerializer(serializers.ModelSerializer):
    zone = serializers.UUIDField(source="zone.uid", read_only=True)
    zone_code = serializers.CharField(source="zone.code", read_only=True)
    zone_name = serializers.CharField(source="zone.name", read_only=True)
    network = serializers.CharField(source="zone.network.code", read_only=True)
    is_whole = serializers.SerializerMethodField()

    class Meta:
        model = ZoneBalance
        fields = [
            "zone",
            "zone_code",
            "zone_name",
            "network",
            "is_whole",
            "granularity",
            "period_start",
            "input_m3",
            "output_m3",
            "storage_change_m3",
            "supply_m3",
            "billed_m3",
            "apportioned_m3",
            "unbilled_m3",
            "imbalance_billed_m3",
            "imbalance_apportioned_m3",
            "limit_95_m3",
            "supply_coverage",
            "consumption_coverage",
            "service_points",
            "status",
            "computed_at",
        ]

    def get_is_whole(self, balance: ZoneBalance) -> bool:
        """Whether the zone has no zone above it."""
        return balance.zone.parent_id is None


class BalanceRequestSerializer(serializers.Serializer):
    """Which balances to compute: months as their first days."""

    network = TextField()
    first_month = MonthField()
    last_month = MonthField()

    def validate(self, values: dict[str, Any]) -> dict[str, Any]:
        if values["last_month"] < values["first_month"]:
            raise serializers.ValidationError(
                {"last_month": [said(_("The last month is before the first."))]}
            )
        return values
