"""Networks from files of a GIS: GeoPackage, zipped Shapefile, GeoJSON, CSV and DXF."""

from assets.exchange.services.geo_import.importing import GeoImportResult, GeoOptions, import_geo_file
from assets.exchange.services.geo_import.mapping import Mapping, mapping_of_text, read_mapping
from assets.exchange.services.geo_import.reading import FORMATS, detect_format

__all__ = [
    "FORMATS",
    "GeoImportResult",
    "GeoOptions",
    "Mapping",
    "detect_format",
    "import_geo_file",
    "mapping_of_text",
    "read_mapping",
]
