"""Small random networks with every kind of thing that matters to topology, and slow ways to the same answers."""

import random
from collections.abc import Iterable

import networkx as nx
from django.contrib.gis.geos import LineString, Point
from django.db import transaction

from assets.models import Network, Node, Pipe, PumpDetail, ReservoirDetail, ValveDetail
from gis_core.models import Division


def make_random_network(division: Division, seed: int, *, size: int = 24, code: str = "") -> Network:
    """A loose mesh of `size` points: junctions, one to three sources, and devices of every state in its lines."""
    chance = random.Random(seed)
    network = Network.objects.create(
        code=code or f"random-{seed}", name="random", commodity="water", division=division
    )
    builder = Builder(network)
    places = [builder.node("junction", f"J{number}") for number in range(size)]
    for place in chance.sample(places, chance.randint(1, 3)):
        Node.objects.filter(pk=place.pk).update(kind="reservoir")
        ReservoirDetail.objects.create(node=place, head_m=50)
    mesh = nx.gnm_random_graph(size, int(size * 1.3), seed=seed)
    for one, other in mesh.edges:
        builder.line(places[one], places[other], chance)
    return network


class Builder:
    """Adds elements to a network by the ORM, outside any edit."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.count = Node.objects.filter(network=network).count()
        self.pipes = 0

    def node(self, kind: str, code: str) -> Node:
        self.count += 1
        return Node.objects.create(
            network=self.network,
            division_id=self.network.division_id,
            kind=kind,
            code=code,
            geom=Point(69 + self.count % 40 * 1e-3, 41 + self.count // 40 * 1e-3, srid=4326),
        )

    def pipe(self, start: Node, end: Node, **values: object) -> Pipe:
        self.pipes += 1
        values.setdefault("code", f"P{self.pipes}")
        return Pipe.objects.create(
            network=self.network,
            division_id=self.network.division_id,
            start_node=start,
            end_node=end,
            geom=LineString(start.geom, end.geom, srid=4326),
            diameter_m=0.1,
            **values,
        )

    @transaction.atomic
    def valve(self, **values: object) -> Node:
        """An isolation valve unless another `valve_type` is named."""
        node = self.node("valve", f"V{self.count}")
        ValveDetail.objects.create(node=node, node_kind="valve", **values)
        return node

    @transaction.atomic
    def line(self, start: Node, end: Node, chance: random.Random) -> None:
        """Pipes from start to end with up to two devices between them."""
        here = start
        for _device in range(chance.choice([0, 0, 1, 1, 2])):
            kind = chance.random()
            if kind < 0.7:
                device = self.valve(
                    status=chance.choice(["open", "open", "open", "closed"]),
                    is_broken=chance.random() < 0.15,
                    is_accessible=chance.random() > 0.1,
                )
            elif kind < 0.8:
                device = self.valve(valve_type=chance.choice(["PRV", "check", "TCV"]), status="active")
            elif kind < 0.9:
                device = self.node("pump", f"U{self.count}")
                PumpDetail.objects.create(node=device, power_w=100, is_isolating=chance.random() < 0.3)
            else:
                device = self.node("junction", f"J{self.count + 1000}")
            self.pipe(here, device)
            here = device
        self.pipe(
            here,
            end,
            status="closed" if chance.random() < 0.05 else "open",
            has_check_valve=chance.random() < 0.08,
            lifecycle="planned" if chance.random() < 0.04 else "in_service",
        )


def ways(
    network: Network, *, without_nodes: Iterable[int] = (), without_pipes: Iterable[int] = ()
) -> nx.MultiDiGraph:
    """The ways of water as a directed graph over node ids, by plain loops over rows."""
    left_out, pipes_out = set(without_nodes), set(without_pipes)
    graph = nx.MultiDiGraph()
    passage: dict[int, int] = {}
    for node in Node.objects.filter(network=network, lifecycle="in_service").exclude(pk__in=left_out):
        valve = ValveDetail.objects.filter(node=node).first()
        device = valve or PumpDetail.objects.filter(node=node).first()
        state = device.status if device else "open"
        one_way = node.kind == "pump" or (valve is not None and valve.valve_type in ("PRV", "PSV", "check"))
        passage[node.pk] = 0 if state == "closed" else 2 if one_way else 1
        graph.add_node(node.pk, source=node.kind in ("tank", "reservoir", "source"))
    for pipe in Pipe.objects.filter(network=network, lifecycle="in_service").exclude(pk__in=pipes_out):
        start, end = passage.get(pipe.start_node_id, 0), passage.get(pipe.end_node_id, 0)
        if pipe.status == "closed":
            continue
        if start and end:
            graph.add_edge(pipe.start_node_id, pipe.end_node_id)
        if start == end == 1 and not pipe.has_check_valve:
            graph.add_edge(pipe.end_node_id, pipe.start_node_id)
    return graph


def supplied(graph: nx.MultiDiGraph) -> set[int]:
    """Every node that some source reaches, sources among them."""
    reached: set[int] = set()
    for node, is_source in graph.nodes(data="source"):
        if is_source:
            reached |= {node, *nx.descendants(graph, node)}
    return reached
