"""Networks of other commodities: their own kinds, supplies and line attributes."""

from functools import partial

import networkx as nx
import pytest
from django.contrib.gis.geos import Point
from django.db import IntegrityError, transaction

from assets.models import (
    CommodityKind,
    LineDetail,
    Network,
    Node,
    NodeKind,
    Pipe,
    SwitchDetail,
    TransformerDetail,
    rules_of,
)
from assets.models.commodities import kinds_by_commodity
from assets.route_sheets.services import route_between
from fixtures.demonstration.electricity import make_electricity_network
from gis_core.models import Division
from tests.world import make_world


def node(network: Network, kind: str, code: str = "") -> Node:
    return Node(
        network=network,
        division_id=network.division_id,
        code=code or kind,
        kind=kind,
        geom=Point(69.4, 41.4, srid=4326),
    )


def test_the_table_holds_the_rules(db: None) -> None:
    stored = CommodityKind.objects.order_by("commodity", "kind").values_list("commodity", "kind")
    assert list(stored) == list(kinds_by_commodity())
    for commodity in Network.Commodity.values:
        rules = rules_of(commodity)
        assert rules.supply_kinds | rules.sink_kinds | rules.blocking_kinds <= rules.kinds
    used = {kind for _commodity, kind in kinds_by_commodity()}
    assert used == set(NodeKind.values)


@pytest.mark.parametrize("commodity", Network.Commodity.values)
def test_only_the_kinds_of_the_commodity_stand_in_its_networks(
    district: Division, commodity: str, request: pytest.FixtureRequest
) -> None:
    network = Network.objects.create(code="X", name="X", commodity=commodity, division=district)
    allowed = rules_of(commodity).kinds
    # Devices without details: nothing of this is committed.
    request.addfinalizer(partial(transaction.set_rollback, True))
    Node.objects.bulk_create(node(network, kind) for kind in sorted(allowed))
    for kind in set(NodeKind.values) - allowed:
        with pytest.raises(IntegrityError, match="does not stand"), transaction.atomic():
            Node.objects.bulk_create([node(network, "junction", "good"), node(network, kind)])
        with pytest.raises(IntegrityError, match="does not stand"), transaction.atomic():
            Node.objects.filter(network=network, kind="junction").update(kind=kind)
    with pytest.raises(IntegrityError, match="stays a network"), transaction.atomic():
        Network.objects.filter(pk=network.pk).update(commodity="heat" if commodity != "heat" else "gas")


def test_an_electricity_network_is_a_network_too(district: Division) -> None:
    network = make_electricity_network(district, None)
    graph = nx.Graph()
    switch_nodes = set(
        SwitchDetail.objects.filter(node__network=network, status="open").values_list("node_id", flat=True)
    )
    for start, end in Pipe.objects.filter(network=network).values_list("start_node_id", "end_node_id"):
        graph.add_edge(start, end)
    assert nx.is_connected(graph)
    assert network.nodes.filter(kind="transformer").count() == 13
    assert network.nodes.filter(kind="feeder_head").count() == 3
    # With the normally open switch open, every house hangs on exactly one feeder: the network is a tree.
    graph.remove_nodes_from(switch_nodes)
    assert nx.is_tree(graph)
    rules = rules_of("electricity")
    for line in LineDetail.objects.filter(pipe__network=network):
        assert rules.findings_of_line({"voltage_kv": line.voltage_kv, "conductor": line.conductor}) == []
    assert TransformerDetail.objects.filter(primary_kv=10, secondary_kv=0.4).count() == 12
    route = route_between(network, network.nodes.get(code="SUB"), network.nodes.get(code="TP-05-1"))
    assert [step.to_node.code for step in route.steps][:4] == ["T1", "BB", "F2", "F2-P1"]


def test_rules_say_what_is_wrong_with_a_line() -> None:
    rules = rules_of("electricity")
    assert rules.findings_of_line({"voltage_kv": 0.4, "conductor": "SIP"}) == []
    assert len(rules.findings_of_line({"voltage_kv": 5000.0})) == 2
    assert rules.findings_of_line({"voltage_kv": 10.0, "conductor": "AS", "circuit": "supply"}) == [
        "circuit is not an attribute of a line of electricity."
    ]
    assert rules_of("gas").findings_of_line(
        {"diameter_m": 0.1, "material": "steel", "pressure_class": "huge"}
    ) == ["pressure_class must be one of low, medium, high_2, high_1; it is huge."]


def test_a_line_has_the_attributes_of_its_commodity_only(district: Division) -> None:
    world = make_world(district)
    for values in ({"voltage_kv": 10.0}, {"circuit": "supply"}, {"pressure_class": "low"}):
        with pytest.raises(IntegrityError, match="attributes of its network"), transaction.atomic():
            LineDetail.objects.create(pipe=world.pipes["P1"], **values)
    detail = LineDetail.objects.create(pipe=world.pipes["P1"])
    with pytest.raises(IntegrityError, match="attributes of its network"), transaction.atomic():
        LineDetail.objects.filter(pk=detail.pk).update(conductor="AS-50")
