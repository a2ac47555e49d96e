"""The network as layers: one table for each kind of node, one of pipes, and what is no place beside them."""

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import shapely
from django.db.models import Count, F
from django.utils.translation import gettext_noop as _

from assets.exchange.services.export.geo_schema import (
    NODE_COLUMNS,
    PIPE_LAYER,
    SCHEMA,
    DetailTable,
    line_details,
    node_details,
)
from assets.exchange.services.export.live_graph import AsHexWKB
from assets.models import Attachment, Curve, Demand, Network, Node, Pattern, Pipe, Zone, ZoneConnection
from gis_core.sentences import Sentence

_NETWORK_COLUMNS = (
    "code",
    "name",
    "commodity",
    "snap_tolerance_m",
    "headloss_formula",
    "pattern_step_s",
    "default_pattern_code",
    "demand_multiplier",
)
_PIPE_FIELDS = {
    "code": "code",
    "is_connector": "is_connector",
    "start_node": "start_node__code",
    "start_class": "start_node__code_class",
    "end_node": "end_node__code",
    "end_class": "end_node__code_class",
    "stated_length_m": "stated_length_m",
    "diameter_m": "diameter_m",
    "material": "material",
    "roughness": "roughness",
    "minor_loss": "minor_loss",
    "year_installed": "year_installed",
    "status": "status",
    "has_check_valve": "has_check_valve",
    "lifecycle": "lifecycle",
}


@dataclass
class Layer:
    """Rows with or without geometry (WGS 84, shapely); `geometry_type` is Point, LineString or MultiPolygon."""

    name: str
    rows: pd.DataFrame
    geometry: Any = None
    geometry_type: str = ""


def read_layers(network: Network) -> list[Layer]:
    """Everything of a network, ready to be written; empty kinds have no layer."""
    return [
        *_node_layers(network),
        _pipe_layer(network),
        *_zone_layers(network),
        *_model_layers(network),
        _network_layer(network),
    ]


def attachments_not_kept(network: Network) -> list[dict[str, Any]]:
    """What hangs on the network and is in no layer."""
    count = Attachment.objects.filter(network=network).aggregate(count=Count("id"))["count"]
    if not count:
        return []
    reason = Sentence(
        _("places of subscribers, sensors and documents are not part of the network's exchange")
    )
    return [{"element": f"{count} attachments", "reason": reason}]


def _node_layers(network: Network) -> list[Layer]:
    columns = ("id", "kind", "code", "elevation_m", "lifecycle", "installed_on", "zone__code")
    nodes = Node.objects.filter(network=network).order_by("id")
    rows = pd.DataFrame.from_records(
        list(nodes.values_list(*columns, AsHexWKB("geom"))),
        columns=["id", "kind", *NODE_COLUMNS, "wkb"],
    )
    details = [(table, _detail_rows(table, network, "node__network", "node_id")) for table in node_details()]
    layers = []
    for kind, group in rows.groupby("kind", sort=True):
        merged = group.drop(columns=["kind", "wkb"])
        for table, detail in details:
            if kind in table.kinds or detail.index.isin(group["id"]).any():
                merged = merged.join(detail.assign(has_details=True), on="id")
                merged["has_details"] = merged["has_details"].eq(True)
        geometry = shapely.from_wkb(group["wkb"].to_numpy(dtype=object))
        layers.append(Layer(str(kind), _typed(merged.drop(columns=["id"])), geometry, "Point"))
    return layers


def _detail_rows(table: DetailTable, network: Network, owner: str, key: str) -> pd.DataFrame:
    fields = [f"{column.name}__code" if column.refers_to else column.name for column in table.columns]
    found = table.model.objects.filter(**{owner: network}).values_list(key, *fields)
    names = [column.name for column in table.columns]
    return pd.DataFrame.from_records(list(found), columns=[key, *names]).set_index(key)


def _pipe_layer(network: Network) -> Layer:
    pipes = Pipe.objects.filter(network=network).order_by("id")
    rows = pd.DataFrame.from_records(
        list(pipes.values_list("id", *_PIPE_FIELDS.values(), AsHexWKB("geom"))),
        columns=["id", *_PIPE_FIELDS, "wkb"],
    )
    for table in line_details():
        detail = _detail_rows(table, network, "pipe__network", "pipe_id")
        if len(detail):
            rows = rows.join(detail.assign(has_details=True), on="id")
            rows["has_details"] = rows["has_details"].eq(True)
    geometry = shapely.from_wkb(rows["wkb"].to_numpy(dtype=object))
    return Layer(PIPE_LAYER, _typed(rows.drop(columns=["id", "wkb"])), geometry, "LineString")


def _zone_layers(network: Network) -> list[Layer]:
    zones = Zone.objects.filter(network=network).order_by("id")
    found = list(zones.values_list("code", "name", "parent__code", AsHexWKB("geom")))
    rows = pd.DataFrame.from_records([row[:3] for row in found], columns=["code", "name", "parent"])
    connections = ZoneConnection.objects.filter(zone__network=network).order_by("id")
    joined = pd.DataFrame.from_records(
        list(connections.values_list("zone__code", "node__code", "node__code_class", "role")),
        columns=["zone", "node", "node_class", "role"],
    )
    layers = []
    if len(rows):
        geometry = shapely.from_wkb([row[3] for row in found])
        layers.append(Layer("zone", _typed(rows), geometry, "MultiPolygon"))
    if len(joined):
        layers.append(Layer("zone_connection", joined))
    return layers


def _model_layers(network: Network) -> list[Layer]:
    patterns = Pattern.objects.filter(network=network).order_by("id").values_list("code", "multipliers")
    curves = Curve.objects.filter(network=network).order_by("id")
    demands = Demand.objects.filter(node__network=network).order_by("node_id", "ordinal")
    tables: list[tuple[str, list[str], list[Any]]] = [
        (
            "pattern",
            ["code", "multipliers"],
            [(code, json.dumps(multipliers)) for code, multipliers in patterns],
        ),
        (
            "curve",
            ["code", "kind", "x_values", "y_values"],
            [(row.code, row.kind, json.dumps(row.x_values), json.dumps(row.y_values)) for row in curves],
        ),
        (
            "demand",
            ["node", "node_class", "ordinal", "base_demand_m3s", "pattern", "category"],
            list(
                demands.values_list(
                    "node__code",
                    F("node__code_class"),
                    "ordinal",
                    "base_demand_m3s",
                    "pattern__code",
                    "category",
                )
            ),
        ),
    ]
    return [
        Layer(name, pd.DataFrame.from_records(rows, columns=columns))
        for name, columns, rows in tables
        if rows
    ]


def _network_layer(network: Network) -> Layer:
    row = {"schema": SCHEMA} | {name: getattr(network, name) for name in _NETWORK_COLUMNS}
    row |= {
        "placement": json.dumps(network.placement),
        "engine_options": json.dumps(network.engine_options, ensure_ascii=False),
    }
    return Layer("network", pd.DataFrame([row]))


def _typed(rows: pd.DataFrame) -> pd.DataFrame:
    """Columns of whole numbers with gaps stay whole numbers; empty columns become text."""
    for name in rows.columns:
        column = rows[name]
        if column.dtype == object:
            known = column.dropna()
            if len(known) and all(isinstance(value, bool | np.bool_) for value in known):
                rows[name] = column.astype("boolean")
            elif len(known) and all(isinstance(value, int) for value in known):
                rows[name] = column.astype("Int64")
        if name == "year_installed":
            rows[name] = pd.to_numeric(rows[name]).astype("Int64")
        elif name == "installed_on":
            rows[name] = [None if value is None or value is pd.NaT else str(value) for value in column]
    return rows
