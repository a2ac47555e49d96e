"""Outages as JSON."""

from typing import Any

from rest_framework import serializers

from assets.models import Outage
from gis_core.sentences import told_in


class OutageSerializer(serializers.ModelSerializer[Outage]):
    network = serializers.CharField(source="network.code", read_only=True)
    division = serializers.CharField(source="division.code", read_only=True)
    made_by = serializers.CharField(source="made_by.username", read_only=True, default=None)
    pipe = serializers.CharField(source="pipe_code", read_only=True)
    pipes = serializers.SerializerMethodField(help_text="How many pipes are isolated, with connectors")
    nodes_without_water = serializers.SerializerMethodField()
    priority = serializers.SerializerMethodField(help_text="How many priority customers are concerned")
    conflicts_with = serializers.SerializerMethodField()

    class Meta:
        model = Outage
        fields = (
            "uid",
            "network",
            "division",
            "number",
            "state",
            "reason",
            "starts_at",
            "ends_at",
            "started_at",
            "ended_at",
            "pipe",
            "pipe_uid",
            "inoperable_valves",
            "close",
            "pipes",
            "nodes_without_water",
            "length_m",
            "volume_m3",
            "subscribers",
            "priority",
            "conflicts_with",
            "made_by",
            "made_at",
        )

    def get_pipes(self, outage: Outage) -> int:
        return len(outage.pipe_ids)

    def get_nodes_without_water(self, outage: Outage) -> int:
        return len(outage.node_ids) + len(outage.cut_off_node_ids)

    def get_priority(self, outage: Outage) -> int:
        return len(outage.priority)

    def get_conflicts_with(self, outage: Outage) -> list[dict[str, Any]]:
        return list(told_in(outage.conflicts))


class NewOutageSerializer(serializers.Serializer[Any]):
    network = serializers.CharField(max_length=60, help_text="Code of the network")
    pipe = serializers.CharField(max_length=80, help_text="Code of the pipe to be isolated")
    at = serializers.FloatField(
        default=0.5, min_value=0, max_value=1, help_text="Where on it, from its start"
    )
    starts_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField()
    reason = serializers.CharField(max_length=300)
    inoperable = serializers.ListField(
        child=serializers.CharField(max_length=60),
        max_length=200,
        default=list,
        help_text="Codes of valves that cannot be closed",
    )


class ScheduleSerializer(serializers.Serializer[Any]):
    starts_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField()


class StartOutageSerializer(serializers.Serializer[Any]):
    close_valves = serializers.BooleanField(default=False, help_text="Also set the valves closed")


class FinishOutageSerializer(serializers.Serializer[Any]):
    open_valves = serializers.BooleanField(
        default=True, help_text="Open again the valves that starting the outage closed"
    )


class ToldSubscriberSerializer(serializers.Serializer[Any]):
    registry_number = serializers.CharField()
    account_uid = serializers.UUIDField()
    account = serializers.CharField()
    contract = serializers.CharField()
    name = serializers.CharField()
    address = serializers.CharField()
    phone = serializers.CharField(allow_blank=True)
    is_priority = serializers.BooleanField()
    kind = serializers.CharField()


class ToldSubscribersSerializer(serializers.Serializer[Any]):
    outage = serializers.CharField(help_text="Its number")
    count = serializers.IntegerField(help_text="Of the accounts that are listed")
    truncated = serializers.BooleanField()
    subscribers = ToldSubscriberSerializer(many=True)
