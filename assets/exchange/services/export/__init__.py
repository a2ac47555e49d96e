"""Networks out: EPANET models and files of a GIS."""

from assets.exchange.services.export.exporting import EXPORT_SUFFIXES, export_network
from assets.exchange.services.export.results import ExportResult

EXPORT_FORMATS = tuple(EXPORT_SUFFIXES)

__all__ = ["EXPORT_FORMATS", "EXPORT_SUFFIXES", "ExportResult", "export_network"]
