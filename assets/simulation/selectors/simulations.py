"""Reading simulations: which there are, mean flows for traces, series for maps and graphs."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import numpy as np
from django.db.models import QuerySet

from assets.models import LinkResult, Network, NodeResult, SimulationRun
from gis_core.access import Capability, Viewer, visible

FloatArray = np.ndarray[Any, np.dtype[np.float64]]
IntArray = np.ndarray[Any, np.dtype[np.int64]]


@dataclass(frozen=True)
class SimulatedSeries:
    """Values at `times_s` seconds of a run: of a node (m, m, m3/h) or of a pipe or device (m3/h)."""

    times_s: list[int]
    head_m: list[float] | None = None
    pressure_m: list[float] | None = None
    demand_m3h: list[float] | None = None
    flow_m3h: list[float] | None = None
    statuses: list[int] | None = None


def runs_visible_to(viewer: Viewer) -> QuerySet[SimulationRun]:
    """The simulations of the networks that the viewer sees, newest first."""
    runs = SimulationRun.objects.select_related("network", "acting_user")
    return visible(runs, viewer, Capability.VIEW_NETWORK)


def latest_run(network: Network) -> SimulationRun | None:
    """The newest simulation of a network; None when there is none."""
    return SimulationRun.objects.filter(network=network).order_by("-id").first()


def mean_flows(run: SimulationRun) -> tuple[IntArray, FloatArray]:
    """Ids of pipes (connectors too) and their mean flow over the run, m3/h, positive from start to end."""
    rows = list(
        LinkResult.objects.filter(run=run, pipe__isnull=False).values_list("pipe_id", "mean_flow_m3h")
    )
    table = np.array(rows, dtype=np.float64).reshape(-1, 2)
    return table[:, 0].astype(np.int64), table[:, 1]


def node_series(run: SimulationRun, uid: UUID) -> SimulatedSeries | None:
    """What was computed at a node; for a device of the line also the flow through it. None: nothing was."""
    at_node = NodeResult.objects.filter(run=run, node__uid=uid).first()
    through = LinkResult.objects.filter(run=run, device__uid=uid).first()
    if at_node is None and through is None:
        return None
    return SimulatedSeries(
        times_s=run.times_s,
        head_m=at_node.head_m if at_node else None,
        pressure_m=at_node.pressure_m if at_node else None,
        demand_m3h=at_node.demand_m3h if at_node else None,
        flow_m3h=through.flow_m3h if through else None,
        statuses=through.statuses if through else None,
    )


def pipe_series(run: SimulationRun, uid: UUID) -> SimulatedSeries | None:
    """The flow through a pipe; None when the run does not have it."""
    found = LinkResult.objects.filter(run=run, pipe__uid=uid).first()
    return SimulatedSeries(run.times_s, flow_m3h=found.flow_m3h, statuses=found.statuses) if found else None
