"""Splitting a pipe.

    before   A ------------------ pipe P ------------------ B
    after    A ---------- P ---------- N ------ P/1 ------- B       the longer part keeps id, uid and code

Every vertex stays as it is; the cut is a vertex of both parts and the node's place, exactly.
"""

from typing import Any

from django.contrib.gis.geos import LineString
from django.db import connection
from django.utils.translation import gettext_noop as _

from assets.editing.services.attachments import Stretch, attachments_on, carry_attachments
from assets.editing.services.carrying import carry_on_split
from assets.editing.services.elements import (
    free_pipe_code,
    line_of,
    locked_pipe,
    locked_pipe_near,
    place_of,
)
from assets.editing.services.lines import (
    LinePlace,
    Position,
    cut,
    parse_point,
)
from assets.editing.services.placing import between_ends, insert_node, place_on_pipe
from assets.editing.services.session import EditSession, editing
from assets.models import Lineage, Network, Node, Pipe
from gis_core.models import User
from gis_core.sentences import Sentence

_COPIED = (
    "network_id",
    "division_id",
    "diameter_m",
    "material",
    "roughness",
    "year_installed",
    "status",
    "lifecycle",
)


def split_pipe(
    network: Network,
    *,
    pipe: Any,
    acting_user: User | None,
    position: float | None = None,
    point: Any = None,
    code: str | None = None,
    elevation_m: float | None = None,
    expected_version: int | None = None,
) -> dict[str, Any]:
    """Split a pipe with a new junction, at `position` (share of its length from its start) or nearest to `point`.

    `point` must lie within the network's tolerance of the pipe, and the cut farther than it from both ends. Returns
    {"node", "pipes"}: uids of the new junction and of both parts in the order of the drawing. Services, meters,
    sensors, leak records, documents and facts go with the part on which they lie.
    """
    with editing(network, operation="split_pipe", acting_user=acting_user) as session:
        row = pipe_to_cut(session, pipe, point, expected_version)
        session.summarise(Sentence(_("split of pipe {row}"), row=row.code))
        place = place_on_pipe(network, row, position=position, point=point)
        node = insert_node(
            session,
            kind="junction",
            point=place.point,
            code=code,
            base=row.code,
            lifecycle=row.lifecycle,
            **between_ends(row, place, elevation_m),
        )
        parts = cut_pipe(session, row, place, node)
        return {"node": str(node.uid), "pipes": [str(part.uid) for part in parts]}


def pipe_to_cut(session: EditSession, uid: Any, point: Any, expected_version: int | None) -> Pipe:
    """The pipe that a position or a point is on, locked."""
    if point is None:
        return locked_pipe(session.network, uid, expected_version)
    return locked_pipe_near(session, uid, parse_point(point), expected_version)


def cut_pipe(session: EditSession, pipe: Pipe, place: LinePlace, node: Node) -> tuple[Pipe, Pipe]:
    """Cut a locked pipe at a node that stands at `place.point`; return its parts in the order of the drawing."""
    start, end = pipe.start_node, pipe.end_node
    first_line, second_line = cut(line_of(pipe), place)
    if place_of(node) != place.point:
        raise RuntimeError("the node stands at the cut")
    has_attachments, has_facts = _what_goes_along(pipe)
    attachments = attachments_on(pipe) if has_attachments else []
    first_is_kept = place.along_m >= place.length_m - place.along_m
    new = _part_of(session, pipe, 1 - place.share if first_is_kept else place.share)
    first, second = (pipe, new) if first_is_kept else (new, pipe)
    _share_stated_length(pipe, new)
    _set_line(first, first_line, start, node)
    _set_line(second, second_line, node, end)
    new.save(force_insert=True)
    session.note_cut(part=new.uid, pipe=pipe.uid)
    pipe.save(update_fields=["geom", "start_node", "end_node", "stated_length_m"])
    _remark_whole_values(session, pipe, new)
    carry_attachments(
        session,
        attachments,
        old_length_m=place.length_m,
        old_nodes={start.pk: start, end.pk: end},
        stretches=[
            Stretch(first, start, node, 0.0, place.along_m),
            Stretch(second, node, end, place.along_m, place.length_m),
        ],
    )
    if has_facts:
        session.remarks += [
            {"element": f"{lost['object']} {lost['id']}", "reason": lost["reason"]}
            for lost in carry_on_split(kept_pipe_id=pipe.pk, new_pipe_id=new.pk)
        ]
    shares = ((first, 0.0, place.share), (second, place.share, 1.0))
    Lineage.objects.bulk_create(
        Lineage(
            edit=session.edit,
            element="pipe",
            relation=Lineage.Relation.SPLIT,
            ancestor_uid=pipe.uid,
            ancestor_code=pipe.code,
            descendant_uid=part.uid,
            descendant_code=part.code,
            from_share=from_share,
            to_share=to_share,
        )
        for part, from_share, to_share in shares
    )
    return first, second


def _what_goes_along(pipe: Pipe) -> tuple[bool, bool]:
    """Whether anything hangs on the locked pipe, and whether a register has facts about it.

    One question, since most pipes have neither.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT 1 FROM assets_attachment WHERE pipe_id = %(pipe)s), "
            "EXISTS (SELECT 1 FROM assets_documentlink WHERE pipe_id = %(pipe)s) "
            "OR EXISTS (SELECT 1 FROM assets_inspection WHERE pipe_id = %(pipe)s) "
            "OR EXISTS (SELECT 1 FROM assets_verification WHERE pipe_id = %(pipe)s) "
            "OR EXISTS (SELECT 1 FROM assets_linedetail WHERE pipe_id = %(pipe)s)",
            {"pipe": pipe.pk},
        )
        has_attachments, has_facts = cursor.fetchone()
    return has_attachments, has_facts


def _part_of(session: EditSession, pipe: Pipe, share: float) -> Pipe:
    """The new part, with the attributes of the whole; those of single places stay with the kept part."""
    part = Pipe(code=free_pipe_code(session, pipe.code), **{name: getattr(pipe, name) for name in _COPIED})
    part.stated_length_m = None if pipe.stated_length_m is None else pipe.stated_length_m * share
    return part


def _share_stated_length(kept: Pipe, new: Pipe) -> None:
    if kept.stated_length_m is not None and new.stated_length_m is not None:
        kept.stated_length_m -= new.stated_length_m


def _set_line(pipe: Pipe, line: list[Position], start: Node, end: Node) -> None:
    pipe.geom = LineString(line, srid=4326)
    pipe.start_node, pipe.end_node = start, end


def _remark_whole_values(session: EditSession, kept: Pipe, new: Pipe) -> None:
    """Single things of the whole pipe stand on one part only: counted twice they would act twice."""
    if kept.minor_loss:
        session.remark(
            f"pipe {new.code}", Sentence(_("the minor loss stays with pipe {kept}"), kept=kept.code)
        )
    if kept.has_check_valve:
        session.remark(
            f"pipe {new.code}", Sentence(_("the check valve stays with pipe {kept}"), kept=kept.code)
        )
