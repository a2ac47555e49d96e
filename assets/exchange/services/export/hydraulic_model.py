"""From the live graph to the nodes and links of EPANET.

The graph holds devices as nodes with connectors; EPANET holds pumps and regulating valves as links and knows
neither meters nor isolation valves. So connectors are drawn together, device by device:

stored    A ~~ P/1 ~~ (pump P) ~~ P/2 ~~ B           EPANET   A --pump P-- B
stored    A ~~ M/1 ~~ (meter M) ------- P1 ------ B  EPANET   A --pipe P1-- B
stored    A ---- P1 ---- (meter M) ---- P2 ------ B  EPANET   A --P1-- junction M --P2-- B

A closed isolation valve closes the pipe it stands in; a check valve makes that pipe one with a check valve.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext_noop as _

from assets.exchange.services.export.live_graph import LiveGraph, LiveNode, LivePipe
from gis_core.sentences import Sentence

IN_SERVICE = "in_service"
# A place of the model: a node of the graph, or one side of a device that is a link.
Place = tuple[int, str]

_REGULATING_TYPES = frozenset({"PRV", "PSV", "PBV", "FCV", "TCV", "GPV", "PCV"})
# EPANET lets these stand beside no tank or reservoir.
_NOT_BESIDE_STORAGE = frozenset({"PRV", "PSV", "FCV"})
_SHORTEST_PIPE_M = 0.1


@dataclass(slots=True)
class HydraulicNode:
    """A node of EPANET: `anchor` is the graph's node it stands for, `members` all that were drawn together."""

    anchor: LiveNode
    kind: str
    suffix: str = ""
    members: list[int] = field(default_factory=list)
    name: str = ""

    @property
    def code(self) -> str:
        return self.anchor.code + self.suffix


@dataclass(slots=True)
class HydraulicLink:
    """A link of EPANET from node `start` to node `end` (indexes), made of a pipe or of a device."""

    kind: str
    source: LivePipe | LiveNode
    start: int
    end: int
    is_closed: bool = False
    has_check_valve: bool = False
    vertices: list[tuple[float, float]] = field(default_factory=list)
    name: str = ""

    @property
    def code(self) -> str:
        return self.source.code


@dataclass
class HydraulicModel:
    """What EPANET gets, what it does not get (`not_kept`) and what it gets in another form (`adjusted`)."""

    nodes: list[HydraulicNode] = field(default_factory=list)
    links: list[HydraulicLink] = field(default_factory=list)
    node_of_graph: dict[int, int] = field(default_factory=dict)
    contracted: list[LivePipe] = field(default_factory=list)
    not_kept: list[dict[str, Any]] = field(default_factory=list)
    adjusted: list[dict[str, Any]] = field(default_factory=list)

    def leave_out(self, label: str, reason: str) -> None:
        self.not_kept.append({"element": label, "reason": reason})

    def adjust(self, label: str, reason: str) -> None:
        self.adjusted.append({"element": label, "reason": reason})


def to_hydraulic_model(graph: LiveGraph) -> HydraulicModel:
    """Reduce the graph to EPANET's elements; nothing of it is lost without an entry in `not_kept`."""
    return _Reduction(graph).run()


class _Reduction:
    def __init__(self, graph: LiveGraph) -> None:
        self.graph = graph
        self.model = HydraulicModel()
        self.edges = [pipe for pipe in graph.pipes if pipe.lifecycle == IN_SERVICE]
        self.edges_at: dict[int, list[LivePipe]] = {}
        for edge in self.edges:
            self.edges_at.setdefault(edge.start_id, []).append(edge)
            if edge.end_id != edge.start_id:
                self.edges_at.setdefault(edge.end_id, []).append(edge)
        self.link_devices: dict[int, LiveNode] = {}
        self.inlets: dict[int, set[int]] = {}  # of link devices: the edges at their inlet
        self.closed: set[int] = set()  # edges closed by a valve in them
        self.checked: set[int] = set()  # edges that a check valve stands in
        self.parent: dict[Place, Place] = {}
        self.anchor_of: dict[Place, int | None] = {}
        self.ports_of: dict[Place, set[int]] = {}

    def run(self) -> HydraulicModel:
        self._list_what_is_not_in_service()
        for node in self.graph.nodes.values():
            self._classify(node)
        self._draw_together()
        index_of_root = self._make_nodes()
        self._make_links(index_of_root)
        self._leave_out_unconnected()
        return self.model

    # --- what takes part

    def _list_what_is_not_in_service(self) -> None:
        for pipe in self.graph.pipes:
            if pipe.lifecycle != IN_SERVICE:
                self.model.leave_out(
                    pipe.label, Sentence(_("it is {value}"), value=pipe.lifecycle.replace("_", " "))
                )

    def _classify(self, node: LiveNode) -> None:
        edges = self.edges_at.get(node.id, [])
        in_service = node.lifecycle == IN_SERVICE
        state = node.lifecycle.replace("_", " ")
        if not edges:
            reason = (
                Sentence(_("nothing in service is joined to it"))
                if in_service
                else Sentence(_("it is {state}"), state=state)
            )
            self.model.leave_out(node.label, reason)
            return
        if self._is_link(node):
            self._classify_link_device(node, edges, in_service, state)
            return
        self._add_place((node.id, ""), None if node.is_device else node.id)
        if not in_service:
            self.model.adjust(
                node.label,
                Sentence(_("it is {state}, but pipes in service end at it: a plain junction"), state=state),
            )
        if not node.is_device:
            self._note_kind(node, in_service)
        elif node.kind in ("valve", "regulator"):
            self._classify_line_valve(node, edges)

    def _is_link(self, node: LiveNode) -> bool:
        if node.kind == "pump":
            return True
        return node.kind in ("valve", "regulator") and node.detail.get("valve_type", "") in _REGULATING_TYPES

    def _classify_link_device(
        self, node: LiveNode, edges: list[LivePipe], in_service: bool, state: str
    ) -> None:
        inlets = {edge.id for edge in edges if edge.end_id == node.id}
        if len(inlets) in (0, len(edges)):
            own_inlet = next((edge.id for edge in edges if edge.code == f"{node.code}/1"), edges[0].id)
            inlets = {own_inlet}
            if len(edges) > 1:
                self.model.adjust(
                    node.label, "the lines at it do not say its direction: the first is its inlet"
                )
        self.inlets[node.id] = inlets
        for side in ("in", "out"):
            if side == "in" or len(edges) > 1:
                self._add_place((node.id, side), None)
                self.ports_of[node.id, side] = {node.id}
        if not in_service:
            self.model.leave_out(node.label, Sentence(_("it is {state}"), state=state))
        elif len(edges) < 2:
            self.model.leave_out(node.label, "a line is joined to one side of it only")
        elif node.kind == "pump" and not self._lifts(node):
            self.model.leave_out(node.label, "neither a head curve nor a power is stated for it")
        elif node.detail.get("valve_type") == "GPV" and not node.detail.get("headloss_curve"):
            self.model.leave_out(node.label, "no head-loss curve is stated for it")
        else:
            self.link_devices[node.id] = node

    @staticmethod
    def _lifts(node: LiveNode) -> bool:
        return node.detail.get("head_curve") is not None or (node.detail.get("power_w") or 0.0) > 0

    def _note_kind(self, node: LiveNode, in_service: bool) -> None:
        if not in_service or node.kind in ("junction", "reservoir"):
            if in_service and node.kind == "reservoir" and not node.detail and node.elevation_m is None:
                self.model.adjust(node.label, "no head is stated for it: 0 m")
            return
        if node.kind == "tank":
            if not node.detail:
                self.model.adjust(
                    node.label, "no levels are stated for it: a reservoir at the tank's elevation"
                )
        elif node.kind == "source":
            self.model.adjust(node.label, Sentence(_("EPANET knows no sources: a reservoir")))
        else:
            self.model.adjust(
                node.label,
                Sentence(_("EPANET knows no {value}: a junction"), value=node.kind.replace("_", " ")),
            )

    def _classify_line_valve(self, node: LiveNode, edges: list[LivePipe]) -> None:
        """Isolation and check valves act on the pipes they stand in."""
        if node.detail.get("status") == "closed":
            open_edge = next((edge for edge in edges if edge.is_connector), edges[0])
            self.closed |= {edge.id for edge in edges if edge is not open_edge}
        elif node.detail.get("valve_type") == "check" and len(edges) == 2:
            arriving = [edge for edge in edges if edge.end_id == node.id]
            if len(arriving) == 1:
                by_preference = sorted(edges, key=lambda edge: (edge.is_connector, edge is not arriving[0]))
                self.checked.add(by_preference[0].id)
            else:
                self.model.adjust(node.label, "the lines at it do not say its direction: it is left open")
        elif node.detail.get("valve_type") == "check" and len(edges) > 2:
            self.model.adjust(node.label, "more than two lines end at it: it is left open")

    # --- drawing together

    def _add_place(self, place: Place, anchor: int | None) -> None:
        self.parent[place] = place
        self.anchor_of[place] = anchor
        self.ports_of[place] = set()

    def _place(self, edge: LivePipe, node_id: int) -> Place:
        if node_id in self.inlets:
            return (node_id, "in" if edge.id in self.inlets[node_id] else "out")
        return (node_id, "")

    def _root(self, place: Place) -> Place:
        while self.parent[place] != place:
            self.parent[place] = self.parent[self.parent[place]]
            place = self.parent[place]
        return place

    def _draw_together(self) -> None:
        """Contract connectors, those of link devices first; one that joins two real nodes stays a short pipe."""
        connectors = [edge for edge in self.edges if edge.is_connector and self._is_contractible(edge)]
        connectors.sort(key=lambda edge: not ({edge.start_id, edge.end_id} & self.inlets.keys()))
        contracted = set()
        for edge in connectors:
            if self._unite(self._place(edge, edge.start_id), self._place(edge, edge.end_id)):
                contracted.add(edge.id)
                self.model.contracted.append(edge)
        self.edges = [edge for edge in self.edges if edge.id not in contracted]

    def _is_contractible(self, edge: LivePipe) -> bool:
        ends = [self.graph.nodes[edge.start_id], self.graph.nodes[edge.end_id]]
        if not any(end.is_device for end in ends):
            return False
        if edge.id in self.closed or edge.id in self.checked:
            return False
        return edge.status == "open" and not edge.has_check_valve

    def _unite(self, one: Place, other: Place) -> bool:
        one, other = self._root(one), self._root(other)
        if one == other:
            return False
        anchors = [anchor for anchor in (self.anchor_of[one], self.anchor_of[other]) if anchor is not None]
        if len(anchors) == 2 or self.ports_of[one] & self.ports_of[other]:
            return False
        ports = self.ports_of[one] | self.ports_of[other]
        if anchors and self._is_storage(anchors[0]) and any(self._shuns_storage(port) for port in ports):
            return False
        self.parent[other] = one
        self.anchor_of[one] = anchors[0] if anchors else None
        self.ports_of[one] = ports
        return True

    def _is_storage(self, node_id: int) -> bool:
        return _epanet_kind(self.graph.nodes[node_id]) != "junction"

    def _shuns_storage(self, node_id: int) -> bool:
        node = self.link_devices.get(node_id)
        return node is not None and node.detail.get("valve_type") in _NOT_BESIDE_STORAGE

    # --- nodes and links

    def _make_nodes(self) -> dict[Place, int]:
        """One node of EPANET for all places drawn together; in the order of the graph's nodes."""
        members: dict[Place, list[Place]] = {}
        for place in self.parent:
            members.setdefault(self._root(place), []).append(place)
        drafts = []
        for root, places in members.items():
            anchor_id = self.anchor_of[root]
            place = (anchor_id, "") if anchor_id is not None else min(places, key=self._stands_for)
            anchor = self.graph.nodes[place[0]]
            node = HydraulicNode(anchor, _epanet_kind(anchor) if anchor_id is not None else "junction")
            if place[1]:
                node.suffix = f"-{place[1]}"
            node.members = [node_id for node_id, side in places if side == ""]
            drafts.append((anchor.id, root, node))
        drafts.sort(key=lambda draft: draft[0])
        self.model.nodes = [node for _, _, node in drafts]
        for index, node in enumerate(self.model.nodes):
            for member in node.members:
                self.model.node_of_graph[member] = index
        return {root: index for index, (_, root, _) in enumerate(drafts)}

    @staticmethod
    def _stands_for(place: Place) -> tuple[bool, int]:
        """A device of the line names a junction rather than the side of a pump does."""
        return (place[1] != "", place[0])

    def _make_links(self, index_of_root: dict[Place, int]) -> None:
        def index(place: Place) -> int:
            return index_of_root[self._root(place)]

        for edge in self.edges:
            link = HydraulicLink(
                "pipe",
                edge,
                index(self._place(edge, edge.start_id)),
                index(self._place(edge, edge.end_id)),
                is_closed=edge.status == "closed" or edge.id in self.closed,
                has_check_valve=edge.has_check_valve or edge.id in self.checked,
                vertices=edge.points[1:-1],
            )
            if link.start == link.end:
                self.model.leave_out(edge.label, "both its ends are one node of EPANET")
                continue
            if edge.is_connector:
                self.model.adjust(edge.label, "it joins two nodes of EPANET: a short pipe")
            if link.has_check_valve and link.is_closed:
                self.model.adjust(edge.label, "it is closed and has a check valve: a closed pipe")
                link.has_check_valve = False
            self.model.links.append(link)
        for device in self._devices_in_order():
            start, end = index((device.id, "in")), index((device.id, "out"))
            if start == end:
                self.model.leave_out(device.label, "both its sides are one node of EPANET")
                continue
            kind = "pump" if device.kind == "pump" else "valve"
            vertices = self._device_vertices(device)
            self.model.links.append(HydraulicLink(kind, device, start, end, vertices=vertices))

    def _devices_in_order(self) -> Iterable[LiveNode]:
        return sorted(self.link_devices.values(), key=lambda node: (node.kind != "pump", node.id))

    def _device_vertices(self, device: LiveNode) -> list[tuple[float, float]]:
        """The drawing of its link: along its connectors, without the device itself."""
        before: list[tuple[float, float]] = []
        after: list[tuple[float, float]] = []
        for edge in self.edges_at[device.id]:
            if not edge.is_connector:
                continue
            inner = edge.points[1:-1]
            if edge.id in self.inlets[device.id]:
                before = inner if edge.end_id == device.id else inner[::-1]
            else:
                after = inner if edge.start_id == device.id else inner[::-1]
        return [*before, *after]

    def _leave_out_unconnected(self) -> None:
        """EPANET runs no model in which a node has no link."""
        joined = {end for link in self.model.links for end in (link.start, link.end)}
        new_index: dict[int, int] = {}
        kept: list[HydraulicNode] = []
        for index, node in enumerate(self.model.nodes):
            if index in joined:
                new_index[index] = len(kept)
                kept.append(node)
                if node.suffix:
                    reason = Sentence(
                        _("pipes end at it directly: the junction {node} stands there"), node=node.code
                    )
                    self.model.adjust(node.anchor.label, reason)
            elif not node.suffix:
                self.model.leave_out(node.anchor.label, "nothing that EPANET knows is joined to it")
        self.model.nodes = kept
        for link in self.model.links:
            link.start, link.end = new_index[link.start], new_index[link.end]
        self.model.node_of_graph = {
            node_id: new_index[index]
            for node_id, index in self.model.node_of_graph.items()
            if index in new_index
        }


def _epanet_kind(node: LiveNode) -> str:
    if node.lifecycle != IN_SERVICE:
        return "junction"
    if node.kind == "tank":
        return "tank" if node.detail else "reservoir"
    return "reservoir" if node.kind in ("reservoir", "source") else "junction"


def pipe_length_m(pipe: LivePipe) -> float:
    """The length for the hydraulics: as stated, else as drawn; never below 0.1 m."""
    return pipe.stated_length_m or max(pipe.geodesic_length_m, _SHORTEST_PIPE_M)
