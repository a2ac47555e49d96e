"""Networks and their assets as JSON. Geometry is GeoJSON, longitude and latitude, made by the database."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.forms.models import model_to_dict
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.response import Response

from assets.models import Network, Node, NodeKind, Pipe, Zone
from gis_core.models import Job

_GEOMETRY = {"type": "object", "description": "GeoJSON geometry, WGS 84", "nullable": True}
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
    """What search results and near assets have in common."""

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


class FoundAssetSerializer(PlacedAssetSerializer):
    asset_class = serializers.ChoiceField(choices=["zone", "node", "pipe"], source="class_name")
    name = serializers.CharField()


GEO_SUFFIXES = frozenset({".gpkg", ".zip", ".geojson", ".json", ".csv", ".dxf"})


def is_geo_name(name: str) -> bool:
    """Whether a file of this name is taken as a file of a GIS rather than as an EPANET model."""
    return Path(name).suffix.lower() in GEO_SUFFIXES


class NetworkImportSerializer(serializers.Serializer[Any]):
    """A file to import: an EPANET model, or a file of a GIS known by its name's end (GEO_SUFFIXES)."""

    file = serializers.FileField(
        help_text="An EPANET 2.2 .inp file; or .gpkg, .zip (shapefiles), .geojson, .json, .csv or .dxf",
        max_length=255,
    )
    network = serializers.RegexField(
        r"^[A-Za-z0-9][A-Za-z0-9._-]*\Z", max_length=60, help_text="Code of the network, new or known"
    )
    division = serializers.CharField(max_length=40, help_text="Code of the division that runs it")
    commodity = serializers.ChoiceField(
        choices=Network.Commodity.choices, default=Network.Commodity.WATER.value
    )
    place = serializers.CharField(
        required=False, max_length=60, help_text="LON,LAT of the drawing's centre, when it has no CRS"
    )
    srid = serializers.IntegerField(
        required=False, min_value=1024, max_value=999_999, help_text="EPSG code of the file's coordinates"
    )
    coordinate_unit = serializers.ChoiceField(choices=["m", "ft", "auto"], default="auto")
    mapping = serializers.CharField(
        required=False, max_length=100_000, help_text="TOML or JSON: what layers and columns are (not EPANET)"
    )
    tolerance_m = serializers.FloatField(
        required=False, min_value=0.0001, max_value=100, help_text="Ends this near are one node (not EPANET)"
    )
    split = serializers.BooleanField(
        default=True, help_text="Cut lines where an end lies on them (not EPANET)"
    )
    skip_bad_rows = serializers.BooleanField(default=False, help_text="Import the good rows (not EPANET)")
    dry_run = serializers.BooleanField(default=False, help_text="Only report (not EPANET)")

    def validate_file(self, file: UploadedFile) -> UploadedFile:
        if (file.size or 0) > settings.NETWORK_UPLOAD_MAX_BYTES:
            megabytes = settings.NETWORK_UPLOAD_MAX_BYTES // 1024**2
            raise serializers.ValidationError(f"The file is larger than {megabytes} MB.")
        return file

    def validate_place(self, text: str) -> list[float]:
        try:
            longitude, latitude = (float(part) for part in text.split(","))
        except ValueError:
            raise serializers.ValidationError("Write the place as LON,LAT, e.g. 69.35,41.38.") from None
        if not (-180 <= longitude <= 180 and -90 <= latitude <= 90):
            raise serializers.ValidationError("LON is from -180 to 180 and LAT from -90 to 90.")
        return [longitude, latitude]

    def validate(self, values: dict[str, Any]) -> dict[str, Any]:
        if is_geo_name(values["file"].name or ""):
            if "place" in values:
                raise serializers.ValidationError("place is for EPANET models; name the CRS by srid.")
        elif ("place" in values) == ("srid" in values):
            raise serializers.ValidationError("Give either place or srid.")
        return values


class AcceptedJobSerializer(serializers.Serializer[Any]):
    uid = serializers.UUIDField(help_text="Follow it at /api/v1/jobs/{uid}/")


def accepted(job: Job) -> Response:
    """The answer to a request that became a job, with the address where it is followed."""
    headers = {"Location": f"/api/v1/jobs/{job.uid}/"}
    return Response(AcceptedJobSerializer(job).data, status=202, headers=headers)
