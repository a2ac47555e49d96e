"""What an import is asked with."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from rest_framework import serializers

from assets.models import Network

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
