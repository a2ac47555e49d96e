"""Flooded zones as JSON."""

from typing import Any

from rest_framework import serializers

from assets.networks.api.serializers import code_list


class FloodedZoneSerializer(serializers.Serializer[Any]):
    zone = serializers.CharField()
    status = serializers.ChoiceField(choices=["never flooded", "clean", "dirty"])
    members = serializers.IntegerField()
    add = code_list("Nodes that come")
    remove = code_list("Nodes that go")
    disconnected = code_list("Members that nothing of the zone's edge leads to")


class ZoneConflictSerializer(serializers.Serializer[Any]):
    zones = code_list()
    nodes = serializers.IntegerField()
    way = code_list("Nodes on a way from what one zone claims them by to what another does")


class FloodingSerializer(serializers.Serializer[Any]):
    applied = serializers.BooleanField()
    network = serializers.CharField()
    zones = FloodedZoneSerializer(many=True)
    conflicts = ZoneConflictSerializer(many=True)
    without_zone = code_list()
    changes = serializers.IntegerField()


class FloodRequestSerializer(serializers.Serializer[Any]):
    regulators = serializers.BooleanField(default=False, help_text="Pressure regulators are boundaries too")
