"""Traces as JSON."""

from typing import Any

from drf_spectacular.utils import inline_serializer
from rest_framework import serializers

from assets.networks.api.serializers import code_list
from assets.tracing.selectors.traces import TRACE_TYPES


class LoopSerializer(serializers.Serializer[Any]):
    nodes = code_list()
    devices = code_list()
    pipes = code_list()
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
        "nodes": code_list("Codes of nodes that are not devices"),
        "pipes": code_list("Codes of pipes, without connectors"),
        "devices": code_list("Codes of devices that were passed"),
        "stopped_at": code_list("Codes of closed devices at which the trace ended"),
        "counts": TraceCountsSerializer(help_text="Of all that was found, also when the lists are cut"),
        "length_m": serializers.FloatField(),
        "crossed_dirty": serializers.BooleanField(),
        "dirty_areas": serializers.IntegerField(),
        "truncated": serializers.BooleanField(help_text="Whether a list holds fewer codes than were found"),
        "loops": LoopSerializer(many=True, required=False),
        "independent_loops": serializers.IntegerField(required=False),
        "independent_loops_connected": serializers.IntegerField(required=False),
        "loops_left_out": serializers.IntegerField(required=False),
        "groups": serializers.DictField(
            required=False, help_text="Nodes by kind; pipes by diameter and material with length and volume"
        ),
        "features": serializers.DictField(required=False, help_text="A GeoJSON FeatureCollection"),
    },
)
