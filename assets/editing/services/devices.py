"""Putting devices into pipes: at the end of a pipe by a short connector, or in its middle by a split.

at an end    A -----------pipe--------- D -- B      D stands 0.1 m before B; D--B is the connector "D/1"
elsewhere    A ------ pipe ------ D ------ pipe/1 ------ B
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.contrib.gis.geos import LineString, Point
from django.db import connection, transaction
from django.utils.translation import gettext_noop as _

from assets.editing.services.attachments import store_places
from assets.editing.services.attributes import DETAIL_OF_KIND, detail_fields, make_detail, parse_values
from assets.editing.services.elements import (
    free_node_code,
    line_of,
    refusal,
    refuse_crowding,
    refuse_taken_node_code,
)
from assets.editing.services.lines import LinePlace
from assets.editing.services.lines import length_m as line_length_m
from assets.editing.services.placing import between_ends, insert_node, place_on_pipe
from assets.editing.services.session import editing
from assets.editing.services.splitting import cut_pipe, pipe_to_cut
from assets.models import (
    DEVICE_KINDS,
    Attachment,
    Network,
    Node,
    NodeKind,
    Pipe,
    rules_of,
)
from gis_core.database.constraints import check_constraints_now
from gis_core.errors import ReportedError
from gis_core.geodesy import GEOD
from gis_core.models import User
from gis_core.sentences import Sentence
from gis_core.services.audit import record_change

# How far from the node a device stands: this much, or this share of a pipe that is drawn shorter than a metre.
CONNECTOR_LENGTH_M = 0.1
SHORT_PIPE_LENGTH_M = 1.0
SHORT_PIPE_SHARE = 0.1
EAST_DEGREES = 90.0

_BATCH = 1000

Position = tuple[float, float]


@dataclass(frozen=True)
class DevicePlacement:
    """A device to stand in a pipe by the node at one of its ends; `details` are those of its kind."""

    pipe_id: int
    node_id: int
    code: str
    kind: str = NodeKind.BULK_METER.value
    details: Mapping[str, Any] = field(default_factory=dict)


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

    See `place_devices_at_pipe_ends`. Each meter has an audit row of its own; what is placed is no edit.
    """
    wanted = [DevicePlacement(pipe_id, node_id, code) for pipe_id, node_id, code in placements]
    meters = place_devices_at_pipe_ends(network, wanted)
    pipes = Pipe.objects.in_bulk([placement.pipe_id for placement in wanted])
    nodes = Node.objects.in_bulk([placement.node_id for placement in wanted])
    for meter, placement in zip(meters, wanted, strict=True):
        record_change(
            acting_user=acting_user,
            action="place bulk meter",
            subject=meter,
            division=meter.division,
            new_values={
                "code": placement.code,
                "pipe": pipes[placement.pipe_id].code,
                "by_node": nodes[placement.node_id].code,
            },
        )
    # Whatever is wrong with the geometry shows here and not at the commit of a caller far away.
    check_constraints_now()
    return meters


def place_devices_at_pipe_ends(network: Network, placements: Sequence[DevicePlacement]) -> list[Node]:
    """Put devices into pipes by their end nodes; the caller's transaction, edit or audit row.

    A pipe is cut 0.1 m before the node (at a tenth of its drawn length where that is below 1 m) and now
    ends at the device; a connector "<code>/1" joins the device to the node, drawn in the pipe's direction. A
    pipe drawn with no length gets its device 0.1 m east of the node. The stated length, which the hydraulics
    use, stays the pipe's own; the connector states none. What was attached to the pipe at that node is now
    attached at the device.

    A device takes the node's elevation and zone and the pipe's lifecycle, a meter and a valve the pipe's diameter too.
    Returns the devices in the order of `placements`; a few statements for any number of them.
    Raises ReportedError when a pipe is not of this network, a node is not its end, or a code is taken.
    """
    pipes = _locked_pipes(network, [placement.pipe_id for placement in placements])
    nodes = Node.objects.in_bulk([placement.node_id for placement in placements])
    _refuse_taken_codes(network, [placement.code for placement in placements])
    on_pipe = _attachments_by_pipe(list(pipes))
    devices: list[Node] = []
    connectors: list[Pipe] = []
    for placement in placements:
        pipe = pipes.get(placement.pipe_id)
        if pipe is None or placement.node_id not in (pipe.start_node_id, pipe.end_node_id):
            raise ReportedError(
                Sentence(
                    _("{kind} {placement}: it can only stand at an end of a pipe of network {network}."),
                    kind=_title(placement.kind),
                    placement=placement.code,
                    network=network.code,
                ),
                code="meter_not_at_pipe_end",
                details=[
                    {
                        "element": f"{placement.kind} {placement.code}",
                        "reason": Sentence(_("not at an end of its pipe")),
                    }
                ],
            )
        device, connector = _put_at_end(pipe, nodes[placement.node_id], placement, on_pipe.get(pipe.pk, []))
        devices.append(device)
        connectors.append(connector)
    _store(network, placements, pipes, devices, connectors, on_pipe)
    return devices


def _title(kind: str) -> str:
    return "Meter" if kind == NodeKind.BULK_METER else str(NodeKind(kind).label).capitalize()


def _locked_pipes(network: Network, ids: Sequence[int]) -> dict[int, Pipe]:
    rows = Pipe.objects.select_for_update().filter(network=network, pk__in=set(ids)).order_by("pk")
    return {pipe.pk: pipe for pipe in rows}


def _attachments_by_pipe(pipe_ids: Sequence[int]) -> dict[int, list[Attachment]]:
    found: dict[int, list[Attachment]] = {}
    for attachment in Attachment.objects.select_for_update().filter(pipe__in=pipe_ids).order_by("pk"):
        assert attachment.pipe_id is not None
        found.setdefault(attachment.pipe_id, []).append(attachment)
    return found


def _refuse_taken_codes(network: Network, codes: Sequence[str]) -> None:
    taken = set(
        Node.objects.filter(network=network, code_class="device", code__in=codes).values_list(
            "code", flat=True
        )
    )
    if len(set(codes)) < len(codes):
        seen: set[str] = set()
        taken |= {code for code in codes if code in seen or seen.add(code)}  # type: ignore[func-returns-value]
    if taken:
        raise ReportedError(
            Sentence(
                _("Network {network} already has a device {taken}."),
                network=network.code,
                taken=", ".join(sorted(taken)),
            ),
            code="code_taken",
            details=[{"element": code, "reason": Sentence(_("the code is taken"))} for code in sorted(taken)],
        )


def _put_at_end(
    pipe: Pipe, node: Node, placement: DevicePlacement, attachments: Sequence[Attachment]
) -> tuple[Node, Pipe]:
    """Cut the pipe at `node`: the device and its connector, not stored yet; pipe and attachments changed."""
    at_start = node.pk == pipe.start_node_id
    line = line_of(pipe)
    length_m = line_length_m(line)
    cut = _cut_end(line[::-1] if at_start else line, length_m)
    device = Node(
        network_id=pipe.network_id,
        division_id=pipe.division_id,
        kind=placement.kind,
        code=placement.code,
        geom=Point(*cut.piece[0], srid=4326),
        elevation_m=node.elevation_m,
        lifecycle=pipe.lifecycle,
        zone_id=node.zone_id,
    )
    connector = Pipe(
        network_id=pipe.network_id,
        division_id=pipe.division_id,
        code=f"{placement.code}/1",
        is_connector=True,
        start_node=node if at_start else device,
        end_node=device if at_start else node,
        geom=LineString(cut.piece[::-1] if at_start else cut.piece, srid=4326),
        diameter_m=pipe.diameter_m,
        roughness=pipe.roughness,
        lifecycle=pipe.lifecycle,
    )
    pipe.geom = LineString(cut.rest[::-1] if at_start else cut.rest, srid=4326)
    if at_start:
        pipe.start_node = device
    else:
        pipe.end_node = device
    cut_m = cut.length_m if length_m > 0 else 0.0
    _move_attachments(
        attachments, old_node=node, device=device, old_length_m=length_m, cut_m=cut_m, at_start=at_start
    )
    return device, connector


def _move_attachments(
    attachments: Sequence[Attachment],
    *,
    old_node: Node,
    device: Node,
    old_length_m: float,
    cut_m: float,
    at_start: bool,
) -> None:
    """Give attachments of the cut end to the device, and keep every position where it was on the ground."""
    rest_m = old_length_m - cut_m
    for attachment in attachments:
        if attachment.node_id == old_node.pk:
            attachment.node = device
        if rest_m > 0 and attachment.position is not None:
            distance_m = attachment.position * old_length_m - (cut_m if at_start else 0.0)
            attachment.position = min(max(distance_m / rest_m, 0.0), 1.0)


def _store(
    network: Network,
    placements: Sequence[DevicePlacement],
    pipes: Mapping[int, Pipe],
    devices: Sequence[Node],
    connectors: Sequence[Pipe],
    on_pipe: Mapping[int, Sequence[Attachment]],
) -> None:
    Node.objects.bulk_create(devices, batch_size=_BATCH)
    details: dict[str, list[Any]] = {}
    for placement, device in zip(placements, devices, strict=True):
        names = detail_fields(placement.kind)
        values = parse_values(DETAIL_OF_KIND[placement.kind], names, placement.details, network)
        if "diameter_m" in names:
            values.setdefault("diameter_m", pipes[placement.pipe_id].diameter_m)
        model = DETAIL_OF_KIND[placement.kind]
        details.setdefault(placement.kind, []).append(model(node=device, node_kind=placement.kind, **values))
    for kind, rows in details.items():
        DETAIL_OF_KIND[kind]._default_manager.bulk_create(rows, batch_size=_BATCH)
    Pipe.objects.bulk_create(connectors, batch_size=_BATCH)
    _store_pipes(list(pipes.values()))
    store_places([item for items in on_pipe.values() for item in items])


def _store_pipes(pipes: Sequence[Pipe]) -> None:
    """One statement for many lines: what the ORM makes of it is slow to plan and takes no geometry arrays."""
    with connection.cursor() as cursor:
        for first in range(0, len(pipes), _BATCH):
            batch = pipes[first : first + _BATCH]
            cursor.execute(
                "UPDATE assets_pipe pipe SET geom = new.geom::geometry, start_node_id = new.start_id, "
                "end_node_id = new.end_id "
                "FROM unnest(%s::bigint[], %s::text[], %s::bigint[], %s::bigint[]) "
                "AS new (id, geom, start_id, end_id) WHERE pipe.id = new.id",
                [
                    [pipe.pk for pipe in batch],
                    [pipe.geom.hexewkb.decode() for pipe in batch],
                    [_stored_id(pipe.start_node_id, pipe, "start_node") for pipe in batch],
                    [_stored_id(pipe.end_node_id, pipe, "end_node") for pipe in batch],
                ],
            )


def _stored_id(known: int | None, pipe: Pipe, end: str) -> int:
    """The id of an end node: that of a device that was stored after it was set, without reading any other."""
    return known if known is not None else getattr(pipe, end).pk


def _cut_end(line: list[Position], length_m: float) -> _Cut:
    """Cut a line near its last point."""
    if length_m == 0:
        east, north, _azimuth = GEOD.fwd(*line[-1], EAST_DEGREES, CONNECTOR_LENGTH_M)
        device = (float(east), float(north))
        return _Cut(rest=[*line[:-1], device], piece=[device, line[-1]], length_m=CONNECTOR_LENGTH_M)
    cut_m = CONNECTOR_LENGTH_M if length_m >= SHORT_PIPE_LENGTH_M else length_m * SHORT_PIPE_SHARE
    remaining_m = cut_m
    index = len(line) - 1
    while index > 1:
        segment_m = line_length_m(line[index - 1 : index + 1])
        if segment_m > remaining_m:
            break
        remaining_m -= segment_m
        index -= 1
    segment_m = line_length_m(line[index - 1 : index + 1])
    share = min(remaining_m / segment_m, 1.0) if segment_m > 0 else 1.0
    (x_far, y_far), (x_near, y_near) = line[index - 1], line[index]
    device = (x_near + (x_far - x_near) * share, y_near + (y_far - y_near) * share)
    return _Cut(rest=[*line[:index], device], piece=[device, *line[index:]], length_m=cut_m)


def place_device(
    network: Network,
    *,
    pipe: Any,
    kind: str,
    acting_user: User | None,
    position: float | None = None,
    point: Any = None,
    code: str | None = None,
    details: Mapping[str, Any] | None = None,
    expected_version: int | None = None,
) -> dict[str, Any]:
    """Place a device into a pipe at `position` (0 to 1) or nearest to `point` (within the tolerance of it).

    The pipe is split there, the device between its parts. By an end of the pipe the device stands 0.1 m before the end
    node with a connector between, so that position 0 and 1 are "at the start node" and "at the end node".
    Returns {"node", "pipes"}. Raises ReportedError like `split_pipe`, and bad_values.
    """
    with editing(network, operation="place_device", acting_user=acting_user) as session:
        if kind not in DEVICE_KINDS or kind not in rules_of(network.commodity).kinds:
            raise refusal(
                "bad_values",
                Sentence(
                    _("A {kind} is not a device of a network of {commodity}."),
                    kind=repr(kind[:30]),
                    commodity=network.commodity,
                ),
                "kind",
            )
        row = pipe_to_cut(session, pipe, point, expected_version)
        place = place_on_pipe(network, row, position=position, point=point, may_touch_ends=True)
        values = dict(details or {})
        if kind == NodeKind.VALVE.value:
            values = {"valve_type": "isolation", "status": "open", **values}
        if code is None:
            code = free_node_code(session, kind)
        else:
            refuse_taken_node_code(network, kind, code)
        session.summarise(
            Sentence(_("{kind} {code} in pipe {row}"), kind=NodeKind(kind).label, code=code, row=row.code)
        )
        if _is_at_end(network, place):
            node_id = row.start_node_id if place.share <= 0.5 else row.end_node_id
            device = place_devices_at_pipe_ends(
                network, [DevicePlacement(row.pk, node_id, code, kind, values)]
            )[0]
            return {"node": str(device.uid), "pipes": [str(row.uid)]}
        refuse_crowding(network, place.point, but=(row.start_node_id, row.end_node_id))
        device = insert_node(
            session,
            kind=kind,
            point=place.point,
            code=code,
            base="",
            lifecycle=row.lifecycle,
            **between_ends(row, place),
        )
        if row.diameter_m is not None and "diameter_m" in detail_fields(kind):
            values.setdefault("diameter_m", row.diameter_m)
        make_detail(device, values, network)
        parts = cut_pipe(session, row, place, device)
        return {"node": str(device.uid), "pipes": [str(part.uid) for part in parts]}


def _is_at_end(network: Network, place: LinePlace) -> bool:
    margin_m = max(network.snap_tolerance_m, 2 * CONNECTOR_LENGTH_M)
    return min(place.along_m, place.length_m - place.along_m) <= margin_m
