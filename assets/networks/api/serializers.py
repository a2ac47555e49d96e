"""Networks and their assets as JSON. Geometry is GeoJSON, longitude and latitude, made by the database."""

from typing import Any
from urllib.parse import urlencode

from django.forms.models import model_to_dict
from django.urls import reverse
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from assets.models import Network, Node, NodeKind, Pipe, Zone
from assets.search_providers import SearchHit

_GEOMETRY = {"type": "object", "description": "GeoJSON geometry, WGS 84", "nullable": True}
HIT_CLASSES = ["zone", "node", "pipe", "parcel", "building", "account", "meter", "bill", "coordinates"]
ELEMENT_CLASSES = ("zone", "node", "pipe")
DETAIL_NAMES = (
    "tank",
    "reservoir",
    "pump",
    "valve",
    "bulk_meter",
    "hydrant",
    "facility",
    "transformer",
    "switch",
)


@extend_schema_field(_GEOMETRY)
class GeometryField(serializers.JSONField):
    """What the database made of the geometry, passed on as it is."""


def code_list(help_text: str = "") -> serializers.ListField:
    """A list of elements' codes."""
    return serializers.ListField(child=serializers.CharField(), help_text=help_text)


class NetworkSerializer(serializers.ModelSerializer[Network]):
    division = serializers.CharField(source="division.code", read_only=True)
    division_name = serializers.CharField(source="division.name", read_only=True)

    class Meta:
        model = Network
        fields = ("uid", "code", "name", "commodity", "division", "division_name", "created_at")


class ZoneSerializer(serializers.ModelSerializer[Zone]):
    network = serializers.CharField(source="network.code", read_only=True)
    parent = serializers.UUIDField(  # type: ignore[assignment]
        source="parent.uid", read_only=True, allow_null=True, default=None
    )
    geometry = GeometryField(source="geojson", read_only=True)

    class Meta:
        model = Zone
        fields = ("uid", "network", "code", "name", "parent", "geometry")


class NodeSerializer(serializers.ModelSerializer[Node]):
    network = serializers.CharField(source="network.code", read_only=True)
    zone = serializers.UUIDField(source="zone.uid", read_only=True, allow_null=True, default=None)
    zone_name = serializers.CharField(source="zone.name", read_only=True, allow_null=True, default=None)
    kind = serializers.CharField(read_only=True, help_text=", ".join(NodeKind.values))
    geometry = GeometryField(source="geojson", read_only=True)

    class Meta:
        model = Node
        fields: tuple[str, ...] = (
            "uid",
            "network",
            "kind",
            "code",
            "elevation_m",
            "lifecycle",
            "installed_on",
            "zone",
            "zone_name",
            "version",
            "geometry",
        )


class NodeDetailSerializer(NodeSerializer):
    """A node with what is known of it by its kind, under the names of the kind's model."""

    details = serializers.SerializerMethodField()

    class Meta(NodeSerializer.Meta):
        fields = (*NodeSerializer.Meta.fields, "details")

    def get_details(self, node: Node) -> dict[str, Any]:
        for name in DETAIL_NAMES:
            detail = getattr(node, name, None)
            if detail is not None:
                return {
                    key: value
                    for key, value in model_to_dict(detail, exclude=["node", "node_kind"]).items()
                    if not key.endswith(("_curve", "_pattern"))
                }
        return {}


class PipeSerializer(serializers.ModelSerializer[Pipe]):
    network = serializers.CharField(source="network.code", read_only=True)
    start_node = serializers.UUIDField(source="start_node.uid", read_only=True)
    start_node_code = serializers.CharField(source="start_node.code", read_only=True)
    end_node = serializers.UUIDField(source="end_node.uid", read_only=True)
    end_node_code = serializers.CharField(source="end_node.code", read_only=True)
    zone = serializers.UUIDField(source="start_node.zone.uid", read_only=True, allow_null=True, default=None)
    zone_name = serializers.CharField(
        source="start_node.zone.name", read_only=True, allow_null=True, default=None
    )
    geodesic_length_m = serializers.FloatField(read_only=True)
    geometry = GeometryField(source="geojson", read_only=True)

    class Meta:
        model = Pipe
        fields = (
            "uid",
            "network",
            "code",
            "status",
            "lifecycle",
            "diameter_m",
            "material",
            "stated_length_m",
            "geodesic_length_m",
            "year_installed",
            "roughness",
            "minor_loss",
            "has_check_valve",
            "start_node",
            "start_node_code",
            "end_node",
            "end_node_code",
            "zone",
            "zone_name",
            "version",
            "geometry",
        )


class PlacedAssetSerializer(serializers.Serializer[Any]):
    """Where an asset is."""

    kind = serializers.CharField()
    uid = serializers.UUIDField()
    code = serializers.CharField()
    network = serializers.CharField()
    longitude = serializers.FloatField(allow_null=True)
    latitude = serializers.FloatField(allow_null=True)


class NearAssetSerializer(PlacedAssetSerializer):
    asset_class = serializers.ChoiceField(choices=["node", "pipe"], source="class_name")
    zone = serializers.UUIDField(allow_null=True)
    zone_name = serializers.CharField(allow_null=True)
    diameter_m = serializers.FloatField(allow_null=True)
    distance_m = serializers.FloatField(help_text="Geodesic, metres")
    bearing_degrees = serializers.FloatField(allow_null=True, help_text="From north, clockwise")


class SearchHitSerializer(serializers.Serializer[Any]):
    """One hit of a search; `address` is the page that shows it."""

    asset_class = serializers.CharField(source="class_name", help_text="As `class`")
    kind = serializers.CharField(help_text="Kind of the node; else the class, or what it is used for")
    uid = serializers.UUIDField(allow_null=True)
    code = serializers.CharField()
    name = serializers.CharField()
    label = serializers.CharField(help_text="First line in a list")  # type: ignore[assignment]
    detail = serializers.CharField(help_text="Second line in a list")
    network = serializers.CharField(allow_null=True)
    longitude = serializers.FloatField(allow_null=True)
    latitude = serializers.FloatField(allow_null=True)
    address = serializers.SerializerMethodField()

    def get_fields(self) -> dict[str, Any]:
        # "class" is no name in Python.
        fields = super().get_fields()
        return fields | {
            "class": serializers.CharField(source="class_name", help_text=", ".join(HIT_CLASSES))
        }

    def get_address(self, hit: SearchHit) -> str:
        if hit.page is not None:
            name, argument = hit.page
            return reverse(name, args=[argument])
        query = {"network": hit.network} if hit.network else {}
        if hit.class_name in ELEMENT_CLASSES:
            query["selected"] = f"{hit.class_name}:{hit.uid}"
        elif hit.longitude is not None:
            query["at"] = f"{hit.latitude:.6f},{hit.longitude:.6f},17"
        return f"{reverse('map')}?{urlencode(query, safe=':,')}"
