"""The live network as EPANET solves it, for signatures: indexes, lengths, and a few hours of one day."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from assets.exchange.services.export.epanet_file import EpanetFile, RunSettings, write_epanet
from assets.exchange.services.export.live_graph import LivePipe
from assets.models import Network
from assets.simulation.services.epanet_run import EpanetResults, run_epanet
from balances.leak_location.signatures import Floats, Integers, ModelLinks, SolvedHour

# Hours of the local day whose signatures are used: the middles of its four parts.
PART_HOURS = (3, 9, 15, 21)
PART_H = 6
_DAY_S = 24 * 3600
_M3H = 3600.0
_LEAST_PRESSURE = 1.0


@dataclass(frozen=True)
class NetworkModel:
    """A network read once. Pipes are those of the model that are drawn in the register; lengths in m."""

    network: Network
    exported: EpanetFile
    links: ModelLinks
    pipes: list[LivePipe]
    pipe_links: Integers
    lengths_m: Floats

    def index_of(self, node_id: int) -> int | None:
        """The model's node that stands for a node of the register."""
        return self.exported.model.node_of_graph.get(node_id)

    def solved(self, leaks: dict[int, float]) -> list[SolvedHour]:
        """The hours `PART_HOURS`, with leaks, m3/h, at nodes of the model. Raises ReportedError as EPANET does."""
        text = self.exported.text
        results = _run(text)
        if leaks:
            results = _run(self._with_leaks(text, results, leaks))
        return [self._hour(results, hour) for hour in PART_HOURS]

    def _with_leaks(self, text: str, results: EpanetResults, leaks: dict[int, float]) -> str:
        """The model with an emitter for each leak, sized to its flow at the node's pressure."""
        model, units = self.exported.model, self.exported.units
        lines = ["[EMITTERS]"]
        for index, flow_m3h in leaks.items():
            node = model.nodes[index]
            head = float(results.head[:, results.node_names.index(node.name)].mean())
            pressure_m = head * units.length_m - (node.anchor.elevation_m or 0.0)
            pressure = max(pressure_m / units.length_m, _LEAST_PRESSURE)
            flow = flow_m3h / _M3H / units.flow_m3s
            lines.append(f" {node.name} {flow / pressure**0.5:.9g}")
        return text.replace("[END]", "\n".join([*lines, "", "[END]"]))

    def _hour(self, results: EpanetResults, hour: int) -> SolvedHour:
        model, units = self.exported.model, self.exported.units
        step = int(np.abs(np.array(results.times_s) - hour * 3600).argmin())
        node_place = {name: place for place, name in enumerate(results.node_names)}
        link_place = {name: place for place, name in enumerate(results.link_names)}
        nodes = [node_place[node.name] for node in model.nodes]
        links = [link_place[link.name] for link in model.links]
        flow_factor = units.flow_m3s * _M3H
        return SolvedHour(
            head_m=results.head[step, nodes] * units.length_m,
            demand_m3h=results.demand[step, nodes] * flow_factor,
            flow_m3h=results.flow[step, links] * flow_factor,
            status=results.status[step, links],
        )


@lru_cache(maxsize=8)
def _run(text: str) -> EpanetResults:
    return run_epanet(text)


def read_network_model(network: Network) -> NetworkModel:
    """The network in service as EPANET gets it."""
    exported = write_epanet(network, run=RunSettings(duration_s=_DAY_S))
    model = exported.model
    links = ModelLinks(
        starts=np.array([link.start for link in model.links], dtype=np.int64),
        ends=np.array([link.end for link in model.links], dtype=np.int64),
        kinds=tuple(_kind(link) for link in model.links),
        is_fixed=np.array([node.kind in ("tank", "reservoir") for node in model.nodes], dtype=bool),
    )
    chosen = [
        (place, link.source)
        for place, link in enumerate(model.links)
        if isinstance(link.source, LivePipe) and not link.source.is_connector
    ]
    pipes = [pipe for _place, pipe in chosen]
    return NetworkModel(
        network=network,
        exported=exported,
        links=links,
        pipes=pipes,
        pipe_links=np.array([place for place, _pipe in chosen], dtype=np.int64),
        lengths_m=np.array([max(pipe.stated_length_m or pipe.geodesic_length_m, 0.1) for pipe in pipes]),
    )


def _kind(link: Any) -> str:
    if link.kind != "valve":
        return str(link.kind)
    return str(link.source.detail.get("valve_type") or "valve").lower()
