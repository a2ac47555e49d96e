"""Simulations as JSON."""

from typing import Any

from rest_framework import serializers

from assets.models import SimulationRun
from assets.simulation.services import LONGEST_HOURS


class SimulationSerializer(serializers.ModelSerializer[SimulationRun]):
    network = serializers.CharField(source="network.code", read_only=True)
    acting_user = serializers.CharField(
        source="acting_user.username", read_only=True, allow_null=True, default=None
    )
    counts = serializers.DictField(child=serializers.IntegerField(), read_only=True)

    class Meta:
        model = SimulationRun
        fields: tuple[str, ...] = (
            "uid",
            "network",
            "acting_user",
            "network_read_at",
            "finished_at",
            "hours",
            "engine",
            "model_sha256",
            "counts",
        )


class SimulationDetailSerializer(SimulationSerializer):
    """A run with its times, the engine's warnings, and what of the network the engine did not get."""

    times_s = serializers.ListField(child=serializers.IntegerField(), read_only=True)
    warnings = serializers.ListField(child=serializers.CharField(), read_only=True)
    not_kept = serializers.ListField(child=serializers.DictField(), read_only=True)
    adjusted = serializers.ListField(child=serializers.DictField(), read_only=True)

    class Meta(SimulationSerializer.Meta):
        fields = (*SimulationSerializer.Meta.fields, "times_s", "warnings", "not_kept", "adjusted")


class SimulationRequestSerializer(serializers.Serializer[Any]):
    hours = serializers.FloatField(min_value=0, max_value=LONGEST_HOURS, default=24.0)


class SeriesSerializer(serializers.Serializer[Any]):
    """Values at the run's times; null where there are none of that sort."""

    times_s = serializers.ListField(child=serializers.IntegerField())
    head_m = serializers.ListField(child=serializers.FloatField(), allow_null=True)
    pressure_m = serializers.ListField(
        child=serializers.FloatField(), allow_null=True, help_text="Metres of water"
    )
    demand_m3h = serializers.ListField(child=serializers.FloatField(), allow_null=True)
    flow_m3h = serializers.ListField(
        child=serializers.FloatField(), allow_null=True, help_text="Positive from start to end"
    )
    statuses = serializers.ListField(
        child=serializers.IntegerField(), allow_null=True, help_text="0 closed, 1 open, 2 active"
    )
