"""A layer of isolation valves from a table: each stands in a pipe by the node at one of its ends."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from assets.editing.services.devices import DevicePlacement, place_devices_at_pipe_ends
from assets.editing.services.elements import NODE_CODE_LENGTH
from assets.editing.services.session import editing
from assets.models import Lifecycle, Network, Node, NodeKind, Pipe
from gis_core.errors import ReportedError
from gis_core.models import User

MAXIMUM_ROWS = 500_000
# Devices one after the other between a pipe's end and the node it belongs to.
_MAXIMUM_CHAIN = 20
_ISOLATION = {"valve_type": "isolation", "status": "open"}


@dataclass(frozen=True)
class ValveRow:
    """One row of the table: its line in the file, and the codes it names."""

    line: int
    pipe: str
    node: str


@dataclass
class ValveReport:
    """What was placed and what was not, with reasons."""

    network: str
    valves: list[dict[str, Any]] = field(default_factory=list)
    refused: list[dict[str, Any]] = field(default_factory=list)
    edit: str | None = None

    def as_dict(self) -> dict[str, Any]:
        return {
            "network": self.network,
            "placed": len(self.valves),
            "valves": self.valves,
            "refused": self.refused,
            "edit": self.edit,
        }

    def refuse(self, row: ValveRow, reason: str) -> None:
        self.refused.append({"row": row.line, "pipe": row.pipe, "node": row.node, "reason": reason})


def read_valve_table(path: Path) -> list[ValveRow]:
    """The rows of a CSV file with the columns `pipe` and `node` (comma, semicolon or tab; others are not looked at).

    Raises ReportedError for a file that cannot be read or lacks a column.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise ReportedError(f"{path} cannot be read: {error.strerror}.", code="unreadable_file") from error
    except UnicodeDecodeError as error:
        raise ReportedError(f"{path} is not UTF-8 text.", code="unreadable_file") from error
    header = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = max(",;\t", key=header.count)
    rows: list[ValveRow] = []
    columns: dict[str, int] | None = None
    # strict: a quotation mark that never closes must not swallow the rest of the file.
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        for cells in reader:
            values = [cell.strip() for cell in cells]
            if not any(values):
                continue
            if columns is None:
                columns = _columns(path, values)
                continue
            cell = {name: values[index] if index < len(values) else "" for name, index in columns.items()}
            rows.append(ValveRow(reader.line_num, cell["pipe"], cell["node"]))
    except csv.Error as error:
        raise ReportedError(f"{path}: line {reader.line_num}: {error}.", code="unreadable_file") from error
    if columns is None:
        raise ReportedError(f"{path} is empty; its columns are pipe,node.", code="no_rows")
    if len(rows) > MAXIMUM_ROWS:
        raise ReportedError(f"{path} has more than {MAXIMUM_ROWS:,} rows.", code="too_many_rows")
    return rows


def _columns(path: Path, header: Sequence[str]) -> dict[str, int]:
    names = [name.casefold() for name in header]
    missing = [name for name in ("pipe", "node") if names.count(name) != 1]
    if missing:
        raise ReportedError(
            f"{path}: the first row names the columns; {' and '.join(missing)} must be there once. "
            f"It is: {', '.join(header)[:200]}.",
            code="missing_column",
        )
    return {name: names.index(name) for name in ("pipe", "node")}


def import_valves(network: Network, rows: Sequence[ValveRow], *, acting_user: User | None) -> ValveReport:
    """Put an isolation valve, open, into each named pipe by the named end node; all as one edit.

    A row that cannot be placed is refused alone, with its reason. Raises ReportedError (nothing_placed) when no row can
    be, with the reasons.
    """
    report = ValveReport(network.code)
    with editing(
        network,
        operation="import_valves",
        acting_user=acting_user,
        summary=f"isolation valves from {len(rows)} rows",
    ) as session:
        placements, placed = _placements(network, rows, report)
        if not placements:
            raise ReportedError(
                "No valve can be placed." if rows else "The table has no rows.",
                code="nothing_placed",
                details=report.refused,
            )
        place_devices_at_pipe_ends(network, placements)
        for row, placement in zip(placed, placements, strict=True):
            report.valves.append({"pipe": row.pipe, "node": row.node, "valve": placement.code})
        session.edit.parameters = {"rows": len(rows), "placed": len(placed), "refused": len(report.refused)}
        report.edit = str(session.edit.uid)
    return report


@dataclass(frozen=True)
class _KnownNetwork:
    """What the table's codes mean: pipes, names of devices, and at which end of a pipe which nodes lie."""

    pipes: dict[str, Pipe]
    devices: dict[str, str]
    ends: "_Ends"


def _placements(
    network: Network, rows: Sequence[ValveRow], report: ValveReport
) -> tuple[list[DevicePlacement], list[ValveRow]]:
    codes = {row.pipe for row in rows if "\x00" not in row.pipe}
    pipes = {
        pipe.code: pipe
        for pipe in Pipe.objects.filter(network=network, is_connector=False, code__in=codes).defer("geom")
    }
    devices = dict(
        Node.objects.filter(network=network, code_class="device", code__in=codes).values_list("code", "kind")
    )
    known = _KnownNetwork(pipes, devices, _Ends(list(pipes.values())))
    used: set[tuple[int, int]] = set()
    found: list[tuple[ValveRow, Pipe, int]] = []
    for row in rows:
        end_id, reason = _end_of(row, known)
        pipe = pipes.get(row.pipe)
        if end_id is not None and pipe is not None and (pipe.pk, end_id) in used:
            reason = "the table names this end of the pipe twice"
        if reason or pipe is None or end_id is None:
            report.refuse(row, reason)
            continue
        used.add((pipe.pk, end_id))
        found.append((row, pipe, end_id))
    names = _valve_codes(network, [row for row, _, _ in found])
    placements = [
        DevicePlacement(pipe.pk, end_id, name, NodeKind.VALVE.value, _ISOLATION)
        for (_, pipe, end_id), name in zip(found, names, strict=True)
    ]
    return placements, [row for row, _, _ in found]


def _end_of(row: ValveRow, known: _KnownNetwork) -> tuple[int | None, str]:
    """The id of the node that the pipe ends at on the named node's side, or why there is none."""
    if not row.pipe or not row.node:
        return None, f"the {'pipe' if not row.pipe else 'node'} is missing"
    pipe = known.pipes.get(row.pipe)
    if pipe is None:
        kind = known.devices.get(row.pipe)
        what = (
            f"{row.pipe} is a {NodeKind(kind).label}, not a pipe" if kind else f"there is no pipe {row.pipe}"
        )
        return None, what
    if pipe.lifecycle == Lifecycle.REMOVED:
        return None, f"pipe {row.pipe} is removed"
    for end_id in (pipe.start_node_id, pipe.end_node_id):
        names, has_valve = known.ends.at(end_id)
        if row.node in names:
            return (None, "an isolation valve is there already") if has_valve else (end_id, "")
    return None, f"{row.node} is not a node at an end of pipe {row.pipe}"


class _Ends:
    """Which nodes lie at an end of a pipe: its end node and, beyond devices placed there before, the next ones."""

    def __init__(self, pipes: Sequence[Pipe]) -> None:
        ids = {end for pipe in pipes for end in (pipe.start_node_id, pipe.end_node_id)}
        self._nodes: dict[int, Node] = {}
        self._beyond: dict[int, int] = {}
        for _ in range(_MAXIMUM_CHAIN):
            self._load(ids - self._nodes.keys())
            devices = {pk for pk in ids if self._nodes[pk].code_class == "device"} - self._beyond.keys()
            if not devices:
                break
            ids = self._follow(devices)

    def _load(self, ids: set[int]) -> None:
        rows = Node.objects.select_related("valve").filter(pk__in=ids).defer("geom")
        self._nodes |= {node.pk: node for node in rows}

    def _follow(self, devices: set[int]) -> set[int]:
        """Beyond a device that one connector joins to a node; a pump or valve of the model has two."""
        ways: dict[int, list[int]] = {}
        for side, other in (("start_node_id", "end_node_id"), ("end_node_id", "start_node_id")):
            connectors = Pipe.objects.filter(is_connector=True, **{f"{side}__in": devices})
            for device, far in connectors.values_list(side, other):
                ways.setdefault(device, []).append(far)
        reached = {device: far[0] for device, far in ways.items() if len(far) == 1}
        self._beyond |= reached
        return set(reached.values())

    def at(self, end_id: int) -> tuple[set[str], bool]:
        """The codes of the nodes at a pipe's end, and whether an isolation valve stands between."""
        names: set[str] = set()
        has_valve = False
        node_id: int | None = end_id
        for _ in range(_MAXIMUM_CHAIN):
            node = self._nodes.get(node_id) if node_id is not None else None
            if node is None:
                break
            if node_id == end_id or node.code_class == "node":
                names.add(node.code)
            valve = getattr(node, "valve", None)
            has_valve = has_valve or (valve is not None and valve.valve_type == "isolation")
            node_id = self._beyond.get(node.pk)
        return names, has_valve


def _valve_codes(network: Network, rows: Sequence[ValveRow]) -> list[str]:
    """V-<pipe>-<node>, shortened and numbered where that is taken or too long."""
    wanted = [f"V-{row.pipe}-{row.node}"[: NODE_CODE_LENGTH - 8] for row in rows]
    taken = set(
        Node.objects.filter(network=network, code_class="device", code__startswith="V-").values_list(
            "code", flat=True
        )
    )
    taken |= {
        code.removesuffix("/1")
        for code in Pipe.objects.filter(
            network=network, is_connector=True, code__startswith="V-"
        ).values_list("code", flat=True)
    }
    names = []
    for stem in wanted:
        name, number = stem, 2
        while name in taken:
            name, number = f"{stem}-{number}", number + 1
        taken.add(name)
        names.append(name)
    return names
