"""Networks out: EPANET models and files of a GIS."""

from assets.exchange.services.export.exporting import EXPORT_SUFFIXES, ExportResult, export_network

EXPORT_FORMATS = tuple(EXPORT_SUFFIXES)

__all__ = ["EXPORT_FORMATS", "EXPORT_SUFFIXES", "ExportResult", "export_network"]
