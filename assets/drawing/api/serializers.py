"""Long profiles and schematics as JSON."""

from typing import Any

from drf_spectacular.utils import inline_serializer
from rest_framework import serializers


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


class PartySerializer(serializers.Serializer[Any]):
    key = serializers.CharField()
    kind = serializers.ChoiceField(choices=["zone", "own", "source", "storage", "outside"])
    code = serializers.CharField()
    caption = serializers.CharField(allow_blank=True)
    layer = serializers.IntegerField()


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
