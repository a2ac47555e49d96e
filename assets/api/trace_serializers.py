"""Traces, profiles, schematics, outages and floods of zones as JSON."""

from typing import Any

from drf_spectacular.utils import inline_serializer
from rest_framework import serializers

from assets.models import Outage
from assets.selectors.traces import TRACE_TYPES


def _codes(help_text: str = "") -> serializers.ListField:
    return serializers.ListField(child=serializers.CharField(), help_text=help_text)


class LoopSerializer(serializers.Serializer[Any]):
    nodes = _codes()
    devices = _codes()
    pipes = _codes()
    length_m = serializers.FloatField()


class TraceCountsSerializer(serializers.Serializer[Any]):
    nodes = serializers.IntegerField()
    pipes = serializers.IntegerField()
    devices = serializers.IntegerField()
    stopped_at = serializers.IntegerField()


# "from" is no name in Python, so this one is made from a dictionary.
TraceSerializer = inline_serializer(
    "Trace",
    {
        "type": serializers.ChoiceField(choices=TRACE_TYPES),
        "network": serializers.CharField(),
        "from": serializers.CharField(),
        "to": serializers.CharField(allow_null=True),
        "as_of": serializers.DateTimeField(allow_null=True),
        "direction_from": serializers.ChoiceField(
            choices=["simulation", "sources", "slope"], allow_null=True, help_text="What flow is known from"
        ),
        "nodes": _codes("Codes of nodes that are no devices"),
        "pipes": _codes("Codes of pipes, without connectors"),
        "devices": _codes("Codes of devices that were passed"),
        "stopped_at": _codes("Codes of closed devices at which the trace ended"),
        "counts": TraceCountsSerializer(help_text="Of all that was found, also when the lists are cut"),
        "length_m": serializers.FloatField(),
        "crossed_dirty": serializers.BooleanField(),
        "dirty_areas": serializers.IntegerField(),
        "truncated": serializers.BooleanField(help_text="Whether a list holds fewer codes than were found"),
        "loops": LoopSerializer(many=True, required=False),
        "independent_loops": serializers.IntegerField(required=False),
        "independent_loops_connected": serializers.IntegerField(required=False),
        "loops_left_out": serializers.IntegerField(required=False),
        "features": serializers.DictField(required=False, help_text="A GeoJSON FeatureCollection"),
    },
)


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
        return list(outage.conflicts)


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


class ProfilePointSerializer(serializers.Serializer[Any]):
    chainage_m = serializers.FloatField()
    node = serializers.CharField()
    kind = serializers.CharField()
    is_interpolated = serializers.BooleanField(help_text="The ground is taken from the neighbours")
    ground_m = serializers.FloatField(allow_null=True)
    head_m = serializers.FloatField(allow_null=True)
    pressure_m = serializers.FloatField(allow_null=True)
    head_min_m = serializers.FloatField(allow_null=True)
    head_max_m = serializers.FloatField(allow_null=True)


class ProfilePipeSerializer(serializers.Serializer[Any]):
    pipe = serializers.CharField()
    from_m = serializers.FloatField()
    to_m = serializers.FloatField()
    diameter_m = serializers.FloatField(allow_null=True)
    material = serializers.CharField(allow_blank=True)


ProfileSerializer = inline_serializer(
    "Profile",
    {
        "network": serializers.CharField(),
        "from": serializers.CharField(),
        "to": serializers.CharField(),
        "length_m": serializers.FloatField(),
        "run": serializers.UUIDField(allow_null=True, help_text="The simulation that the heads are from"),
        "time_s": serializers.IntegerField(allow_null=True),
        "points": ProfilePointSerializer(many=True),
        "pipes": ProfilePipeSerializer(many=True),
    },
)


class PartySerializer(serializers.Serializer[Any]):
    key = serializers.CharField()
    kind = serializers.ChoiceField(choices=["zone", "own", "source", "storage", "outside"])
    code = serializers.CharField()
    caption = serializers.CharField(allow_blank=True)
    layer = serializers.IntegerField()


SchematicLinkSerializer = inline_serializer(
    "SchematicLink",
    {
        "from": serializers.CharField(help_text="Key of a party"),
        "to": serializers.CharField(help_text="Key of a party"),
        "code": serializers.CharField(allow_blank=True),
        "role": serializers.ChoiceField(choices=["inlet", "outlet", "closed", "storage", "source"]),
    },
    many=True,
)


class SchematicSerializer(serializers.Serializer[Any]):
    network = serializers.CharField()
    zone = serializers.CharField()
    parties = PartySerializer(many=True)
    links = SchematicLinkSerializer


class FloodedZoneSerializer(serializers.Serializer[Any]):
    zone = serializers.CharField()
    status = serializers.ChoiceField(choices=["never flooded", "clean", "dirty"])
    members = serializers.IntegerField()
    add = _codes("Nodes that come")
    remove = _codes("Nodes that go")
    disconnected = _codes("Members that nothing of the zone's edge leads to")


class ZoneConflictSerializer(serializers.Serializer[Any]):
    zones = _codes()
    nodes = serializers.IntegerField()
    way = _codes("Nodes on a way from what one zone claims them by to what another does")


class FloodingSerializer(serializers.Serializer[Any]):
    applied = serializers.BooleanField()
    network = serializers.CharField()
    zones = FloodedZoneSerializer(many=True)
    conflicts = ZoneConflictSerializer(many=True)
    without_zone = _codes()
    changes = serializers.IntegerField()


class FloodRequestSerializer(serializers.Serializer[Any]):
    regulators = serializers.BooleanField(default=False, help_text="Pressure regulators are boundaries too")
