"""Comparing the rows of a file with what is stored, and writing what is new, set by set."""

import json
import math
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import shapely
from django.contrib.gis.geos import GEOSGeometry
from django.utils.translation import gettext_noop, ngettext_lazy

from assets.exchange.services.epanet_import.comparison import COORDINATE_TOLERANCE_DEGREES, _equal
from assets.exchange.services.epanet_import.writing import new_uid
from assets.exchange.services.export.geo_schema import (
    PIPE_FACTS,
    PIPE_LAYER,
    default_details,
    details_of,
    line_details,
)
from assets.exchange.services.geo_import.rows import GeoRows, Refusals, node_class
from assets.exchange.services.geo_import.stored_network import (
    NodeKey,
    StoredLayerNode,
    StoredLayerPipe,
    StoredNetwork,
    read_stored_network,
)
from assets.exchange.services.geo_import.topology import Piece, build_topology
from assets.models import DEVICE_KINDS, Curve, Network, NodeKind, Pattern, Zone, ZoneConnection
from gis_core.database.row_copies import copy_rows, take_ids
from gis_core.errors import ReportedError
from gis_core.sentences import COUNT, Sentence, Word

_NODE_FACTS = ("elevation_m", "lifecycle", "installed_on", "zone")
_DEFAULTS = {
    "lifecycle": "in_service",
    "material": "",
    "minor_loss": 0.0,
    "status": "open",
    "has_check_valve": False,
}
_SETTINGS = (
    "name",
    "snap_tolerance_m",
    "headloss_formula",
    "pattern_step_s",
    "default_pattern_code",
    "demand_multiplier",
)
_MAXIMUM_WARNINGS = 1000


@dataclass
class _NewNode:
    key: NodeKey
    kind: str
    position: tuple[float, float]
    values: dict[str, Any]
    details: dict[str, Any] | None = None
    demands: list[tuple[float, str | None, str]] = field(default_factory=list)
    id: int = 0


@dataclass
class _NewPipe:
    code: str
    is_connector: bool
    piece: Piece
    values: dict[str, Any]
    details: dict[str, Any] | None = None


class GeoWriter:
    """One file's rows into one network, inside the caller's transaction: `prepare`, then `write`."""

    def __init__(
        self,
        network: Network,
        rows: GeoRows,
        refusals: Refusals,
        *,
        tolerance_m: float,
        split: bool,
        is_new: bool,
    ) -> None:
        self.network = network
        self.rows = rows
        self.refusals = refusals
        self.tolerance_m = tolerance_m
        self.split = split
        self.stored = StoredNetwork(places=np.empty((0, 2))) if is_new else read_stored_network(network)
        self.created: Counter[str] = Counter()
        self.unchanged = 0
        self.adjusted: list[dict[str, Any]] = []
        self.warnings: list[dict[str, Any]] = []
        self.new_nodes: list[_NewNode] = []
        self.new_pipes: list[_NewPipe] = []
        # Every node that a line can end at: its key, in the order of the places.
        self.key_of_place: list[NodeKey] = list(self.stored.node_of_place)
        self.place_of_key: dict[NodeKey, int] = {key: place for place, key in enumerate(self.key_of_place)}
        self.positions: list[tuple[float, float]] = []
        self.removed_nodes = {
            key for key, node in self.stored.nodes.items() if node.values["lifecycle"] == "removed"
        }
        self.taken_nodes: dict[NodeKey, str] = {}
        self.taken_pipes: dict[tuple[bool, str], tuple[str, Any]] = {}

    def prepare(self) -> None:
        """Decide of every row whether it is new, the same as stored, or refused; nothing is written."""
        self._read_tables()
        self._prepare_nodes()
        self._prepare_lines()

    # --- what is no place

    def _read_tables(self) -> None:
        tables = self.rows.tables
        self.new_patterns = self._new_of("pattern", self.stored.patterns, ("multipliers",))
        self.new_curves = self._new_of("curve", self.stored.curves, ("kind", "x_values", "y_values"))
        self.new_zones = self._new_of("zone", self.stored.zones, ("name",))
        self.demands: dict[NodeKey, list[tuple[float, str | None, str]]] = {}
        for row in _records(tables.get("demand")):
            with _table_row("demand", row):
                key = (row.get("node_class") or "node", str(row["node"]))
                demand = (float(row["base_demand_m3s"]), row.get("pattern"), row.get("category") or "")
                self.demands.setdefault(key, []).append(demand)

    def _new_of(self, name: str, stored: dict[str, Any], facts: tuple[str, ...]) -> list[dict[str, Any]]:
        """Rows of a table that are not stored; those that are stored otherwise are refused."""
        new = []
        for row in _records(self.rows.tables.get(name)):
            with _table_row(name, row):
                code = str(row["code"])
                for fact in facts:
                    is_series = fact.endswith(("values", "multipliers"))
                    row[fact] = list(map(float, json.loads(row[fact]))) if is_series else row.get(fact) or ""
            old = stored.get(code)
            if old is None:
                new.append(row)
            elif all(_equal(getattr(old, fact), row[fact]) for fact in facts):
                self.unchanged += 1
            else:
                self.refusals.add(
                    name,
                    row["number"],
                    f"{name} {code}",
                    Sentence(gettext_noop("it differs from what is stored")),
                )
        return new

    # --- nodes

    def _prepare_nodes(self) -> None:
        nodes = self.rows.nodes
        if not len(nodes):
            return
        positions = shapely.get_coordinates(nodes["geometry"].to_numpy(dtype=object)).tolist()
        known_zones = {*self.stored.zones, *(str(row["code"]) for row in self.new_zones)}
        by_position = {(node.kind, *node.position): key for key, node in self.stored.nodes.items()}
        number_of = _Numbering({code for _, code in self.stored.nodes} | set(nodes["code"].dropna()))
        bare: Counter[tuple[str, str]] = Counter()
        for row, (x, y) in zip(_rows(nodes), positions, strict=True):
            kind, code = row["kind"], row["code"]
            if code is None:
                known = by_position.get((kind, x, y))
                code = known[1] if known is not None else number_of.next(kind[:1].upper())
            key = (node_class(kind), code)
            if not self._is_node_sound(row, key, f"{kind} {code}", known_zones):
                continue
            values = {name: row[name] for name in _NODE_FACTS}
            stored = self.stored.nodes.get(key)
            if stored is not None:
                self._compare_node(row, f"{kind} {code}", stored, (x, y), values)
            else:
                self._add_node(row, key, (x, y), values, bare)
        self.adjusted += [
            {
                "element": f"layer {layer}",
                "reason": Sentence(
                    ngettext_lazy(
                        "{count} {kind} row states no details and gets the usual ones",
                        "{count} {kind} rows state no details and get the usual ones",
                        COUNT,
                    ),
                    count=count,
                    kind=Word(kind),
                ),
            }
            for (layer, kind), count in bare.items()
        ]

    def _is_node_sound(
        self, row: dict[str, Any], key: NodeKey, label: str, known_zones: Collection[str]
    ) -> bool:
        """Whether a row of a node can be taken: its code is free, and what it names is known."""
        if key in self.taken_nodes:
            self._refuse(
                row,
                label,
                Sentence(
                    gettext_noop("its code is taken by {taken_nodes}"), taken_nodes=self.taken_nodes[key]
                ),
            )
            return False
        self.taken_nodes[key] = f"row {row['number']} of {row['layer']}"
        if row["zone"] is not None and row["zone"] not in known_zones:
            self._refuse(row, label, Sentence(gettext_noop("there is no zone {zone}"), zone=row["zone"]))
            return False
        return self._references_exist(row, row["kind"], label) and self._take_demand(row, key, label)

    def _add_node(
        self,
        row: dict[str, Any],
        key: NodeKey,
        position: tuple[float, float],
        values: dict[str, Any],
        bare: Counter[tuple[str, str]],
    ) -> None:
        """A node that is not stored yet; `bare` counts devices without details by layer and kind."""
        if values["elevation_m"] is None and row["z"] is not None and np.isfinite(row["z"]):
            values["elevation_m"] = float(row["z"])
        details = row["details"]
        if details is None and row["kind"] in DEVICE_KINDS:
            details = _usual_details(row["kind"])
            bare[row["layer"], row["kind"]] += 1
        node = _NewNode(key, row["kind"], position, values, details, self.demands.get(key, []))
        if values["lifecycle"] == "removed":
            self.removed_nodes.add(key)
        self._add_place(node)

    def _take_demand(self, row: dict[str, Any], key: NodeKey, label: str) -> bool:
        """The demand that a row of a junction states beside its place."""
        base_m3s, pattern = row["base_demand_m3s"], row["demand_pattern"]
        if base_m3s is None or base_m3s == 0:
            return True
        if row["kind"] != NodeKind.JUNCTION:
            self._refuse(row, label, Sentence(gettext_noop("only junctions have a demand")))
            return False
        if pattern is not None and not self._is_known("pattern", pattern):
            self._refuse(row, label, Sentence(gettext_noop("there is no pattern {pattern}"), pattern=pattern))
            return False
        self.demands[key] = [(float(base_m3s), pattern, "")]
        return True

    def _is_known(self, table: str, code: str) -> bool:
        """Whether a pattern or curve is stored or comes with the file."""
        stored = self.stored.patterns if table == "pattern" else self.stored.curves
        new = self.new_patterns if table == "pattern" else self.new_curves
        return code in stored or any(str(entry["code"]) == code for entry in new)

    def _references_exist(self, row: dict[str, Any], kind: str, label: str) -> bool:
        """Patterns and curves that the details name must be known."""
        table = details_of(kind)
        for column in table.columns if table is not None and row["details"] else ():
            code = row["details"].get(column.name)
            if column.refers_to and code is not None and not self._is_known(column.refers_to, code):
                self._refuse(
                    row,
                    label,
                    Sentence(
                        gettext_noop("there is no {refers_to} {code}"), refers_to=column.refers_to, code=code
                    ),
                )
                return False
        return True

    def _add_place(self, node: _NewNode) -> None:
        self.new_nodes.append(node)
        self.place_of_key[node.key] = len(self.key_of_place)
        self.key_of_place.append(node.key)
        self.positions.append(node.position)

    def _compare_node(
        self,
        row: dict[str, Any],
        label: str,
        stored: StoredLayerNode,
        position: tuple[float, float],
        values: dict[str, Any],
    ) -> None:
        differences = _differences(stored.values, values)
        if stored.kind != row["kind"]:
            differences.append("kind")
        if max(abs(position[0] - stored.position[0]), abs(position[1] - stored.position[1])) > (
            COORDINATE_TOLERANCE_DEGREES
        ):
            differences.append("place")
        if row["details"] is not None and not _equal(stored.details or {}, stored.details and row["details"]):
            differences += _differences(stored.details or {}, row["details"]) or ["details"]
        demands = self.demands.get((node_class(row["kind"]), row["code"]), [])
        if (self.rows.is_native or demands) and not _equal(stored.demands, demands):
            differences.append("demands")
        self._count_or_refuse(row, label, differences)

    # --- lines

    def _prepare_lines(self) -> None:
        lines = self.rows.lines
        if not len(lines):
            return
        given = np.vstack([self.stored.places, np.array(self.positions).reshape(-1, 2)])
        start, lost_start = self._stated_ends(lines, "start")
        end, lost_end = self._stated_ends(lines, "end")
        geometry = lines["geometry"].to_numpy(dtype=object)
        topology = build_topology(given, geometry, start, end, tolerance_m=self.tolerance_m, split=self.split)
        records = _rows(lines)
        for line, reason in {**topology.refused, **lost_start, **lost_end}.items():
            self._refuse(records[line], _line_label(records[line]), reason)
        refused = {*topology.refused, *lost_start, *lost_end}
        codes = _LineCodes(self, records)
        pieces_of: dict[int, list[Piece]] = {}
        for piece in topology.pieces:
            if piece.line not in refused:
                pieces_of.setdefault(piece.line, []).append(piece)
        self._name_new_places(topology, records, pieces_of)
        for line, pieces in pieces_of.items():
            self._prepare_pieces(records[line], pieces, codes)
        self._warn_of_loose_nodes(pieces_of)
        self._drop_unused_places(topology.given_count)

    def _stated_ends(self, lines: Any, end: str) -> tuple[Any, dict[int, str]]:
        """The places that rows name for their ends, -1 where they name none, and what is wrong with those names."""
        places = np.full(len(lines), -1, dtype=np.int64)
        lost: dict[int, str] = {}
        for position, (code, code_class) in enumerate(
            zip(lines[f"{end}_node"].tolist(), lines[f"{end}_class"].tolist(), strict=True)
        ):
            if code is None:
                continue
            classes = (code_class,) if code_class else ("node", "device")
            place = next(
                (self.place_of_key[key] for each in classes if (key := (each, code)) in self.place_of_key),
                None,
            )
            if place is None:
                lost[position] = Sentence(
                    gettext_noop("its {end} node {code} is neither in the file nor stored"),
                    end=Word(end),
                    code=code,
                )
            else:
                places[position] = place
        return places, lost

    def _name_new_places(
        self, topology: Any, records: list[dict[str, Any]], pieces_of: dict[int, list[Piece]]
    ) -> None:
        """Ends that no given node stands at become junctions, with the height of the line's end if it has one."""
        names = _Numbering({code for _, code in self.key_of_place})
        wanted = {
            end for pieces in pieces_of.values() for piece in pieces for end in (piece.start, piece.end)
        }
        for index, (line, is_start) in enumerate(topology.origin):
            place = topology.given_count + index
            if place not in wanted:
                self.key_of_place.append(("node", ""))
                continue
            z = records[line]["start_z" if is_start else "end_z"]
            values = dict.fromkeys(_NODE_FACTS)
            values["elevation_m"] = float(z) if z is not None and np.isfinite(z) else None
            x, y = topology.places[place].tolist()
            key = ("node", names.next("J"))
            self.new_nodes.append(_NewNode(key, "junction", (x, y), values))
            self.key_of_place.append(key)

    def _prepare_pieces(self, row: dict[str, Any], pieces: list[Piece], codes: "_LineCodes") -> None:
        if len(pieces) > 1:
            parted = Sentence(
                ngettext_lazy(
                    "nodes lie on it: it becomes {count} pipe",
                    "nodes lie on it: it becomes {count} pipes",
                    COUNT,
                ),
                count=len(pieces),
            )
            self.adjusted.append(
                {"layer": row["layer"], "row": row["number"], "element": _line_label(row), "reason": parted}
            )
        is_connector = bool(row["is_connector"])
        is_stored = (is_connector, row["code"]) in self.stored.pipes
        reason = next((reason for piece in pieces if (reason := self._unfit_ends(row, piece))), "")
        if reason and not is_stored:
            self._refuse(row, _line_label(row), reason)
            return
        for piece, code in codes.of(row, pieces):
            if code is None:
                return
            values = {name: row[name] for name in PIPE_FACTS}
            if values["stated_length_m"] is not None:
                values["stated_length_m"] *= piece.share
            stored = self.stored.pipes.get((is_connector, code))
            if stored is not None:
                self._compare_pipe(row, code, stored, piece, values)
            else:
                self.new_pipes.append(_NewPipe(code, is_connector, piece, values, row["details"]))

    def _unfit_ends(self, row: dict[str, Any], piece: Piece) -> str:
        """Why a line cannot end at the nodes it ends at, as the database holds it too; "" when it can."""
        keys = (self.key_of_place[piece.start], self.key_of_place[piece.end])
        if row["is_connector"] and all(code_class != "device" for code_class, _ in keys):
            return Sentence(gettext_noop("it is a connector, and neither of its ends is a device"))
        if row["lifecycle"] == "removed":
            return ""
        gone = next((code for code_class, code in keys if (code_class, code) in self.removed_nodes), None)
        return (
            ""
            if gone is None
            else Sentence(gettext_noop("it is not removed and ends at node {gone}, which is"), gone=gone)
        )

    def _compare_pipe(
        self, row: dict[str, Any], code: str, stored: StoredLayerPipe, piece: Piece, values: dict[str, Any]
    ) -> None:
        differences = _differences(stored.values, values)
        for name, place, node_id in (
            ("start", piece.start, stored.start_id),
            ("end", piece.end, stored.end_id),
        ):
            node = self.stored.nodes.get(self.key_of_place[place])
            if node is None or node.id != node_id:
                differences.append(f"{name} node")
        same = stored.coordinates.shape == piece.coordinates.shape and bool(
            np.abs(stored.coordinates - piece.coordinates).max() <= COORDINATE_TOLERANCE_DEGREES
        )
        if not same:
            differences.append("drawing")
        if row["details"] is not None:
            differences += _differences(stored.details or {}, row["details"])
        self._count_or_refuse(row, f"pipe {code}", differences)

    def _warn_of_loose_nodes(self, pieces_of: dict[int, list[Piece]]) -> None:
        joined = {
            end for pieces in pieces_of.values() for piece in pieces for end in (piece.start, piece.end)
        }
        for node in self.new_nodes:
            place = self.place_of_key.get(node.key)
            if place is not None and place not in joined and len(self.warnings) < _MAXIMUM_WARNINGS:
                self.warnings.append(
                    {
                        "element": f"{node.kind} {node.key[1]}",
                        "reason": Sentence(gettext_noop("no line of the file ends at it")),
                    }
                )

    def _drop_unused_places(self, given_count: int) -> None:
        """Junctions that only lines stored already or refused would have needed are not made."""
        used = {
            self.key_of_place[end] for pipe in self.new_pipes for end in (pipe.piece.start, pipe.piece.end)
        }
        given = set(self.key_of_place[:given_count])
        self.new_nodes = [node for node in self.new_nodes if node.key in given or node.key in used]

    # --- counting

    def _count_or_refuse(self, row: dict[str, Any], label: str, differences: list[str]) -> None:
        if differences:
            reason = Sentence(
                gettext_noop("it differs from what is stored: {differences}"),
                differences=", ".join(dict.fromkeys(differences)),
            )
            self._refuse(row, label, reason)
        else:
            self.unchanged += 1

    def _refuse(self, row: dict[str, Any], label: str, reason: str) -> None:
        self.refusals.add(row["layer"], row["number"], label, reason)

    # --- writing

    def write(self) -> None:
        """Write what is new: settings, patterns, curves and zones, then nodes, then lines."""
        if self.stored.is_empty:
            self._write_settings()
        self.patterns = {code: row.pk for code, row in self.stored.patterns.items()}
        self.curves = {code: row.pk for code, row in self.stored.curves.items()}
        self.zones = {code: row.pk for code, row in self.stored.zones.items()}
        self._write_patterns_and_curves()
        self._write_zones()
        self._write_nodes()
        self._write_pipes()
        self._write_zone_connections()

    def _write_settings(self) -> None:
        row = next(iter(_records(self.rows.tables.get("network"))), None)
        if row is None:
            return
        with _table_row("network", row):
            for name in _SETTINGS:
                value = row.get(name)
                if value is not None:
                    setattr(self.network, name, type(getattr(self.network, name))(value))
            for name in ("placement", "engine_options"):
                setattr(self.network, name, dict(json.loads(row.get(name) or "{}")))
        self.network.default_pattern_code = row.get("default_pattern_code") or ""
        self.network.save()

    def _write_patterns_and_curves(self) -> None:
        patterns = Pattern.objects.bulk_create(
            Pattern(network=self.network, code=str(row["code"]), multipliers=row["multipliers"])
            for row in self.new_patterns
        )
        curves = Curve.objects.bulk_create(
            Curve(
                network=self.network,
                code=str(row["code"]),
                kind=row["kind"],
                x_values=row["x_values"],
                y_values=row["y_values"],
            )
            for row in self.new_curves
        )
        self.patterns |= {row.code: row.pk for row in patterns}
        self.curves |= {row.code: row.pk for row in curves}
        self._count(pattern=len(patterns), curve=len(curves))

    def _write_zones(self) -> None:
        zones = Zone.objects.bulk_create(
            Zone(
                network=self.network,
                division_id=self.network.division_id,
                code=str(row["code"]),
                name=row["name"],
                geom=_multipolygon(row.get("geometry")),
            )
            for row in self.new_zones
        )
        self.zones |= {zone.code: zone.pk for zone in zones}
        for zone, row in zip(zones, self.new_zones, strict=True):
            if row.get("parent"):
                Zone.objects.filter(pk=zone.pk).update(parent_id=self.zones[str(row["parent"])])
        self._count(zone=len(zones))

    def _write_nodes(self) -> None:
        for node, pk in zip(self.new_nodes, take_ids("assets_node", len(self.new_nodes)), strict=True):
            node.id = pk
        points = shapely.points(np.array([node.position for node in self.new_nodes]).reshape(-1, 2))
        hexed = _hex(points)
        copy_rows(
            "assets_node",
            "id, uid, network_id, division_id, kind, code, geom, elevation_m, lifecycle, zone_id, installed_on",
            (
                (
                    node.id,
                    new_uid(),
                    self.network.pk,
                    self.network.division_id,
                    node.kind,
                    node.key[1],
                    geometry,
                    node.values["elevation_m"],
                    node.values["lifecycle"] or "in_service",
                    self.zones.get(node.values["zone"]),
                    node.values["installed_on"],
                )
                for node, geometry in zip(self.new_nodes, hexed, strict=True)
            ),
        )
        self._write_details()
        copy_rows(
            "assets_demand",
            "node_id, ordinal, base_demand_m3s, pattern_id, category",
            (
                (node.id, ordinal, base_m3s, self.patterns.get(pattern or ""), category)
                for node in self.new_nodes
                for ordinal, (base_m3s, pattern, category) in enumerate(node.demands)
            ),
        )
        self._count(
            **Counter(node.kind for node in self.new_nodes),
            demand=sum(len(node.demands) for node in self.new_nodes),
        )

    def _write_details(self) -> None:
        by_kind: dict[str, list[_NewNode]] = {}
        for node in self.new_nodes:
            if node.details is not None:
                by_kind.setdefault(node.kind, []).append(node)
        for kind, nodes in by_kind.items():
            table = details_of(kind)
            if table is None:
                continue
            columns = ", ".join(
                ["node_id", "node_kind", *(f'"{column.attribute}"' for column in table.columns)]
            )
            rows = (
                (
                    node.id,
                    kind,
                    *(self._value(column, (node.details or {})[column.name]) for column in table.columns),
                )
                for node in nodes
            )
            copy_rows(table.table, columns, rows)

    def _value(self, column: Any, value: Any) -> Any:
        if value is None or not column.refers_to:
            return value
        return (self.patterns if column.refers_to == "pattern" else self.curves)[value]

    def _write_pipes(self) -> None:
        if not self.new_pipes:
            return
        ids = {key: node.id for key, node in self.stored.nodes.items()}
        ids |= {node.key: node.id for node in self.new_nodes}
        flat = np.vstack([pipe.piece.coordinates for pipe in self.new_pipes])
        counts = [len(pipe.piece.coordinates) for pipe in self.new_pipes]
        lines = shapely.linestrings(flat, indices=np.repeat(np.arange(len(counts)), counts))
        hexed = _hex(lines)
        pks = take_ids("assets_pipe", len(self.new_pipes))
        copy_rows(
            "assets_pipe",
            "id, uid, network_id, division_id, code, is_connector, start_node_id, end_node_id, geom, "
            + ", ".join(PIPE_FACTS),
            (
                (
                    pk,
                    new_uid(),
                    self.network.pk,
                    self.network.division_id,
                    pipe.code,
                    pipe.is_connector,
                    ids[self.key_of_place[pipe.piece.start]],
                    ids[self.key_of_place[pipe.piece.end]],
                    geometry,
                    *(
                        _DEFAULTS.get(name) if pipe.values[name] is None else pipe.values[name]
                        for name in PIPE_FACTS
                    ),
                )
                for pk, pipe, geometry in zip(pks, self.new_pipes, hexed, strict=True)
            ),
        )
        for table in line_details():
            names = [column.name for column in table.columns]
            copy_rows(
                table.table,
                ", ".join(["pipe_id", *(f'"{name}"' for name in names)]),
                (
                    (pk, *(pipe.details[name] for name in names))
                    for pk, pipe in zip(pks, self.new_pipes, strict=True)
                    if pipe.details is not None
                ),
            )
        connectors = sum(pipe.is_connector for pipe in self.new_pipes)
        self._count(pipe=len(self.new_pipes) - connectors, connector=connectors)

    def _write_zone_connections(self) -> None:
        ids = {key: node.id for key, node in self.stored.nodes.items()}
        ids |= {node.key: node.id for node in self.new_nodes}
        wanted = []
        for row in _records(self.rows.tables.get("zone_connection")):
            node_id = ids.get((row.get("node_class") or "node", str(row["node"])))
            zone = str(row["zone"])
            if node_id is None or zone not in self.zones:
                self.warnings.append(
                    {
                        "element": f"connection of zone {zone}",
                        "reason": Sentence(gettext_noop("there is no node {node}"), node=row["node"]),
                    }
                )
            elif (zone, node_id) in self.stored.connections:
                self.unchanged += 1
            else:
                wanted.append(ZoneConnection(zone_id=self.zones[zone], node_id=node_id, role=row["role"]))
        self._count(zone_connection=len(ZoneConnection.objects.bulk_create(wanted)))

    def _count(self, **counts: int) -> None:
        self.created.update({name: count for name, count in counts.items() if count or name == PIPE_LAYER})


class _Numbering:
    """Codes of a letter and a number that nobody has yet."""

    def __init__(self, taken: set[str]) -> None:
        self.taken = taken
        self.last: Counter[str] = Counter()

    def next(self, letter: str) -> str:
        while True:
            self.last[letter] += 1
            code = f"{letter}{self.last[letter]}"
            if code not in self.taken:
                self.taken.add(code)
                return code


class _LineCodes:
    """The code of every piece: the row's for the longest, the row's with a number for the others."""

    def __init__(self, writer: GeoWriter, records: list[dict[str, Any]]) -> None:
        self.writer = writer
        self.taken: dict[tuple[bool, str], tuple[str, Any]] = {}
        stated = {row["code"] for row in records if row["code"] is not None}
        self.numbers = _Numbering({code for _, code in writer.stored.pipes} | stated)

    def of(self, row: dict[str, Any], pieces: list[Piece]) -> Iterable[tuple[Piece, str | None]]:
        is_connector = bool(row["is_connector"])
        if row["code"] is None:
            yield from ((piece, self._found_or_new(piece)) for piece in pieces)
            return
        longest = max(pieces, key=lambda piece: (piece.length_m, -piece.rank))
        ordered = [longest, *(piece for piece in pieces if piece is not longest)]
        owner = (row["layer"], row["number"])
        for piece in ordered:
            yield piece, self._free(row, is_connector, owner, is_first=piece is longest)

    def _found_or_new(self, piece: Piece) -> str:
        """A line without a code that is stored as it is drawn keeps the code it got then."""
        known = self.writer.stored.pipe_by_drawing.get(piece.coordinates.tobytes())
        return known[1] if known is not None else self.numbers.next("P")

    def _free(
        self, row: dict[str, Any], is_connector: bool, owner: tuple[str, Any], *, is_first: bool
    ) -> str | None:
        code, number = row["code"], 1
        holder = self.taken.get((is_connector, code))
        if is_first and holder is not None and holder != owner:
            reason = Sentence(
                gettext_noop("its code is taken by row {row} of {row_2}"), row=holder[1], row_2=holder[0]
            )
            self.writer._refuse(row, _line_label(row), reason)
            return None
        while (is_connector, code) in self.taken or (
            number > 1 and code in self.numbers.taken and (is_connector, code) not in self.writer.stored.pipes
        ):
            number += 1
            code = f"{row['code']}-{number}"
        self.taken[is_connector, code] = owner
        return code


def _usual_details(kind: str) -> dict[str, Any]:
    """Details of a device of which nothing is known: it lets everything pass, and no segment ends at it by mistake."""
    table = details_of(kind)
    usual = {} if table is None else default_details(table.columns)
    if kind == NodeKind.REGULATOR:
        usual |= {"valve_type": "TCV", "status": "open"}
    return usual


@contextmanager
def _table_row(table: str, row: dict[str, Any]) -> Iterator[None]:
    """Say which row of a table it is that cannot be read."""
    try:
        yield
    except (KeyError, ValueError, TypeError, RecursionError) as error:
        raise ReportedError(
            Sentence(
                gettext_noop("Row {value} of the table {table} cannot be read: {error}."),
                value=row.get("number"),
                table=table,
                error=error,
            ),
            code="bad_table",
        ) from error


def _line_label(row: dict[str, Any]) -> str:
    return f"pipe {row['code']}" if row["code"] is not None else "pipe"


def _rows(table: Any) -> list[dict[str, Any]]:
    """The rows of a table as dictionaries; several times as fast as `to_dict` on a hundred thousand of them."""
    names = list(table.columns)
    return [
        dict(zip(names, row, strict=True))
        for row in zip(*(table[name].tolist() for name in names), strict=True)
    ]


def _differences(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    """The names of the facts that are stated now and were otherwise."""
    return [name for name, value in new.items() if value is not None and not _equal(old.get(name), value)]


def _records(table: Any) -> list[dict[str, Any]]:
    """Rows of a table as dictionaries, without what is empty."""
    if table is None:
        return []
    return [
        {
            name: value
            for name, value in row.items()
            if value is not None and not (isinstance(value, float) and math.isnan(value))
        }
        for row in table.astype(object).to_dict("records")
    ]


def _hex(geometry: Any) -> list[str]:
    """Hexadecimal EWKB of an array: every bit of the coordinates reaches the database."""
    texts: Any = shapely.to_wkb(shapely.set_srid(geometry, 4326), hex=True, include_srid=True)
    return list(texts)


def _multipolygon(geometry: Any) -> Any:
    if geometry is None:
        return None
    if geometry.geom_type == "Polygon":
        geometry = shapely.multipolygons([geometry])
    if geometry.geom_type != "MultiPolygon":
        raise ReportedError(
            Sentence(
                gettext_noop("A zone is drawn as {geom_type}, not as an area."), geom_type=geometry.geom_type
            ),
            code="bad_table",
        )
    return GEOSGeometry(memoryview(shapely.to_wkb(geometry)), srid=4326)
