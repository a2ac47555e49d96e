"""Adding, connecting, disconnecting, redrawing and deleting pipes."""

from collections.abc import Mapping
from typing import Any

from django.contrib.gis.geos import LineString
from django.utils.translation import gettext_noop as _
from django.utils.translation import ngettext_lazy

from assets.editing.services.attachments import attachments_on, give_to_node, hanging_on
from assets.editing.services.attributes import pipe_values, set_line
from assets.editing.services.elements import (
    ends_of,
    free_node_code,
    line_of,
    locked_node,
    locked_pipe,
    locked_pipe_near,
    pipes_at,
    place_of,
    refusal,
    refuse_crowding,
    refuse_taken_pipe_code,
    require_fit_lifecycle,
    require_near,
)
from assets.editing.services.lines import Line, Position, parse_line, parse_point
from assets.editing.services.nodes import in_use, refuse_short, set_line_of
from assets.editing.services.placing import insert_node
from assets.editing.services.session import EditSession, editing
from assets.editing.services.splitting import (
    between_ends,
    cut_pipe,
    place_on_pipe,
)
from assets.models import LIFECYCLES, Attachment, Lifecycle, Network, Node, Pipe
from gis_core.models import User
from gis_core.sentences import COUNT, Sentence

_ENDS = ("start", "end")


def add_pipe(
    network: Network,
    *,
    geometry: Any,
    acting_user: User | None,
    start_node: Any = None,
    end_node: Any = None,
    start_onto_pipe: Any = None,
    end_onto_pipe: Any = None,
    code: str | None = None,
    lifecycle: str = Lifecycle.IN_SERVICE.value,
    values: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Add a pipe along a line. Each end is snapped to a node, or to a pipe (which is split), or is a new junction.

    The server verifies that the line ends within the tolerance of what it was snapped to, and moves its end onto it.
    `values` are the pipe's attributes. Returns {"pipe", "start_node", "end_node"}. Raises ReportedError:
    bad_geometry, bad_values, code_taken, not_snapped, too_near_end, node_here, pipe_here, loop, too_short,
    lifecycle_conflict.
    """
    with editing(network, operation="add_pipe", acting_user=acting_user) as session:
        if lifecycle not in LIFECYCLES:
            raise refusal(
                "bad_values",
                Sentence(_("lifecycle must be one of {lifecycles}."), lifecycles=", ".join(LIFECYCLES)),
                "lifecycle",
            )
        line, doubled = parse_line(geometry)
        given = dict(values or {})
        parsed = pipe_values(network, {name: value for name, value in given.items() if name != "line"})
        if code is not None:
            parsed |= pipe_values(network, {"code": code})
        start = _end(session, line[0], start_node, start_onto_pipe, lifecycle)
        end = _end(session, line[-1], end_node, end_onto_pipe, lifecycle)
        if start.pk == end.pk:
            raise refusal(
                "loop",
                Sentence(_("The pipe would start and end at node {start}."), start=start.code),
                f"node {start.uid}",
            )
        parsed["code"] = parsed.get("code") or f"P{session.edit.pk}-{len(session.operations)}"
        refuse_taken_pipe_code(network, parsed["code"])
        session.summarise(Sentence(_("new pipe {code}"), code=parsed["code"]))
        line = [place_of(start), *line[1:-1], place_of(end)]
        refuse_short(network, parsed["code"], line)
        require_fit_lifecycle(parsed["code"], lifecycle, (start, end))
        if doubled:
            session.remark(
                f"pipe {parsed['code']}",
                Sentence(
                    ngettext_lazy(
                        "{count} doubled vertex was left out", "{count} doubled vertices were left out", COUNT
                    ),
                    count=doubled,
                ),
            )
        pipe = Pipe.objects.create(
            network=network,
            division_id=network.division_id,
            start_node=start,
            end_node=end,
            geom=LineString(line, srid=4326),
            lifecycle=lifecycle,
            **parsed,
        )
        set_line(network, pipe, given.get("line"))
        return {"pipe": str(pipe.uid), "start_node": str(start.uid), "end_node": str(end.uid)}


def _end(session: EditSession, point: Position, node: Any, onto_pipe: Any, lifecycle: str) -> Node:
    """The node at one end of a new pipe, made if need be."""
    network = session.network
    if node is not None and onto_pipe is not None:
        raise refusal(
            "bad_values", Sentence(_("An end is snapped to a node or to a pipe, not to both.")), "onto_pipe"
        )
    if node is not None:
        row = locked_node(network, node)
        require_near(network, point, row)
        return row
    if onto_pipe is not None:
        pipe = locked_pipe_near(session, onto_pipe, point)
        place = place_on_pipe(network, pipe, point=point)
        row = insert_node(
            session,
            kind="junction",
            point=place.point,
            code=None,
            base=pipe.code,
            lifecycle=pipe.lifecycle,
            **between_ends(pipe, place),
        )
        cut_pipe(session, pipe, place, row)
        return row
    refuse_crowding(network, point)
    return insert_node(session, kind="junction", point=point, code=None, base="", lifecycle=lifecycle)


def redraw_pipe(
    network: Network,
    *,
    pipe: Any,
    geometry: Any,
    acting_user: User | None,
    expected_version: int | None = None,
) -> dict[str, Any]:
    """Draw a pipe anew between its end nodes; the line must end within the tolerance of them. Return {"pipe"}.

    What hangs on the pipe keeps its share of the length. Raises ReportedError like `add_pipe`.
    """
    with editing(network, operation="redraw_pipe", acting_user=acting_user) as session:
        row = locked_pipe(network, pipe, expected_version)
        session.summarise(Sentence(_("new drawing of pipe {row}"), row=row.code))
        line, doubled = parse_line(geometry)
        start, end = ends_of(row)
        require_near(network, line[0], start)
        require_near(network, line[-1], end)
        if doubled:
            session.remark(
                f"pipe {row.code}",
                Sentence(
                    ngettext_lazy(
                        "{count} doubled vertex was left out", "{count} doubled vertices were left out", COUNT
                    ),
                    count=doubled,
                ),
            )
        set_line_of(session, row, [place_of(start), *line[1:-1], place_of(end)])
        return {"pipe": str(row.uid)}


def connect_pipe(
    network: Network,
    *,
    pipe: Any,
    end: str,
    acting_user: User | None,
    node: Any = None,
    onto_pipe: Any = None,
    point: Any = None,
    expected_version: int | None = None,
) -> dict[str, Any]:
    """Move one end ("start" or "end") of a pipe to another node, or onto another pipe, which is split there.

    `point` is where the client dropped the end: it must be within the tolerance of the node or pipe it names; onto a
    pipe it is by default where the end is now. Returns {"pipe", "node"}. What hung on the pipe by the old node hangs by
    the new one. Raises ReportedError: not_snapped, too_near_end, loop, too_short, lifecycle_conflict.
    """
    with editing(network, operation="connect_pipe", acting_user=acting_user) as session:
        row = locked_pipe(network, pipe, expected_version)
        at_start = _is_start(end)
        session.summarise(Sentence(_("connection of pipe {row}"), row=row.code))
        if (node is None) == (onto_pipe is None):
            raise refusal(
                "bad_values", Sentence(_("Name either the node or the pipe it is connected to.")), "node"
            )
        line = line_of(row)
        dropped = None if point is None else parse_point(point)
        if node is not None:
            target = locked_node(network, node)
            if dropped is not None:
                require_near(network, dropped, target)
        else:
            target = _node_on(session, row, onto_pipe, dropped or (line[0] if at_start else line[-1]))
        old = ends_of(row)[0 if at_start else 1]
        other_id = row.end_node_id if at_start else row.start_node_id
        if target.pk == other_id:
            raise refusal(
                "loop",
                Sentence(
                    _("Pipe {row} would start and end at node {target}."), row=row.code, target=target.code
                ),
                f"node {target.uid}",
            )
        if target.pk == old.pk:
            raise refusal(
                "nothing_to_do",
                Sentence(_("Pipe {row} ends at node {target} already."), row=row.code, target=target.code),
                f"node {target.uid}",
            )
        require_fit_lifecycle(row.code, row.lifecycle, (target,))
        _set_end(session, row, line, target, at_start)
        moved = [item for item in attachments_on(row) if item.node_id == old.pk]
        give_to_node(session, moved, old, target)
        _remark_bare(session, old)
        return {"pipe": str(row.uid), "node": str(target.uid)}


def _node_on(session: EditSession, row: Pipe, onto_pipe: Any, point: Position) -> Node:
    other = locked_pipe_near(session, onto_pipe, point)
    if other.pk == row.pk:
        raise refusal(
            "loop", Sentence(_("Pipe {row} cannot be connected to itself."), row=row.code), f"pipe {row.uid}"
        )
    place = place_on_pipe(session.network, other, point=point)
    node = insert_node(
        session,
        kind="junction",
        point=place.point,
        code=None,
        base=other.code,
        lifecycle=other.lifecycle,
        **between_ends(other, place),
    )
    cut_pipe(session, other, place, node)
    return node


def disconnect_pipe(
    network: Network,
    *,
    pipe: Any,
    end: str,
    acting_user: User | None,
    code: str | None = None,
    expected_version: int | None = None,
) -> dict[str, Any]:
    """Give one end of a pipe a junction of its own, at the place where it ended. Return {"pipe", "node"}.

    What hangs on the pipe by the old node goes with it. Raises ReportedError (nothing_to_do) when the pipe is the only
    one there.
    """
    with editing(network, operation="disconnect_pipe", acting_user=acting_user) as session:
        row = locked_pipe(network, pipe, expected_version)
        at_start = _is_start(end)
        session.summarise(Sentence(_("disconnection of pipe {row}"), row=row.code))
        old = ends_of(row)[0 if at_start else 1]
        if len(pipes_at(old)) < 2:
            raise refusal(
                "nothing_to_do",
                Sentence(_("Nothing else ends at node {old}."), old=old.code),
                f"node {old.uid}",
            )
        node = insert_node(
            session,
            kind="junction",
            point=place_of(old),
            code=code or free_node_code(session, "junction", old.code),
            base="",
            lifecycle=old.lifecycle,
            elevation_m=old.elevation_m,
            zone_id=old.zone_id,
        )
        if at_start:
            row.start_node = node
        else:
            row.end_node = node
        row.save(update_fields=["start_node" if at_start else "end_node"])
        give_to_node(session, [item for item in attachments_on(row) if item.node_id == old.pk], old, node)
        session.remark(
            f"node {node.code}",
            Sentence(_("stands in the same place as node {old}, not joined to it"), old=old.code),
        )
        return {"pipe": str(row.uid), "node": str(node.uid)}


def delete_pipe(
    network: Network,
    *,
    pipe: Any,
    acting_user: User | None,
    reattach: bool = False,
    expected_version: int | None = None,
) -> dict[str, Any]:
    """Delete a pipe on which nothing hangs; with `reattach`, what hung on it hangs on its nodes instead.

    Returns {"deleted"}. Raises ReportedError (in_use) with what hangs on it, by kind and number.
    """
    with editing(network, operation="delete_pipe", acting_user=acting_user) as session:
        row = locked_pipe(network, pipe, expected_version)
        session.summarise(Sentence(_("deletion of pipe {row}"), row=row.code))
        if reattach:
            moved = Attachment.objects.filter(pipe=row).update(pipe=None, position=None)
            if moved:
                session.remark(
                    f"pipe {row.code}",
                    Sentence(
                        ngettext_lazy(
                            "{count} attachment now hangs on its end nodes",
                            "{count} attachments now hang on its end nodes",
                            COUNT,
                        ),
                        count=moved,
                    ),
                )
        counts = hanging_on(row)
        if counts:
            raise in_use(f"pipe {row.code}", f"pipe {row.uid}", counts)
        ends = ends_of(row)
        uid = str(row.uid)
        row.delete()
        session.codes.free(row.code)
        for node in ends:
            _remark_bare(session, node)
        return {"deleted": uid}


def _remark_bare(session: EditSession, node: Node) -> None:
    if not (node.pipes_out.exists() or node.pipes_in.exists()):
        session.remark(f"node {node.code}", Sentence(_("no pipe ends at it any more")))


def _is_start(end: str) -> bool:
    if end not in _ENDS:
        raise refusal("bad_values", Sentence(_("end must be start or end.")), "end")
    return end == "start"


def _set_end(session: EditSession, pipe: Pipe, line: Line, node: Node, at_start: bool) -> None:
    if at_start:
        pipe.start_node = node
        set_line_of(session, pipe, [place_of(node), *line[1:]], "start_node")
    else:
        pipe.end_node = node
        set_line_of(session, pipe, [*line[:-1], place_of(node)], "end_node")
