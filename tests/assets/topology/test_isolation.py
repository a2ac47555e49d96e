"""Isolation against a slow search over all rows, and the cases that isolations get wrong."""

import os
import random

import pytest

from assets.isolation.services import isolate
from assets.models import Network, Node, Pipe, ValveDetail
from assets.topology.services.rebuilding import rebuild_topology
from gis_core.errors import ReportedError
from gis_core.models import Division
from tests.assets.topology.small_networks import Builder, make_random_network, supplied, ways

pytestmark = pytest.mark.django_db

# In full by `make prove`.
SEEDS = 60 if os.environ.get("TARMOQ_PROVE") else 5


def slow_isolation(
    network: Network, pipe: Pipe, inoperable: set[int]
) -> tuple[set[int], set[int], set[int], set[int]]:
    """Close, pipes, nodes and cut off nodes by plain loops over all rows of the network."""
    pipes = {row.pk: row for row in Pipe.objects.filter(network=network, lifecycle="in_service")}
    nodes = {row.pk: row for row in Node.objects.filter(network=network, lifecycle="in_service")}
    valves = {row.node_id: row for row in ValveDetail.objects.filter(node__network=network)}
    isolating_pumps = set(
        Node.objects.filter(network=network, pump__is_isolating=True).values_list("pk", flat=True)
    )
    inside_pipes, inside_nodes, touched_valves = {pipe.pk}, set(), set()
    stack = [(pipe.pk, end) for end in (pipe.start_node_id, pipe.end_node_id)]
    seen = set(stack)
    while stack:
        by, node = stack.pop()
        valve = valves.get(node)
        bounds = (
            valve is not None and (valve.valve_type == "isolation" or valve.is_isolating)
        ) or node in isolating_pumps
        if bounds:
            closed = (valve is not None and valve.status == "closed") or (
                node in isolating_pumps and nodes[node].pump.status == "closed"
            )
            usable = node not in inoperable and (
                valve is None or (not valve.is_broken and valve.is_accessible)
            )
            if closed or usable:
                touched_valves.add(node)
                continue
        inside_nodes.add(node)
        if valve is not None and valve.valve_type == "check" and pipes[by].end_node_id == node:
            continue
        for other in pipes.values():
            if node in (other.start_node_id, other.end_node_id):
                inside_pipes.add(other.pk)
                far = other.end_node_id if node == other.start_node_id else other.start_node_id
                if other.has_check_valve and node == other.start_node_id and other.pk != pipe.pk:
                    continue
                if far in nodes and (other.pk, far) not in seen:
                    seen.add((other.pk, far))
                    stack.append((other.pk, far))
    needless = {
        node
        for node in touched_valves
        if all(
            row.pk in inside_pipes for row in pipes.values() if node in (row.start_node_id, row.end_node_id)
        )
    }
    held = {
        node
        for node in touched_valves - needless
        if (valves[node].status if node in valves else nodes[node].pump.status) == "closed"
    }
    close = touched_valves - needless - held
    before = supplied(ways(network))
    after = supplied(ways(network, without_nodes=inside_nodes | needless | close, without_pipes=inside_pipes))
    outside = set(nodes) - inside_nodes - needless - close
    return close, inside_pipes, inside_nodes | needless, (before - after) & outside


@pytest.mark.parametrize("seed", range(SEEDS))
def test_isolation_equals_a_search_over_all_rows(district: Division, seed: int) -> None:
    network = make_random_network(district, seed)
    rebuild_topology(network)
    chance = random.Random(seed)
    valves = list(Node.objects.filter(network=network, kind="valve").order_by("pk"))
    places = set(Node.objects.filter(network=network, code_class="node").values_list("pk", flat=True))
    for pipe in Pipe.objects.filter(network=network, lifecycle="in_service").order_by("pk")[::3]:
        inoperable = chance.sample(valves, min(len(valves), chance.choice([0, 0, 2])))
        found = isolate(network, pipe=pipe, inoperable=[valve.code for valve in inoperable])
        close, pipes, nodes, cut_off = slow_isolation(network, pipe, {valve.pk for valve in inoperable})
        assert set(found.close_ids) == close
        assert set(found.pipe_ids) == pipes
        assert set(found.node_ids) == nodes
        assert set(found.cut_off_ids) & places == cut_off & places


@pytest.fixture
def line(district: Division) -> tuple[Network, Builder, list[Node]]:
    """Source - A - B - C - D, an isolation valve in each pipe's middle."""
    network = Network.objects.create(code="line", name="line", commodity="water", division=district)
    builder = Builder(network)
    source = builder.node("source", "S")
    places = [source, *(builder.node("junction", code) for code in "ABCD")]
    return network, builder, places


def test_a_valve_already_closed_holds_and_is_not_listed(line: tuple[Network, Builder, list[Node]]) -> None:
    #  S --V(open)-- A ----- B --V(closed)-- C
    network, builder, (source, a, b, c, _d) = line
    first, second = builder.valve(status="open"), builder.valve(status="closed")
    builder.pipe(source, first)
    builder.pipe(first, a)
    middle = builder.pipe(a, b)
    builder.pipe(b, second)
    builder.pipe(second, c)
    found = isolate(network, pipe=middle)
    assert found.close == [first.code]
    assert found.held_by == [second.code]
    assert found.cut_off == []  # C had no water before


def test_behind_a_check_valve_nothing_drains_but_all_is_cut_off(
    line: tuple[Network, Builder, list[Node]],
) -> None:
    #  S --V-- A ----- B --check>-- C ----- D
    network, builder, (source, a, b, c, d) = line
    valve = builder.valve(status="open")
    builder.pipe(source, valve)
    builder.pipe(valve, a)
    middle = builder.pipe(a, b)
    check = builder.pipe(b, c, has_check_valve=True)
    last = builder.pipe(c, d)
    found = isolate(network, pipe=middle)
    assert found.close == [valve.code]
    assert check.code in found.pipes
    assert last.code not in found.pipes
    assert found.nodes == ["A", "B"]
    assert found.cut_off == ["C", "D"]


def test_a_check_valve_is_no_way_back_to_a_source(line: tuple[Network, Builder, list[Node]]) -> None:
    #  S --V1-- A --V2-- B ;  B --check>-- S2 (a second source that B can only feed)
    network, builder, (source, a, b, _c, _d) = line
    second = builder.node("source", "S2")
    one, two = builder.valve(status="open"), builder.valve(status="open")
    builder.pipe(source, one)
    broken = builder.pipe(one, a)
    builder.pipe(a, two)
    builder.pipe(two, b)
    builder.pipe(b, second, has_check_valve=True)
    found = isolate(network, pipe=broken)
    assert found.close == sorted([one.code, two.code])
    assert found.cut_off == ["B"]


def test_what_cannot_be_isolated_is_refused_with_its_reason(
    line: tuple[Network, Builder, list[Node]],
) -> None:
    network, builder, (source, a, *_rest) = line
    pipe = builder.pipe(source, a)
    planned = builder.pipe(a, source, lifecycle="planned")
    for arguments, code in (
        ({"pipe": pipe, "at": 1.5}, "bad_position"),
        ({"pipe": pipe, "at": float("nan")}, "bad_position"),
        ({"pipe": pipe, "inoperable": ["none"]}, "no_such_valve"),
        ({"pipe": planned}, "not_in_service"),
    ):
        with pytest.raises(ReportedError) as caught:
            isolate(network, **arguments)
        assert caught.value.code == code
