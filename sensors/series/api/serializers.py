"""JSON forms of things, datastreams and observations."""

from rest_framework import serializers

from sensors.models import Datastream, Observation, Thing


class ThingSerializer(serializers.ModelSerializer):
    division = serializers.CharField(source="division.code", read_only=True)
    network = serializers.CharField(source="attachment.network.code", read_only=True, default=None)
    node = serializers.UUIDField(source="attachment.node.uid", read_only=True, default=None)
    node_code = serializers.CharField(source="attachment.node.code", read_only=True, default=None)

    class Meta:
        model = Thing
        fields = ["uid", "code", "name", "division", "network", "node", "node_code", "installed_on"]


class DatastreamSerializer(serializers.ModelSerializer):
    thing = serializers.UUIDField(source="thing.uid", read_only=True)
    latest_time = serializers.DateTimeField(source="latest.time", read_only=True, default=None)
    latest_value = serializers.FloatField(source="latest.value", read_only=True, default=None)

    class Meta:
        model = Datastream
        fields = [
            "uid",
            "code",
            "thing",
            "observed_property",
            "unit",
            "kind",
            "interval_s",
            "latest_time",
            "latest_value",
        ]


class ObservationSerializer(serializers.ModelSerializer):
    class Meta:
        model = Observation
        fields = ["time", "value"]
