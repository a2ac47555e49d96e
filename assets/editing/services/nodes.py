"""Adding, moving and deleting nodes."""

from collections.abc import Mapping
from typing import Any

from django.contrib.gis.geos import LineString, Point
from django.utils.translation import gettext_noop as _
from django.utils.translation import ngettext_lazy

from assets.editing.services.attachments import as_text, hanging_on
from assets.editing.services.attributes import NODE_FIELDS, make_detail, parse_values
from assets.editing.services.elements import (
    line_of,
    locked_node,
    locked_pipe_near,
    pipes_at,
    place_of,
    refusal,
    refuse_crowding,
    zone_of_network,
)
from assets.editing.services.lines import (
    Line,
    Position,
    length_m,
    nearest_place,
    parse_point,
    refuse_self_crossing,
)
from assets.editing.services.placing import between_ends, insert_node, refuse_near_ends, require_on_pipe
from assets.editing.services.session import EditSession, editing
from assets.editing.services.splitting import cut_pipe
from assets.models import Lifecycle, Network, Node, Pipe
from gis_core.errors import ReportedError
from gis_core.models import User
from gis_core.sentences import COUNT, Figure, Sentence, Word


def add_node(
    network: Network,
    *,
    kind: str,
    geometry: Any,
    acting_user: User | None,
    code: str | None = None,
    lifecycle: str | None = None,
    elevation_m: float | None = None,
    installed_on: Any = None,
    zone: Any = None,
    details: Mapping[str, Any] | None = None,
    onto_pipe: Any = None,
    expected_version: int | None = None,
) -> dict[str, Any]:
    """Add a node; `onto_pipe` names the pipe it was snapped to, which is split there.

    Then the server verifies that the place is within the tolerance of the pipe, puts the node on its line, and takes
    zone, elevation and lifecycle from the pipe where none are given. `expected_version` is that of the pipe.
    Returns {"node", "pipes"}. Raises ReportedError: bad_geometry, bad_values, code_taken, not_snapped, too_near_end,
    node_here, pipe_here.
    """
    with editing(network, operation="add_node", acting_user=acting_user) as session:
        point = parse_point(geometry)
        values = parse_values(
            Node, NODE_FIELDS, {"elevation_m": elevation_m, "installed_on": installed_on}, network
        )
        zone_id = None if zone is None else zone_of_network(network, zone).pk
        pipe = place = None
        if onto_pipe is not None:
            pipe = locked_pipe_near(session, onto_pipe, point, expected_version)
            place = nearest_place(line_of(pipe), point)
            require_on_pipe(network, pipe, place)
            refuse_near_ends(network, pipe, place)
            point = place.point
            known = between_ends(pipe, place, values["elevation_m"])
            values["elevation_m"], zone_id = known["elevation_m"], zone_id or known["zone_id"]
        but = () if pipe is None else (pipe.start_node_id, pipe.end_node_id)
        refuse_crowding(network, point, but=but)
        node = insert_node(
            session,
            kind=kind,
            point=point,
            code=code,
            base="" if pipe is None else pipe.code,
            lifecycle=lifecycle or (pipe.lifecycle if pipe else Lifecycle.IN_SERVICE.value),
            elevation_m=values["elevation_m"],
            installed_on=values["installed_on"],
            zone_id=zone_id,
        )
        make_detail(node, details or {}, network)
        session.summarise(
            Sentence(_("new {kind} {node}"), kind=Word(node.get_kind_display()), node=node.code)
        )
        parts: tuple[Pipe, ...] = ()
        if pipe is not None and place is not None:
            if pipe.lifecycle == Lifecycle.IN_SERVICE and node.lifecycle != Lifecycle.IN_SERVICE:
                raise refusal(
                    "lifecycle_conflict",
                    Sentence(_("Pipe {pipe} is in service, so a node in it is too."), pipe=pipe.code),
                    "lifecycle",
                )
            parts = cut_pipe(session, pipe, place, node)
        return {"node": str(node.uid), "pipes": [str(part.uid) for part in parts]}


def move_node(
    network: Network,
    *,
    node: Any,
    acting_user: User | None,
    geometry: Any = None,
    onto_pipe: Any = None,
    expected_version: int | None = None,
) -> dict[str, Any]:
    """Move a node; the ends of its pipes follow, exactly. `onto_pipe` splits that pipe with the node.

    With `onto_pipe` the place is the pipe's nearest to `geometry` (by default to where the node stands) and must be
    within the tolerance of it. Returns {"node", "pipes"}: the uids of the node and of the parts of a split pipe.
    Raises ReportedError: bad_geometry, not_snapped, too_near_end, node_here, pipe_here, loop, too_short.
    """
    with editing(network, operation="move_node", acting_user=acting_user) as session:
        row = locked_node(network, node, expected_version)
        session.summarise(Sentence(_("move of {kind} {row}"), kind=row.kind, row=row.code))
        if geometry is None and onto_pipe is None:
            raise refusal(
                "bad_geometry",
                Sentence(_("Say where the node goes: geometry, onto_pipe or both.")),
                "geometry",
            )
        target = place_of(row) if geometry is None else parse_point(geometry)
        pipes = pipes_at(row)
        pipe = None
        if onto_pipe is not None:
            pipe = locked_pipe_near(session, onto_pipe, target)
            if row.pk in (pipe.start_node_id, pipe.end_node_id):
                raise refusal(
                    "loop",
                    Sentence(
                        _("Node {row} is an end of pipe {pipe}; moved onto it the pipe would be a loop."),
                        row=row.code,
                        pipe=pipe.code,
                    ),
                    f"pipe {pipe.uid}",
                )
            place = nearest_place(line_of(pipe), target)
            require_on_pipe(network, pipe, place)
            refuse_near_ends(network, pipe, place)
            if pipe.lifecycle == Lifecycle.IN_SERVICE and row.lifecycle != Lifecycle.IN_SERVICE:
                raise refusal(
                    "lifecycle_conflict",
                    Sentence(
                        _("Pipe {pipe} is in service and node {row} is not."), pipe=pipe.code, row=row.code
                    ),
                    f"node {row.uid}",
                )
            target = place.point
        but = {row.pk} | ({pipe.start_node_id, pipe.end_node_id} if pipe else set())
        but |= {
            end for other in pipes if other.is_connector for end in (other.start_node_id, other.end_node_id)
        }
        refuse_crowding(network, target, but=but)
        _move(session, row, target, pipes)
        parts: tuple[Pipe, ...] = () if pipe is None else cut_pipe(session, pipe, place, row)
        return {"node": str(row.uid), "pipes": [str(part.uid) for part in parts]}


def _move(session: EditSession, node: Node, target: Position, pipes: list[Pipe]) -> None:
    node.geom = Point(*target, srid=4326)
    node.save(update_fields=["geom"])
    for pipe in pipes:
        line = line_of(pipe)
        if pipe.start_node_id == node.pk:
            line = [target, *line[1:]]
        if pipe.end_node_id == node.pk:
            line = [*line[:-1], target]
        set_line_of(session, pipe, line)


def set_line_of(session: EditSession, pipe: Pipe, line: Line, *fields: str) -> None:
    """Store a pipe's changed line and the other fields named; refuse a line too short or crossing itself."""
    if not pipe.is_connector:
        refuse_short(session.network, pipe.code, line)
        refuse_self_crossing(line)
        if pipe.stated_length_m is not None:
            session.remark(
                f"pipe {pipe.code}",
                Sentence(
                    _("its stated length stays {stated_length_m} m"),
                    stated_length_m=Figure(pipe.stated_length_m, "g"),
                ),
            )
    pipe.geom = LineString(line, srid=4326)
    pipe.save(update_fields=["geom", *fields])


def refuse_short(network: Network, pipe_code: str, line: Line) -> None:
    """Raise ReportedError (too_short) for a line that is no longer than the network's tolerance."""
    if length_m(line) <= network.snap_tolerance_m:
        raise refusal(
            "too_short",
            Sentence(
                _(
                    "Pipe {pipe_code} would not be longer than the network's tolerance of "
                    "{snap_tolerance_m} m."
                ),
                pipe_code=pipe_code,
                snap_tolerance_m=f"{network.snap_tolerance_m:g}",
            ),
            f"pipe {pipe_code}",
        )


def delete_node(
    network: Network, *, node: Any, acting_user: User | None, expected_version: int | None = None
) -> dict[str, Any]:
    """Delete a node on which nothing hangs; its demands go with it. Return {"deleted": uid}.

    Raises ReportedError (in_use) with what hangs on it, by kind and number.
    """
    with editing(network, operation="delete_node", acting_user=acting_user) as session:
        row = locked_node(network, node, expected_version)
        session.summarise(Sentence(_("deletion of {kind} {row}"), kind=row.kind, row=row.code))
        pipes = pipes_at(row)
        counts = {"pipes": len(pipes)} if pipes else {}
        counts |= hanging_on(row)
        if counts:
            raise in_use(f"{row.get_kind_display()} {row.code}", f"node {row.uid}", counts)
        demands = row.demands.count()
        if demands:
            session.remark(
                f"node {row.code}",
                Sentence(
                    ngettext_lazy(
                        "{count} demand was deleted with it", "{count} demands were deleted with it", COUNT
                    ),
                    count=demands,
                ),
            )
        row.delete()
        session.codes.free(row.code)
        return {"deleted": str(row.uid)}


def in_use(name: str, element: str, counts: dict[str, int]) -> ReportedError:
    """The refusal to delete what other rows rest on."""
    return ReportedError(
        Sentence(
            _("The {name} cannot be deleted: on it hang {as_text}."), name=name, as_text=as_text(counts)
        ),
        code="in_use",
        details=[{"element": element, "reason": f"{number} {kind}"} for kind, number in counts.items()],
    )
