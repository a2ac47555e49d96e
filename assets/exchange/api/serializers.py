"""What an import is asked with."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_noop as _
from rest_framework import serializers

from assets.models import Network
from gis_core.sentences import said

GEO_SUFFIXES = frozenset({".gpkg", ".zip", ".geojson", ".json", ".csv", ".dxf"})


def is_geo_name(name: str) -> bool:
    """Whether a file of this name is taken as a file of a GIS rather than as an EPANET model."""
    return Path(name).suffix.lower() in GEO_SUFFIXES


class NetworkImportSerializer(serializers.Serializer[Any]):
    """A file to import: an EPANET model, or a file of a GIS known by its name's end (GEO_SUFFIXES)."""

    file = serializers.FileField(
        help_text="An EPANET 2.2 .inp file; or .gpkg, .zip (shapefiles), .geojson, .json, .csv or .dxf",
        max_length=255,
        required=False,
    )
    upload = serializers.CharField(
        required=False, max_length=1000, help_text="Instead of the file: one uploaded to import-inspections/"
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
    dry_run = serializers.BooleanField(default=False, help_text="Only report")

    def validate_file(self, file: UploadedFile) -> UploadedFile:
        if (file.size or 0) > settings.NETWORK_UPLOAD_MAX_BYTES:
            megabytes = settings.NETWORK_UPLOAD_MAX_BYTES // 1024**2
            raise serializers.ValidationError(
                said(_("The file is larger than {megabytes} MB."), megabytes=megabytes)
            )
        return file

    def validate_place(self, text: str) -> list[float]:
        try:
            longitude, latitude = (float(part) for part in text.split(","))
        except ValueError:
            raise serializers.ValidationError(
                said(_("Write the place as LON,LAT, e.g. 69.35,41.38."))
            ) from None
        if not (-180 <= longitude <= 180 and -90 <= latitude <= 90):
            raise serializers.ValidationError(said(_("LON is from -180 to 180 and LAT from -90 to 90.")))
        return [longitude, latitude]

    def validate(self, values: dict[str, Any]) -> dict[str, Any]:
        if ("file" in values) == ("upload" in values):
            raise serializers.ValidationError(said(_("Give either file or upload.")))
        # What an upload is, was found when it was inspected.
        if "upload" in values:
            return values
        if is_geo_name(values["file"].name or ""):
            if "place" in values:
                raise serializers.ValidationError(
                    said(_("place is for EPANET models; name the CRS by srid."))
                )
        elif ("place" in values) == ("srid" in values):
            raise serializers.ValidationError(said(_("Give either place or srid.")))
        return values


class FileInspectionSerializer(serializers.Serializer[Any]):
    """A file to look at before it is imported; or one uploaded before, to be read in another way."""

    file = serializers.FileField(required=False, max_length=255)
    upload = serializers.CharField(required=False, max_length=1000)
    encoding = serializers.CharField(required=False, default="", max_length=40, allow_blank=True)
    srid = serializers.IntegerField(required=False, min_value=1024, max_value=999_999)

    def validate_file(self, file: UploadedFile) -> UploadedFile:
        return NetworkImportSerializer().validate_file(file)

    def validate(self, values: dict[str, Any]) -> dict[str, Any]:
        if ("file" in values) == ("upload" in values):
            raise serializers.ValidationError(said(_("Give either file or upload.")))
        return values


class InspectedLayerSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    rows = serializers.IntegerField()
    geometry = serializers.CharField(help_text="points, lines, areas, mixed; empty for a table")
    crs = serializers.CharField(allow_null=True)
    srid = serializers.IntegerField(allow_null=True)
    assumed = serializers.CharField(help_text="What the file left unsaid and was assumed")
    refused = serializers.IntegerField(help_text="Rows whose geometry cannot be read")
    kind = serializers.CharField(
        help_text="What its rows would be taken for; empty: a column says it, or nothing does"
    )
    kind_column = serializers.CharField(help_text="The column that seems to say the kind; empty: none does")
    words = serializers.DictField(
        child=serializers.ListField(child=serializers.CharField()),
        help_text="The different texts of each column that has few, the most frequent first",
    )
    kinds = serializers.DictField(
        child=serializers.DictField(child=serializers.CharField()),
        help_text="By column, what its words mean among our kinds",
    )
    values = serializers.DictField(
        child=serializers.DictField(child=serializers.DictField(child=serializers.CharField())),
        help_text="By attribute and column, what its words mean among the attribute's choices",
    )
    is_table = serializers.BooleanField(help_text="One of our own tables without geometry")
    columns = serializers.ListField(child=serializers.CharField())
    mapping = serializers.DictField(
        child=serializers.DictField(child=serializers.CharField(allow_blank=True)),
        help_text="Our attributes, each with the column and unit that it would be read from",
    )
    first_rows = serializers.ListField(
        child=serializers.ListField(child=serializers.CharField(allow_blank=True))
    )
    first_numbers = serializers.ListField(child=serializers.CharField())
    shapes = serializers.JSONField(allow_null=True, help_text="The first shapes, GeoJSON, WGS 84")


class InspectedFileSerializer(serializers.Serializer[Any]):
    """What a file holds; `upload` names it in what is asked next."""

    upload = serializers.CharField()
    file_name = serializers.CharField()
    size_bytes = serializers.IntegerField()
    format = serializers.CharField()
    layers = InspectedLayerSerializer(many=True)
    units = serializers.ListField(child=serializers.CharField())
    targets = serializers.DictField(child=serializers.ListField(child=serializers.CharField()))
    choices = serializers.DictField(
        child=serializers.DictField(child=serializers.ListField(child=serializers.CharField())),
        help_text="By kind and attribute, the values it is chosen from",
    )
    model = serializers.JSONField(
        allow_null=True, help_text="Of an EPANET model: title, units, counts, warnings"
    )
