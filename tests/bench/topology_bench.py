"""Isolation, splitting, segments: on looped networks of 10,000 and of 1,000,000 pipes.

Isolation and split: milliseconds of a call of the service; the floor is the least SQL that reads the segment, or that
writes the rows. Isolations are measured twice: of pipes that nobody asked about before, whose rows the database first
takes from the operating system (the larger the network, the more of them), and warm, when it has them. Segments:
seconds to find all of them from nothing, the peer being wntr's valve_segments.
"""

import random
import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any

import networkx as nx
import pandas
import wntr
from django.contrib.gis.geos import LineString
from django.db import connection, transaction

from assets.editing.services.splitting import split_pipe
from assets.isolation.services import isolate
from assets.models import Network, Node, Pipe, ValveDetail
from assets.topology.services.partition import read_graph, segment_labels
from assets.topology.services.rebuilding import ensure_topology
from gis_core.models import User
from tests.bench.scale import LARGE, SMALL, looped_network

ISOLATIONS, SPLITS, WARM_UP = 200, 60, 20

_SEGMENT = """
    SELECT pipe.*, start_node.code, end_node.code
      FROM assets_pipetopology topology
      JOIN assets_pipe pipe ON pipe.id = topology.pipe_id
      JOIN assets_node start_node ON start_node.id = pipe.start_node_id
      JOIN assets_node end_node ON end_node.id = pipe.end_node_id
     WHERE topology.segment_id = (SELECT segment_id FROM assets_pipetopology WHERE pipe_id = %s)
"""


def run() -> list[dict[str, Any]]:
    """Rows of the benchmark; see `python -m tests.bench`."""
    user = User.objects.create_user(username="bench-topology")
    rows = [_segments(looped_network(SMALL))]
    for pipes in (SMALL, LARGE):
        network = looped_network(pipes)
        ensure_topology(network)
        rows += _isolations(network, pipes)
        rows.append(_splits(network, pipes, user))
    return rows


def _random_pipes(network: Network, pipes: int, count: int) -> list[Pipe]:
    chance = random.Random(7)
    codes = [f"P{number}" for number in chance.sample(range(1, pipes + 1), count)]
    return list(Pipe.objects.select_related("network__division").filter(network=network, code__in=codes))


def _milliseconds(work: Callable[[Pipe], object], pipes: Sequence[Pipe]) -> list[float]:
    figures = []
    for pipe in pipes:
        began = time.perf_counter()
        work(pipe)
        figures.append(1000 * (time.perf_counter() - began))
    return sorted(figures[WARM_UP:])


def _row(name: str, ours: float, floor: float, unit: str = "ms", **more: Any) -> dict[str, Any]:
    return {"name": name, "ours": ours, "floor": floor, "unit": unit, "ratio": ours / floor, **more}


def _isolations(network: Network, pipes: int) -> list[dict[str, Any]]:
    chosen = _random_pipes(network, pipes, ISOLATIONS + WARM_UP)
    first = _milliseconds(lambda pipe: isolate(network, pipe=pipe), chosen)
    ours = _milliseconds(lambda pipe: isolate(network, pipe=pipe), chosen)
    floor = _milliseconds(_read_segment, chosen)
    return [
        _row(
            f"isolation, {pipes:,} pipes, first of its place",
            statistics.median(first),
            statistics.median(floor),
        ),
        _row(f"isolation, {pipes:,} pipes, median", statistics.median(ours), statistics.median(floor)),
        _row(
            f"isolation, {pipes:,} pipes, 99th percentile",
            ours[-1 - len(ours) // 100],
            floor[-1 - len(floor) // 100],
        ),
    ]


def _read_segment(pipe: Pipe) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_SEGMENT, [pipe.pk])
        cursor.fetchall()


def _splits(network: Network, pipes: int, user: User) -> dict[str, Any]:
    chosen = _random_pipes(network, pipes, 2 * (SPLITS + WARM_UP))
    half = len(chosen) // 2
    ours = _milliseconds(
        lambda pipe: split_pipe(network, pipe=str(pipe.uid), position=0.4, acting_user=user), chosen[:half]
    )
    floor = _milliseconds(_bare_split, chosen[half:])
    return _row(f"split, {pipes:,} pipes, median", statistics.median(ours), statistics.median(floor))


@transaction.atomic
def _bare_split(pipe: Pipe) -> None:
    """The three rows that a split writes, and nothing else."""
    place = pipe.geom.interpolate_normalized(0.4)
    shared = {"network_id": pipe.network_id, "division_id": pipe.division_id}
    node = Node.objects.create(**shared, kind="junction", code=f"bare-{pipe.pk}", geom=place)
    first, last = pipe.geom[0], pipe.geom[-1]
    Pipe.objects.create(
        **shared,
        code=f"bare-{pipe.pk}",
        start_node=node,
        end_node_id=pipe.end_node_id,
        geom=LineString(place.coords, last, srid=4326),
    )
    Pipe.objects.filter(pk=pipe.pk).update(end_node=node, geom=LineString(first, place.coords, srid=4326))


def _segments(network: Network) -> dict[str, Any]:
    graph = nx.MultiGraph()
    layer = []
    valves = set(ValveDetail.objects.filter(node__network=network).values_list("node_id", flat=True))
    behind = {
        pipe.end_node_id: pipe.start_node_id
        for pipe in Pipe.objects.filter(network=network, is_connector=True, end_node__in=valves)
    }
    rows = Pipe.objects.filter(network=network).values_list(
        "pk", "start_node_id", "end_node_id", "is_connector"
    )
    for pk, start, end, _is_connector in rows:
        if end in behind:
            continue
        if start in behind:
            layer.append({"link": str(pk), "node": str(behind[start])})
            start = behind[start]  # noqa: PLW2901
        graph.add_edge(str(start), str(end), key=str(pk))
    frame = pandas.DataFrame(layer, columns=["link", "node"])
    began = time.perf_counter()
    segment_labels(read_graph(network))
    ours = time.perf_counter() - began
    began = time.perf_counter()
    wntr.metrics.topographic.valve_segments(graph, frame)
    peer = time.perf_counter() - began
    began = time.perf_counter()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, start_node_id, end_node_id FROM assets_pipe WHERE network_id = %s", [network.pk]
        )
        cursor.fetchall()
    floor = time.perf_counter() - began
    return _row(f"all segments from nothing, {SMALL:,} pipes", ours, floor, "s", peer=peer, peer_name="wntr")
