"""Networks out: EPANET models and files of a GIS."""

from assets.services.network_export.exporting import ExportResult, export_network

EXPORT_FORMATS = ("epanet", "geopackage", "geojson", "dxf", "csv")

__all__ = ["EXPORT_FORMATS", "ExportResult", "export_network"]
