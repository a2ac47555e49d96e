"""The live network through EPANET: heads, pressures, demands and flows, kept for maps and traces."""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext_noop as _

from assets.exchange.services.export.epanet_file import (
    EpanetFile,
    RunSettings,
    element_counts,
    write_epanet,
)
from assets.exchange.services.export.exporting import refuse_other_commodities, snapshot
from assets.exchange.services.export.live_graph import LiveNode, LivePipe
from assets.models import Network, SimulationRun
from assets.simulation.services.epanet_run import EpanetResults, FloatArray, run_epanet
from gis_core.database.locks import AdvisoryLock, hold
from gis_core.database.row_copies import copy_rows
from gis_core.errors import ReportedError
from gis_core.models import User
from gis_core.sentences import Figure, Sentence
from gis_core.services.audit import record_change

KEPT_RUNS = 5
LONGEST_HOURS = 8784.0
# Series of all nodes and links together; 8 bytes each, a few times over while they are written.
MAXIMUM_VALUES = 60_000_000
_M3H_PER_M3S = 3600.0
_STEPS = ("Reading the network", "Running EPANET", "Storing the results")

ProgressReport = Callable[[str, int, int], None]
# The flow (m3/h) and state of pipes and devices over time, by "pipe" or "device" and id.
_Flows = dict[tuple[str, int], tuple[FloatArray, np.ndarray[Any, np.dtype[Any]]]]


@dataclass
class Simulation:
    """A run and its series: time first, then the order of `node_codes` and `link_codes`. SI and m3/h."""

    run: SimulationRun
    times_s: list[int]
    node_codes: list[str]
    link_codes: list[str]
    head_m: FloatArray
    pressure_m: FloatArray
    demand_m3h: FloatArray
    flow_m3h: FloatArray
    warnings: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """The whole of it, series by code; numbers with six decimals."""
        head, pressure, demand, flow = (
            np.round(values, 6).T.tolist()
            for values in (self.head_m, self.pressure_m, self.demand_m3h, self.flow_m3h)
        )
        return {
            "network": self.run.network.code,
            "run": str(self.run.uid),
            "engine": self.run.engine,
            "times_s": self.times_s,
            "nodes": {
                code: {"head_m": head[index], "pressure_m": pressure[index], "demand_m3h": demand[index]}
                for index, code in enumerate(self.node_codes)
            },
            "links": {code: {"flow_m3h": flow[index]} for index, code in enumerate(self.link_codes)},
            "warnings": self.warnings,
            "not_kept": self.run.not_kept,
            "adjusted": self.run.adjusted,
        }


def simulate_network(
    network: Network,
    *,
    hours: float,
    acting_user: User | None,
    report_progress: ProgressReport | None = None,
) -> Simulation:
    """Run EPANET 2.2 on what is in service and store the series; the newest five runs of a network are kept.

    `hours` takes the place of the model's own duration; everything else is as the network states it. Raises
    ReportedError for a commodity that EPANET does not compute, hours outside 0 to 8784, a run too large to keep,
    or EPANET's own errors.
    """
    if not 0 <= hours <= LONGEST_HOURS:
        raise ReportedError(
            Sentence(_("The hours are from 0 to {longest_hours}."), longest_hours=f"{LONGEST_HOURS:g}"),
            code="bad_hours",
        )
    refuse_other_commodities(network)
    report = report_progress or (lambda _message, _done, _total: None)
    report(_STEPS[0], 0, len(_STEPS))
    with snapshot():
        network.refresh_from_db()
        read_at = timezone.now()
        exported = write_epanet(network, run=RunSettings(duration_s=round(hours * 3600)))
    _refuse_unrunnable(network, exported, hours)
    report(_STEPS[1], 1, len(_STEPS))
    results = run_epanet(exported.text)
    report(_STEPS[2], 2, len(_STEPS))
    simulation = _in_si(network, exported, results, hours, read_at)
    _store(simulation, exported, results, acting_user)
    report(_STEPS[2], 3, len(_STEPS))
    return simulation


def _refuse_unrunnable(network: Network, exported: EpanetFile, hours: float) -> None:
    counts = element_counts(exported.model)
    if not counts["junction"] or not (counts["tank"] or counts["reservoir"]):
        raise ReportedError(
            Sentence(
                _(
                    "Network {network} has {counts} junctions and {counts_2} tanks, reservoirs and "
                    "sources in service; EPANET needs one of each."
                ),
                network=network.code,
                counts=counts["junction"],
                counts_2=counts["tank"] + counts["reservoir"],
            ),
            code="not_runnable",
        )
    steps = hours * 3600 / max(exported.report_step_s, 1) + 1
    values = steps * (3 * len(exported.model.nodes) + len(exported.model.links))
    if values > MAXIMUM_VALUES:
        raise ReportedError(
            Sentence(
                _(
                    "{known} million values would come of it; at most {maximum_values} million are kept. "
                    "Simulate fewer hours, or report less often."
                ),
                known=Figure(values / 1000000.0, ",.0f"),
                maximum_values=Figure(MAXIMUM_VALUES / 1000000.0, ",.0f"),
            ),
            code="too_many_results",
        )


def _in_si(
    network: Network, exported: EpanetFile, results: EpanetResults, hours: float, read_at: datetime
) -> Simulation:
    """The results in the order of the model's nodes and links, in metres and m3/h."""
    nodes, links = exported.model.nodes, exported.model.links
    node_order = _order([node.name for node in nodes], results.node_names)
    link_order = _order([link.name for link in links], results.link_names)
    flow_factor = exported.units.flow_m3s * _M3H_PER_M3S
    head_m = results.head[:, node_order] * exported.units.length_m
    demand_m3h = results.demand[:, node_order] * flow_factor
    flow_m3h = results.flow[:, link_order] * flow_factor
    for values in (head_m, demand_m3h, flow_m3h):
        if not np.isfinite(values).all():
            raise ReportedError(
                Sentence(_("EPANET found no solution: some of its results are not numbers.")),
                code="no_solution",
            )
    elevation_m = np.array([_elevation_m(node.anchor) for node in nodes])
    run = SimulationRun(
        network=network,
        division_id=network.division_id,
        network_read_at=read_at,
        hours=hours,
        times_s=results.times_s,
        engine=results.engine,
        model_sha256=hashlib.sha256(exported.text.encode()).hexdigest(),
        counts=element_counts(exported.model),
        warnings=results.warnings,
        not_kept=exported.not_kept,
        adjusted=exported.adjusted,
    )
    return Simulation(
        run=run,
        times_s=results.times_s,
        node_codes=_codes([(node.code, node.name) for node in nodes]),
        link_codes=_codes([(link.code, link.name) for link in links]),
        head_m=head_m,
        # As EPANET has it: metres of water, so a heavier liquid presses more.
        pressure_m=(head_m - elevation_m) * exported.units.specific_gravity,
        demand_m3h=demand_m3h,
        flow_m3h=flow_m3h,
        warnings=results.warnings,
    )


def _order(wanted: list[str], given: list[str]) -> list[int]:
    position = {name: index for index, name in enumerate(given)}
    return [position[name] for name in wanted]


def _elevation_m(node: LiveNode) -> float:
    if node.detail.get("head_m") is not None:
        return float(node.detail["head_m"])
    return node.elevation_m or 0.0


def _codes(codes_and_names: list[tuple[str, str]]) -> list[str]:
    """Our codes; where two elements share one, the identifiers that EPANET was given."""
    codes = [code for code, _ in codes_and_names]
    shared = {code for code in codes if codes.count(code) > 1} if len(set(codes)) < len(codes) else set()
    return [name if code in shared else code for code, name in codes_and_names]


# --- storing


@transaction.atomic
def _store(
    simulation: Simulation, exported: EpanetFile, results: EpanetResults, acting_user: User | None
) -> None:
    """Write the run, its series by node, pipe and device, and the audit row; drop the runs beyond the newest."""
    run = simulation.run
    hold(AdvisoryLock.SIMULATION_RUNS, run.network_id)
    run.acting_user, run.finished_at = acting_user, timezone.now()
    run.save()
    _write_node_results(run, simulation, exported)
    statuses = results.status[:, _order([link.name for link in exported.model.links], results.link_names)]
    _write_link_results(run, simulation, exported, statuses)
    kept = SimulationRun.objects.filter(network_id=run.network_id).order_by("-id")[:KEPT_RUNS]
    SimulationRun.objects.filter(network_id=run.network_id).exclude(
        pk__in=list(kept.values_list("pk", flat=True))
    ).delete()
    record_change(
        acting_user=acting_user,
        action="simulate network",
        subject=run,
        division=run.network.division,
        new_values={
            "network": run.network.code,
            "hours": run.hours,
            "model_sha256": run.model_sha256,
            "warnings": len(run.warnings),
        },
    )


def _write_node_results(run: SimulationRun, simulation: Simulation, exported: EpanetFile) -> None:
    series = [_arrays(values) for values in (simulation.head_m, simulation.pressure_m, simulation.demand_m3h)]
    zeros = _array(np.zeros(len(simulation.times_s)))
    anchors = {node.anchor.id for node in exported.model.nodes if not node.suffix}

    def rows() -> Iterable[tuple[Any, ...]]:
        for node_id, index in exported.model.node_of_graph.items():
            # The demand is drawn at one of the nodes that were drawn together.
            demand = series[2][index] if node_id in anchors else zeros
            yield node_id, series[0][index], series[1][index], demand

    _insert(
        run,
        "assets_noderesult",
        "node_id bigint, head_m float8[], pressure_m float8[], demand_m3h float8[]",
        rows(),
        "JOIN assets_node node ON node.id = result.node_id FOR KEY SHARE OF node",
    )


def _write_link_results(
    run: SimulationRun, simulation: Simulation, exported: EpanetFile, statuses: FloatArray
) -> None:
    flows: _Flows = {}
    # EPANET's states: 0 to 2 closed, 3 open, 4 active, above that open but at a limit.
    states = np.select([statuses <= 2, statuses == 4], [0, 2], default=1)
    for index, link in enumerate(exported.model.links):
        key = ("pipe" if isinstance(link.source, LivePipe) else "device", link.source.id)
        flows[key] = (simulation.flow_m3h[:, index], states[:, index])
    _add_flows_of_contracted(flows, exported)

    def rows() -> Iterable[tuple[Any, ...]]:
        for (what, pk), (flow, state) in flows.items():
            pipe_id, device_id = (pk, None) if what == "pipe" else (None, pk)
            yield pipe_id, device_id, _array(flow), _array(state), float(flow.mean())

    _insert(
        run,
        "assets_linkresult",
        "pipe_id bigint, device_id bigint, flow_m3h float8[], statuses smallint[], mean_flow_m3h float8",
        rows(),
        "WHERE EXISTS (SELECT FROM assets_pipe pipe WHERE pipe.id = result.pipe_id FOR KEY SHARE) "
        "OR EXISTS (SELECT FROM assets_node node WHERE node.id = result.device_id FOR KEY SHARE)",
    )


def _add_flows_of_contracted(flows: _Flows, exported: EpanetFile) -> None:
    """Flows of connectors and line devices, which EPANET did not see, from what flows in and out beside them.

    At a device of the line nothing is drawn, so what comes in by one line goes out by the others; a line alone at
    its device carries nothing.
    """
    graph, model = exported.graph, exported.model
    edges_at: dict[int, list[LivePipe]] = {}
    known = {key[1] for key in flows if key[0] == "pipe"}
    contracted = {pipe.id for pipe in model.contracted}
    for pipe in graph.pipes:
        if pipe.id in known or pipe.id in contracted:
            edges_at.setdefault(pipe.start_id, []).append(pipe)
            edges_at.setdefault(pipe.end_id, []).append(pipe)
    waiting = [node_id for node_id in edges_at if graph.nodes[node_id].is_device]
    while waiting:
        neighbours = []
        for node_id in waiting:
            neighbours += _settle_device(node_id, edges_at, flows, graph.nodes)
        waiting = neighbours
    for node_id, edges in edges_at.items():
        _add_flow_through(node_id, edges, flows, graph.nodes)


def _settle_device(
    node_id: int,
    edges_at: dict[int, list[LivePipe]],
    flows: _Flows,
    nodes: dict[int, LiveNode],
) -> list[int]:
    """Give flows to the unknown lines at a device where that can be told; return the devices beyond them."""
    unknown = [edge for edge in edges_at[node_id] if ("pipe", edge.id) not in flows]
    through = flows.get(("device", node_id))
    settled = []
    if through is not None:
        for edge in unknown if len(edges_at[node_id]) == 2 else []:
            flows["pipe", edge.id] = through
            settled.append(edge)
    elif len(unknown) == 1:
        edge = unknown[0]
        others = [other for other in edges_at[node_id] if other is not edge]
        known = [flows["pipe", other.id] for other in others]
        arriving = sum(
            (flow if other.end_id == node_id else -flow)
            for other, (flow, _) in zip(others, known, strict=True)
        )
        flow = np.zeros(_length(flows)) + arriving
        # Of several lines no single state is this one's: it is open. States are whole numbers, as they are stored.
        state = known[0][1] if len(known) == 1 else np.ones(len(flow), dtype=np.int64)
        flows["pipe", edge.id] = (flow if edge.start_id == node_id else -flow, state)
        settled.append(edge)
    beyond = (edge.end_id if edge.start_id == node_id else edge.start_id for edge in settled)
    return [other for other in beyond if nodes[other].is_device]


def _length(flows: _Flows) -> int:
    return len(next(iter(flows.values()))[0])


def _add_flow_through(
    node_id: int,
    edges: list[LivePipe],
    flows: _Flows,
    nodes: dict[int, LiveNode],
) -> None:
    """The flow through a meter or valve, positive along its drawing: what arrives by its first line."""
    if not nodes[node_id].is_device or ("device", node_id) in flows or len(edges) != 2:
        return
    inlet = next((edge for edge in edges if edge.end_id == node_id), edges[0])
    known = flows.get(("pipe", inlet.id))
    if known is not None:
        flow, state = known
        flows["device", node_id] = (flow if inlet.end_id == node_id else -flow, state)


def _array(values: FloatArray) -> str:
    """PostgreSQL's text form of an array."""
    return "{" + ",".join(map(str, np.round(values, 6).tolist())) + "}"


def _arrays(values: FloatArray) -> list[str]:
    return [_array(column) for column in values.T]


def _insert(
    run: SimulationRun, table: str, columns: str, rows: Iterable[tuple[Any, ...]], condition: str
) -> None:
    """Bring rows in by COPY; those whose element has been deleted meanwhile stay out."""
    names = ", ".join(column.split()[0] for column in columns.split(", "))
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TEMPORARY TABLE new_results ({columns}) ON COMMIT DROP")
        copy_rows("new_results", names, rows)
        cursor.execute("ANALYZE new_results")
        selected = ", ".join(f"result.{name}" for name in names.split(", "))
        cursor.execute(
            f"INSERT INTO {table} (run_id, {names}) SELECT %s, {selected} FROM new_results result {condition}",  # noqa: S608
            [run.pk],
        )
        cursor.execute("DROP TABLE new_results")
