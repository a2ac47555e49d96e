"""Bulk meters put into pipes: geometry, attachments, refusals.

before   A -----------pipe------------ B
after    A -----------pipe--------- M -- B        M stands 0.1 m before B; M--B is the connector "M/1"
"""

import math
from typing import Any

import pytest
from django.contrib.gis.geos import LineString, Point
from django.db import connection

from assets.editing.services.devices import place_meter_at_pipe_end, place_meters_at_pipe_ends
from assets.models import Attachment, BulkMeterDetail, Network, Node, Pipe
from gis_core.errors import ReportedError
from gis_core.models import AuditEvent, Division

LONG_LINE = [(69.3, 41.3), (69.301, 41.301), (69.302, 41.3)]


@pytest.fixture
def network(district: Division) -> Network:
    return Network.objects.create(code="METERS", name="Meters", commodity="water", division=district)


def make_pipe(network: Network, line: list[tuple[float, float]], code: str = "P") -> Pipe:
    common: dict[str, Any] = {"network": network, "division": network.division}
    ends = [
        Node.objects.create(**common, kind="junction", code=f"{code}{name}", geom=Point(*at), elevation_m=400)
        for name, at in zip("AB", (line[0], line[-1]), strict=True)
    ]
    return Pipe.objects.create(
        **common,
        code=code,
        start_node=ends[0],
        end_node=ends[1],
        geom=LineString(line),
        stated_length_m=250,
        diameter_m=0.3,
    )


def check_constraints() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


@pytest.mark.parametrize("at_start", [True, False])
@pytest.mark.parametrize(
    ("line", "connector_m"),
    [
        (LONG_LINE, 0.1),
        ([(69.3, 41.3), (69.300005, 41.3)], 0.0418),  # 0.42 m long: a tenth
        ([(69.3, 41.3), (69.3, 41.3)], 0.1),  # drawn with no length
        ([(69.3, 41.3), (69.301, 41.3), (69.3010003, 41.3)], 0.1),  # a vertex 0.025 m before the end
        ([(69.3, 41.3), (69.3, 41.3), (69.301, 41.3), (69.301, 41.3)], 0.1),  # doubled points
    ],
)
def test_pipe_ends_at_the_meter(
    network: Network, line: list[tuple[float, float]], connector_m: float, at_start: bool
) -> None:
    pipe = make_pipe(network, line)
    before_m = Pipe.objects.get(pk=pipe.pk).geodesic_length_m
    node = pipe.start_node if at_start else pipe.end_node
    meter = place_meter_at_pipe_end(pipe=pipe, node=node, code="M", acting_user=None)
    check_constraints()
    pipe = Pipe.objects.get(pk=pipe.pk)
    connector = Pipe.objects.get(is_connector=True)
    assert (connector.code, connector.stated_length_m) == ("M/1", None)
    assert connector.geodesic_length_m == pytest.approx(connector_m, rel=2e-3)
    joined = (node.pk, meter.pk) if at_start else (meter.pk, node.pk)
    assert (connector.start_node_id, connector.end_node_id) == joined
    assert (pipe.start_node_id if at_start else pipe.end_node_id) == meter.pk
    assert pipe.stated_length_m == 250
    if before_m > 0:
        assert pipe.geodesic_length_m + connector.geodesic_length_m == pytest.approx(before_m, abs=1e-4)
    assert BulkMeterDetail.objects.get(node=meter).diameter_m == 0.3
    assert (meter.elevation_m, meter.code_class) == (400, "device")
    assert AuditEvent.objects.filter(action="place bulk meter", object_id=str(meter.uid)).count() == 1


def test_both_ends_of_one_pipe_and_attachments_stay_on_the_ground(network: Network) -> None:
    pipe = make_pipe(network, LONG_LINE)
    common: dict[str, Any] = {"network": network, "division": network.division, "pipe": pipe}
    at_start = Attachment.objects.create(**common, node=pipe.start_node, position=0.0)
    at_middle = Attachment.objects.create(**common, node=pipe.end_node, position=0.5)
    loose = Attachment.objects.create(network=network, division=network.division, node=pipe.end_node)
    first, second = place_meters_at_pipe_ends(
        network, [(pipe.pk, pipe.start_node_id, "M1"), (pipe.pk, pipe.end_node_id, "M2")], None
    )
    check_constraints()
    for attachment in (at_start, at_middle, loose):
        attachment.refresh_from_db()
    assert (at_start.node, at_start.position) == (first, 0.0)
    assert at_middle.node == second
    assert at_middle.position is not None
    assert math.isclose(at_middle.position, 0.5, abs_tol=1e-9)
    assert loose.node == pipe.end_node
    assert Pipe.objects.filter(is_connector=True).count() == 2


def test_refusals_change_nothing(network: Network) -> None:
    pipe, other = make_pipe(network, LONG_LINE), make_pipe(network, LONG_LINE, code="Q")
    place_meter_at_pipe_end(pipe=pipe, node=pipe.end_node, code="M", acting_user=None)
    before = (Node.objects.count(), Pipe.objects.count(), AuditEvent.objects.count())
    with pytest.raises(ReportedError, match="already has a device M"):
        place_meter_at_pipe_end(pipe=other, node=other.end_node, code="M", acting_user=None)
    with pytest.raises(ReportedError, match="at an end of a pipe"):
        place_meters_at_pipe_ends(
            network, [(other.pk, other.end_node_id, "M2"), (other.pk, pipe.start_node_id, "M3")], None
        )
    assert (Node.objects.count(), Pipe.objects.count(), AuditEvent.objects.count()) == before
