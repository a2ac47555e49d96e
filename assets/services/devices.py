"""Putting devices into pipes. So far: bulk meters at the end of a pipe."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib.gis.geos import LineString, Point
from django.db import connection, transaction
from pyproj import Geod

from assets.models import Attachment, BulkMeterDetail, Network, Node, NodeKind, Pipe
from gis_core.errors import ReportedError
from gis_core.models import User
from gis_core.services.audit import record_change

# How far from the node a meter stands: this much, or this share of a pipe that is drawn shorter than a metre.
CONNECTOR_LENGTH_M = 0.1
SHORT_PIPE_LENGTH_M = 1.0
SHORT_PIPE_SHARE = 0.1
EAST_DEGREES = 90.0

_GEOD = Geod(ellps="WGS84")

Position = tuple[float, float]


@dataclass(frozen=True)
class _Cut:
    """A line cut near one end: what is left of it, the piece cut off from the cut outwards, its length."""

    rest: list[Position]
    piece: list[Position]
    length_m: float


def place_meter_at_pipe_end(*, pipe: Pipe, node: Node, code: str, acting_user: User | None) -> Node:
    """Put a bulk meter into `pipe` next to `node`, one of its ends; return the meter's node.

    See `place_meters_at_pipe_ends`.
    """
    return place_meters_at_pipe_ends(pipe.network, [(pipe.pk, node.pk, code)], acting_user)[0]


@transaction.atomic
def place_meters_at_pipe_ends(
    network: Network, placements: Sequence[tuple[int, int, str]], acting_user: User | None
) -> list[Node]:
    """Put bulk meters into pipes; each placement is (pipe id, id of the end node it stands by, meter code).

    The pipe is cut 0.1 m before the node (at a tenth of its drawn length where that is below 1 m) and now
    ends at the meter; a connector "<code>/1" joins the meter to the node, drawn in the pipe's direction. A
    pipe drawn with no length gets its meter 0.1 m east of the node. The stated length, which the hydraulics
    use, stays the pipe's own; the connector states none. What was attached to the pipe at that node is now
    attached at the meter.

    The meter takes the node's elevation, zone and lifecycle. Returns the meters in the order of `placements`.
    Raises ReportedError when a pipe is not of this network, a node is not its end, or a code is taken.
    """
    pipes = {
        pipe.pk: pipe
        for pipe in Pipe.objects.select_for_update()
        .filter(network=network, pk__in=[pipe_id for pipe_id, _, _ in placements])
        .order_by("pk")
    }
    nodes = Node.objects.in_bulk([node_id for _, node_id, _ in placements])
    _refuse_taken_codes(network, [code for _, _, code in placements])
    meters = []
    for pipe_id, node_id, code in placements:
        pipe = pipes.get(pipe_id)
        if pipe is None or node_id not in (pipe.start_node_id, pipe.end_node_id):
            raise ReportedError(
                f"Meter {code}: it can only stand at an end of a pipe of network {network.code}.",
                code="meter_not_at_pipe_end",
                details=[{"element": f"bulk_meter {code}", "reason": "not at an end of its pipe"}],
            )
        meters.append(_insert_meter(pipe, nodes[node_id], code))
    _write_audit(meters, placements, pipes, nodes, acting_user)
    # Whatever is wrong with the geometry shows here and not at the commit of a caller far away.
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
    return meters


def _refuse_taken_codes(network: Network, codes: Sequence[str]) -> None:
    taken = set(
        Node.objects.filter(network=network, code_class="device", code__in=codes).values_list(
            "code", flat=True
        )
    )
    taken |= {code for code in codes if codes.count(code) > 1}
    if taken:
        raise ReportedError(
            f"Network {network.code} already has a device {', '.join(sorted(taken))}.",
            code="code_taken",
            details=[{"element": code, "reason": "the code is taken"} for code in sorted(taken)],
        )


def _insert_meter(pipe: Pipe, node: Node, code: str) -> Node:
    """Cut the pipe at `node`, make the meter, its details and its connector, and move the attachments."""
    at_start = node.pk == pipe.start_node_id
    line = [(x, y) for x, y in pipe.geom.coords]
    length_m = _length_m(line)
    cut = _cut_end(line[::-1] if at_start else line, length_m)
    meter = Node.objects.create(
        network_id=pipe.network_id,
        division_id=pipe.division_id,
        kind=NodeKind.BULK_METER,
        code=code,
        geom=Point(*cut.piece[0], srid=4326),
        elevation_m=node.elevation_m,
        lifecycle=pipe.lifecycle,
        zone_id=node.zone_id,
    )
    BulkMeterDetail.objects.create(node=meter, diameter_m=pipe.diameter_m)
    Pipe.objects.create(
        network_id=pipe.network_id,
        division_id=pipe.division_id,
        code=f"{code}/1",
        is_connector=True,
        start_node=node if at_start else meter,
        end_node=meter if at_start else node,
        geom=LineString(cut.piece[::-1] if at_start else cut.piece, srid=4326),
        diameter_m=pipe.diameter_m,
        roughness=pipe.roughness,
        lifecycle=pipe.lifecycle,
    )
    pipe.geom = LineString(cut.rest[::-1] if at_start else cut.rest, srid=4326)
    if at_start:
        pipe.start_node = meter
    else:
        pipe.end_node = meter
    pipe.save(update_fields=["geom", "start_node", "end_node"])
    cut_m = cut.length_m if length_m > 0 else 0.0
    _move_attachments(pipe, old_node=node, meter=meter, old_length_m=length_m, cut_m=cut_m)
    return meter


def _move_attachments(pipe: Pipe, *, old_node: Node, meter: Node, old_length_m: float, cut_m: float) -> None:
    """Give attachments of the cut end to the meter, and keep every position where it was on the ground."""
    attachments = list(Attachment.objects.filter(pipe=pipe))
    rest_m = old_length_m - cut_m
    for attachment in attachments:
        if attachment.node_id == old_node.pk:
            attachment.node = meter
        if rest_m > 0 and attachment.position is not None:
            distance_m = attachment.position * old_length_m - (
                cut_m if pipe.start_node_id == meter.pk else 0.0
            )
            attachment.position = min(max(distance_m / rest_m, 0.0), 1.0)
    Attachment.objects.bulk_update(attachments, ["node", "position"])


def _cut_end(line: list[Position], length_m: float) -> _Cut:
    """Cut a line near its last point."""
    if length_m == 0:
        east, north, _ = _GEOD.fwd(*line[-1], EAST_DEGREES, CONNECTOR_LENGTH_M)
        meter = (float(east), float(north))
        return _Cut(rest=[*line[:-1], meter], piece=[meter, line[-1]], length_m=CONNECTOR_LENGTH_M)
    cut_m = CONNECTOR_LENGTH_M if length_m >= SHORT_PIPE_LENGTH_M else length_m * SHORT_PIPE_SHARE
    remaining_m = cut_m
    index = len(line) - 1
    while index > 1:
        segment_m = _length_m(line[index - 1 : index + 1])
        if segment_m > remaining_m:
            break
        remaining_m -= segment_m
        index -= 1
    segment_m = _length_m(line[index - 1 : index + 1])
    share = min(remaining_m / segment_m, 1.0) if segment_m > 0 else 1.0
    (x_far, y_far), (x_near, y_near) = line[index - 1], line[index]
    meter = (x_near + (x_far - x_near) * share, y_near + (y_far - y_near) * share)
    return _Cut(rest=[*line[:index], meter], piece=[meter, *line[index:]], length_m=cut_m)


def _length_m(line: Sequence[Position]) -> float:
    return float(_GEOD.line_length([x for x, _ in line], [y for _, y in line]))


def _write_audit(
    meters: Sequence[Node],
    placements: Sequence[tuple[int, int, str]],
    pipes: dict[int, Pipe],
    nodes: dict[int, Node],
    acting_user: User | None,
) -> None:
    for meter, (pipe_id, node_id, code) in zip(meters, placements, strict=True):
        record_change(
            acting_user=acting_user,
            action="place bulk meter",
            subject=meter,
            division=meter.division,
            new_values={"code": code, "pipe": pipes[pipe_id].code, "by_node": nodes[node_id].code},
        )
