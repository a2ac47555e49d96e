"""Segments and supply numbers kept by edits, against a computation from nothing after each."""

import os
import random

import pandas
import pytest
import wntr

from assets.editing.services.session import editing
from assets.editing.services.undoing import redo_last, undo_last
from assets.isolation.services import isolate
from assets.models import (
    BrokenSupplySpan,
    Network,
    NetworkState,
    Node,
    NodeTopology,
    Pipe,
    Segment,
    ValveDetail,
)
from assets.topology.services.rebuilding import (
    MAXIMUM_BROKEN_SPANS,
    ensure_topology,
    partition_from_nothing,
    rebuild_topology,
    refresh_stale_topologies,
    stored_partition,
)
from gis_core.models import Division
from tests.assets.topology.small_networks import Builder, make_random_network, supplied, ways
from tests.world import first_of

pytestmark = pytest.mark.django_db

# In full by `make prove`.
STEPS, SEEDS = (25, 40) if os.environ.get("TARMOQ_PROVE") else (12, 4)


def change_something(network: Network, chance: random.Random) -> None:
    """One random change by the ORM: what any editing operation comes down to."""
    builder = Builder(network)
    builder.pipes = Pipe.objects.count() * 10
    nodes = list(Node.objects.filter(network=network).order_by("pk"))
    pipes = list(Pipe.objects.filter(network=network).order_by("pk"))
    kind = chance.randrange(8)
    if kind == 0:
        one, other = chance.sample(nodes, 2)
        builder.pipe(one, other, code=f"N{chance.random()}")
    elif kind == 1:
        chance.choice(pipes).delete()
    elif kind == 2:
        ValveDetail.objects.filter(node=chance.choice(nodes)).update(
            status=chance.choice(["open", "closed"]), valve_type=chance.choice(["isolation", "TCV", "PRV"])
        )
    elif kind in (3, 4):
        put_into(builder, chance.choice(pipes), chance)
    elif kind == 5:
        Pipe.objects.filter(pk=chance.choice(pipes).pk).update(
            lifecycle=chance.choice(["in_service", "out_of_service"]),
            status=chance.choice(["open", "closed"]),
        )
    elif kind == 6:
        Node.objects.filter(pk=chance.choice(nodes).pk).update(
            lifecycle=chance.choice(["in_service", "out_of_service"])
        )
    else:
        node = chance.choice([node for node in nodes if node.kind in ("junction", "source")])
        Node.objects.filter(pk=node.pk).update(kind="source" if chance.random() < 0.3 else "junction")


def put_into(builder: Builder, pipe: Pipe, chance: random.Random) -> None:
    """Split the pipe by a valve or a junction: the row stays as its first part."""
    code = f"X{chance.random()}"
    middle = builder.valve(status="open") if chance.random() < 0.6 else builder.node("junction", code)
    end = pipe.end_node
    start = pipe.start_node
    pipe.geom = type(pipe.geom)(start.geom, middle.geom, srid=4326)
    pipe.end_node = middle
    pipe.save()
    builder.pipe(middle, end, code=code, has_check_valve=pipe.has_check_valve, status=pipe.status)


def assert_numbers_tell_no_lie(network: Network) -> None:
    """A node with a number outside all broken spans has a way from a source."""
    broken = list(BrokenSupplySpan.objects.filter(network=network).values_list("first", "last"))
    sure = {
        row.node_id
        for row in NodeTopology.objects.filter(network=network, supply_first__isnull=False)
        if row.supply_first is not None
        and not any(first <= row.supply_first <= last for first, last in broken)
    }
    assert sure <= supplied(ways(network))


@pytest.mark.parametrize("seed", range(SEEDS))
def test_edits_keep_segments_and_numbers(district: Division, make_user, seed: int) -> None:
    network = make_random_network(district, seed, size=14)
    user = make_user("engineer", district)
    rebuild_topology(network)
    chance = random.Random(seed)
    for step in range(STEPS):
        with editing(network, operation="change", acting_user=user):
            for _change in range(chance.choice([1, 1, 3])):
                change_something(network, chance)
        if step % 5 == 4:
            undo_last(network, acting_user=user)
            if chance.random() < 0.5:
                redo_last(network, acting_user=user)
        assert stored_partition(network) == partition_from_nothing(network)
        counted = {segment.pk: segment.member_count for segment in Segment.objects.filter(network=network)}
        assert sum(counted.values()) == sum(len(part) for part in stored_partition(network))
        assert all(counted.values())
        assert_numbers_tell_no_lie(network)
    assert NetworkState.objects.get(network=network).topology_is_current


def test_isolation_after_edits_equals_that_of_a_fresh_network(district: Division, make_user) -> None:
    network = make_random_network(district, 77)
    user = make_user("engineer", district)
    rebuild_topology(network)
    chance = random.Random(77)
    for _step in range(STEPS):
        with editing(network, operation="change", acting_user=user):
            change_something(network, chance)
        for pipe in chance.sample(list(Pipe.objects.filter(network=network, lifecycle="in_service")), 3):
            kept = isolate(network, pipe=pipe)
            before = supplied(ways(network))
            after = supplied(
                ways(network, without_nodes=[*kept.node_ids, *kept.close_ids], without_pipes=kept.pipe_ids)
            )
            lost = before - after - set(kept.node_ids) - set(kept.close_ids)
            places = set(Node.objects.filter(network=network, code_class="node").values_list("pk", flat=True))
            assert set(kept.cut_off_ids) & places == lost & places


def test_a_change_outside_an_edit_has_the_topology_made_anew(district: Division) -> None:
    network = make_random_network(district, 5)
    ensure_topology(network)
    assert NetworkState.objects.get(network=network).topology_is_current
    revision = NetworkState.objects.get(network=network).revision
    first_of(Pipe.objects.filter(network=network).order_by("pk")).delete()
    state = NetworkState.objects.get(network=network)
    assert not state.topology_is_current
    assert state.revision > revision
    ensure_topology(network)
    assert stored_partition(network) == partition_from_nothing(network)


def test_what_is_no_topology_leaves_it_current(district: Division) -> None:
    network = make_random_network(district, 6)
    ensure_topology(network)
    Pipe.objects.filter(network=network).update(diameter_m=0.2)
    state = NetworkState.objects.get(network=network)
    assert state.topology_is_current


@pytest.mark.parametrize("seed", range(SEEDS))
def test_segments_equal_those_of_wntr(district: Division, seed: int) -> None:
    """A random valve layer on a random model of junctions, tanks and pipes, in both programs."""
    chance = random.Random(seed)
    network = Network.objects.create(code="layer", name="layer", commodity="water", division=district)
    builder = Builder(network)
    model = wntr.network.WaterNetworkModel()
    places = [builder.node("junction", f"J{number}") for number in range(20)]
    for place in places:
        model.add_junction(place.code)
    layer = []
    for number in range(30):
        start, end = chance.sample(places, 2)
        code = f"L{number}"
        model.add_pipe(code, start.code, end.code)
        one = builder.valve() if chance.random() < 0.4 else None
        other = builder.valve() if chance.random() < 0.4 else None
        for valve, place in ((one, start), (other, end)):
            if valve is not None:
                layer.append({"link": code, "node": place.code})
                first, second = (place, valve) if place == start else (valve, place)
                builder.pipe(first, second, is_connector=True)
        builder.pipe(one or start, other or end, code=code)
    nodes, links, _sizes = wntr.metrics.topographic.valve_segments(
        model.to_graph(), pandas.DataFrame(layer, columns=["link", "node"])
    )
    expected: dict[int, set[tuple[str, str]]] = {}
    for kind, labels in (("node", nodes), ("pipe", links)):
        for code, label in labels.items():
            expected.setdefault(label, set()).add((kind, code))
    codes = {("node", node.pk): ("node", node.code) for node in places}
    codes |= {
        ("pipe", pipe.pk): ("pipe", pipe.code)
        for pipe in Pipe.objects.filter(network=network, is_connector=False)
    }
    ensure_topology(network)
    found = [{codes[member] for member in part if member in codes} for part in stored_partition(network)]
    assert {frozenset(part) for part in found if part} == {frozenset(part) for part in expected.values()}


def test_stale_and_cut_topologies_are_refreshed_by_a_worker(district: Division, make_user) -> None:
    network = make_random_network(district, 9)
    other = make_random_network(district, 10)
    for each in (network, other):
        ensure_topology(each)
    assert refresh_stale_topologies() == []
    first_of(Pipe.objects.filter(network=network).order_by("pk")).delete()
    numbers = range(MAXIMUM_BROKEN_SPANS + 1)
    BrokenSupplySpan.objects.bulk_create(
        BrokenSupplySpan(network=other, first=number, last=number) for number in numbers
    )
    assert refresh_stale_topologies() == [network.code, other.code]
    assert not BrokenSupplySpan.objects.exists()
    assert stored_partition(network) == partition_from_nothing(network)
    assert_numbers_tell_no_lie(other)
