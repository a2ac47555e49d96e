"""Layers as files: GeoPackage, GeoJSON, CSV, and a drawing (DXF)."""

import csv
import json
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import shapely

from assets.exchange.services.export.drawing import utm_srid
from assets.exchange.services.export.dxf_file import write_dxf
from assets.exchange.services.export.empty_cells import is_missing
from assets.exchange.services.export.geo_layers import Layer, attachments_not_kept, read_layers
from assets.exchange.services.export.results import ExportResult
from assets.models import Network
from gis_core.spreadsheet_cells import element_cell


def _write_geopackage(network: Network, path: Path) -> ExportResult:
    import geopandas
    import pyogrio

    draft = path.with_name("draft.gpkg")  # the driver goes by the name's end
    layers = read_layers(network)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for layer in layers:
            if layer.geometry is None:
                pyogrio.write_dataframe(layer.rows, draft, layer=layer.name, driver="GPKG", append=False)
                continue
            frame = geopandas.GeoDataFrame(layer.rows, geometry=layer.geometry, crs="EPSG:4326")
            pyogrio.write_dataframe(
                frame, draft, layer=layer.name, driver="GPKG", geometry_type=layer.geometry_type
            )
    draft.replace(path)
    return _result(network, "geopackage", layers, "EPSG:4326")


def _write_geojson(network: Network, path: Path) -> ExportResult:
    """One feature collection (RFC 7946); `layer` says of each feature what it is."""
    layers = read_layers(network)
    with path.open("w", encoding="utf-8") as file:
        file.write(f'{{"type":"FeatureCollection","name":{json.dumps(network.code)},"features":[\n')
        separator = ""
        for layer in layers:
            geometries = (
                ["null"] * len(layer.rows) if layer.geometry is None else shapely.to_geojson(layer.geometry)
            )
            for properties, geometry in zip(_records(layer.rows), geometries, strict=True):
                text = json.dumps({"layer": layer.name, **properties}, ensure_ascii=False, allow_nan=False)
                geometry_text = geometry or "null"
                file.write(f'{separator}{{"type":"Feature","properties":{text},"geometry":{geometry_text}}}')
                separator = ",\n"
        file.write("\n]}\n")
    return _result(network, "geojson", layers, "OGC:CRS84")


def _write_csv(network: Network, path: Path) -> ExportResult:
    """One table; `layer` says of each row what it is, `wkt` is its geometry (longitude, latitude)."""
    layers = read_layers(network)
    columns = ["layer", "wkt"]
    for layer in layers:
        columns += [name for name in layer.rows.columns if name not in columns]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        for layer in layers:
            for properties, wkt in zip(_records(layer.rows), _wkt(layer), strict=True):
                row = {"layer": layer.name, "wkt": wkt} | properties
                writer.writerow({name: element_cell(value) for name, value in row.items()})
    return _result(network, "csv", layers, "OGC:CRS84")


def _wkt(layer: Layer) -> list[str]:
    if layer.geometry is None:
        return [""] * len(layer.rows)
    texts = shapely.to_wkt(layer.geometry, rounding_precision=17, trim=True)
    return [text or "" for text in texts]


def _records(rows: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """Rows as plain values, without those that are empty."""
    names = list(rows.columns)
    columns = [rows[name].astype(object).tolist() for name in names]
    if not columns:
        return
    for values in zip(*columns, strict=True):
        yield {
            name: _plain(value) for name, value in zip(names, values, strict=True) if not is_missing(value)
        }


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def _write_dxf(network: Network, path: Path) -> ExportResult:
    """A drawing in metres of the UTM zone: a layer for each kind, blocks with the code, polylines."""
    layers = [layer for layer in read_layers(network) if layer.geometry is not None]
    points = np.concatenate(
        [shapely.get_coordinates(layer.geometry) for layer in layers if layer.geometry_type == "Point"]
        or [np.empty((0, 2))]
    )
    srid = utm_srid([(x, y) for x, y in points.tolist()])
    not_kept = write_dxf(network, layers, path, srid)
    result = _result(network, "dxf", layers, f"EPSG:{srid}")
    result.not_kept = [*not_kept, *result.not_kept]
    return result


def _result(network: Network, file_format: str, layers: list[Layer], crs: str) -> ExportResult:
    counts = {layer.name: len(layer.rows) for layer in layers if layer.name != "network"}
    if "pipe" in counts:
        pipes = next(layer.rows for layer in layers if layer.name == "pipe")
        connectors = int(pipes["is_connector"].astype(bool).sum())
        counts |= {"pipe": counts["pipe"] - connectors, "connector": connectors}
    return ExportResult(
        network=network.code,
        file_format=file_format,
        counts=counts,
        crs=crs,
        not_kept=attachments_not_kept(network),
    )


GEO_WRITERS: dict[str, Callable[[Network, Path], ExportResult]] = {
    "geopackage": _write_geopackage,
    "geojson": _write_geojson,
    "csv": _write_csv,
    "dxf": _write_dxf,
}
