"""Merging two pipes at a node that nothing else needs: the inverse of a split.

before   A ---------- P ---------- N ------ Q ------- B
after    A --------------------- P ------------------ B         the longer one keeps id, uid and code
"""

from dataclasses import dataclass
from typing import Any

from django.contrib.gis.geos import LineString
from django.utils.translation import gettext_noop as _
from django.utils.translation import ngettext_lazy

from assets.editing.services.attachments import Stretch, attachments_on, carry_attachments, hanging_on
from assets.editing.services.attributes import DETAIL_OF_KIND
from assets.editing.services.carrying import carry_documents, carry_on_merge
from assets.editing.services.elements import line_of, locked_pipe, pipes_at, refusal
from assets.editing.services.lines import Line, joined, length_m, refuse_self_crossing
from assets.editing.services.nodes import in_use
from assets.editing.services.session import EditSession, editing
from assets.models import Attachment, Demand, DocumentLink, Network, Node, NodeKind, Pipe
from gis_core.errors import ReportedError
from gis_core.models import User
from gis_core.sentences import COUNT, Sentence, Word

# Two parts of one pipe agree in these; the sum of the parts is the whole's in the others.
_COMPARED = ("diameter_m", "material", "roughness", "year_installed", "status")
_PLAIN_KINDS = {NodeKind.JUNCTION.value, NodeKind.MANHOLE.value, NodeKind.POLE.value}


@dataclass(frozen=True)
class _Joint:
    """Two pipes that meet: the one that stays, the one that goes, the node between, and the ends that are left."""

    kept: Pipe
    absorbed: Pipe
    middle: Node
    kept_is_first: bool
    is_reversed: bool
    start: Node
    end: Node


def merge_pipes(
    network: Network,
    *,
    pipe: Any,
    other: Any,
    acting_user: User | None,
    force: bool = False,
    remove_device: bool = False,
    expected_version: int | None = None,
) -> dict[str, Any]:
    """Merge two pipes that meet at a node where nothing else ends; the node is deleted.

    What hangs on the pipes and on the node moves to the merged pipe, by position; demands move to the nearer end.
    Attributes in which the pipes differ refuse the merge, unless `force`: then those of the longer one hold, which is
    remarked. A device between the pipes goes only with `remove_device`. Returns {"pipe", "deleted"}: uids of what is
    left and of what is gone. Raises ReportedError: not_adjacent, loop, in_use, attributes_differ.
    """
    with editing(network, operation="merge_pipes", acting_user=acting_user) as session:
        one, two = locked_pipe(network, pipe, expected_version), locked_pipe(network, other)
        joint = _joint(one, two)
        session.summarise(
            Sentence(
                _("merge of pipes {kept} and {absorbed}"), kept=joint.kept.code, absorbed=joint.absorbed.code
            )
        )
        _refuse_needed(joint, remove_device)
        _refuse_differences(session, joint, force)
        _merge(session, joint)
        return {
            "pipe": str(joint.kept.uid),
            "deleted": [str(joint.absorbed.uid), str(joint.middle.uid)],
        }


def _joint(one: Pipe, two: Pipe) -> _Joint:
    if one.pk == two.pk:
        raise refusal(
            "not_adjacent",
            Sentence(_("Pipe {one} cannot be merged with itself."), one=one.code),
            f"pipe {one.uid}",
        )
    shared = {one.start_node_id, one.end_node_id} & {two.start_node_id, two.end_node_id}
    if not shared:
        raise refusal(
            "not_adjacent",
            Sentence(_("Pipes {one} and {two} have no common node."), one=one.code, two=two.code),
            f"pipe {two.uid}",
        )
    if len(shared) > 1:
        raise refusal(
            "loop",
            Sentence(
                _("Pipes {one} and {two} meet at both ends; merged they would be a loop."),
                one=one.code,
                two=two.code,
            ),
            f"pipe {two.uid}",
        )
    kept, absorbed = (one, two) if length_m(line_of(one)) >= length_m(line_of(two)) else (two, one)
    (middle_id,) = shared
    kept_is_first = kept.end_node_id == middle_id
    # The absorbed pipe runs on from the kept one's end, or up to its start; else it is drawn the other way.
    is_reversed = (absorbed.start_node_id if kept_is_first else absorbed.end_node_id) != middle_id
    far_id = absorbed.end_node_id if absorbed.start_node_id == middle_id else absorbed.start_node_id
    near_id = kept.start_node_id if kept_is_first else kept.end_node_id
    nodes = Node.objects.select_for_update().in_bulk([middle_id, far_id, near_id])
    near, far = nodes[near_id], nodes[far_id]
    start, end = (near, far) if kept_is_first else (far, near)
    return _Joint(kept, absorbed, nodes[middle_id], kept_is_first, is_reversed, start, end)


def _refuse_needed(joint: _Joint, remove_device: bool) -> None:
    """The node between goes only when nothing else needs it."""
    node = joint.middle
    others = [pipe.code for pipe in pipes_at(node) if pipe.pk not in (joint.kept.pk, joint.absorbed.pk)]
    if others:
        raise refusal(
            "in_use",
            Sentence(
                _("Node {node} is also the end of {others}."), node=node.code, others=", ".join(others[:5])
            ),
            f"node {node.uid}",
        )
    is_plain = node.kind in _PLAIN_KINDS
    if not is_plain and not (remove_device and node.code_class == "device"):
        raise refusal(
            "in_use",
            Sentence(
                _("Between the pipes stands {kind} {node}; say remove_device to remove it.")
                if node.code_class == "device"
                else _("Between the pipes stands {kind} {node}."),
                kind=Word(node.get_kind_display()),
                node=node.code,
            ),
            f"node {node.uid}",
        )
    # Documents and what hangs by attachments are carried. Inspections and verifications are facts about the node
    # itself, which nobody rewrites: they hold it.
    carried = {str(DocumentLink._meta.verbose_name_plural)}
    if Attachment.objects.filter(node=node).exists():
        carried |= {"service points", "things", "leak records", "attachments"}
    counts = {name: number for name, number in hanging_on(node).items() if name not in carried}
    if counts:
        raise in_use(f"{node.get_kind_display()} {node.code}", f"node {node.uid}", counts)


def _refuse_differences(session: EditSession, joint: _Joint, force: bool) -> None:
    kept, absorbed = joint.kept, joint.absorbed
    if kept.lifecycle != absorbed.lifecycle:
        raise refusal(
            "attributes_differ",
            Sentence(
                _("Pipe {kept} is {lifecycle}, pipe {absorbed} is {lifecycle_2}."),
                kept=kept.code,
                lifecycle=Word(kept.get_lifecycle_display()),
                absorbed=absorbed.code,
                lifecycle_2=Word(absorbed.get_lifecycle_display()),
            ),
            "lifecycle",
            "differs",
        )
    differences = [
        (name, getattr(kept, name), getattr(absorbed, name))
        for name in _COMPARED
        if getattr(kept, name) != getattr(absorbed, name)
    ]
    if absorbed.has_check_valve and joint.is_reversed:
        differences.append(("has_check_valve", "along its drawing", "against it"))
    if differences and not force:
        raise ReportedError(
            Sentence(
                _(
                    "Pipes {kept} and {absorbed} differ in {differences}; make them alike, or say "
                    "force to keep the longer one's."
                ),
                kept=kept.code,
                absorbed=absorbed.code,
                differences=", ".join(name for name, _, _ in differences),
            ),
            code="attributes_differ",
            details=[
                {"element": name, "reason": f"{kept.code}: {one}, {absorbed.code}: {two}"}
                for name, one, two in differences
            ],
        )
    for name, one, two in differences:
        session.remark(
            f"pipe {kept.code}",
            Sentence(
                _("{name} is {one}; the part that was {absorbed} had {two}"),
                name=name,
                one=one,
                absorbed=absorbed.code,
                two=two,
            ),
        )


def _merge(session: EditSession, joint: _Joint) -> None:
    kept, absorbed, middle = joint.kept, joint.absorbed, joint.middle
    kept_line, other_line = line_of(kept), line_of(absorbed)
    kept_m, other_m = length_m(kept_line), length_m(other_line)
    attachments = _on_the_whole_line(session, joint, kept_m, other_m)
    _set_whole(joint, kept_line, other_line, kept_m, other_m)
    _move_demands(session, joint, kept_m, other_m)
    carry_attachments(
        session,
        attachments,
        old_length_m=kept_m + other_m,
        old_nodes={node.pk: node for node in (joint.start, joint.end, middle)},
        stretches=[Stretch(kept, joint.start, joint.end, 0.0, kept_m + other_m)],
    )
    session.remarks += [
        {"element": f"{lost['object']} {lost['id']}", "reason": lost["reason"]}
        for lost in carry_on_merge(kept_pipe_id=kept.pk, absorbed_pipe_id=absorbed.pk)
    ]
    documents = carry_documents(node_id=middle.pk, pipe_id=kept.pk)
    if documents:
        session.remark(
            f"node {middle.code}",
            Sentence(
                _("its documents ({documents}) now belong to pipe {kept}"),
                documents=documents,
                kept=kept.code,
            ),
        )
    counts = hanging_on(absorbed)
    if counts:
        raise in_use(f"pipe {absorbed.code}", f"pipe {absorbed.uid}", counts)
    for ancestor in (kept, absorbed):
        session.add_lineage(
            element="pipe",
            relation="merge",
            ancestor_uid=ancestor.uid,
            ancestor_code=ancestor.code,
            descendant_uid=kept.uid,
            descendant_code=kept.code,
            from_share=0.0,
            to_share=1.0,
        )
    if middle.kind in DETAIL_OF_KIND:
        session.remark(f"{middle.kind} {middle.code}", Sentence(_("was removed with its details")))
    # The instances stay readable for the report; deleting empties their keys.
    Pipe.objects.get(pk=absorbed.pk).delete()
    session.codes.free(absorbed.code)
    Node.objects.get(pk=middle.pk).delete()
    session.codes.free(middle.code)


def _on_the_whole_line(
    session: EditSession, joint: _Joint, kept_m: float, other_m: float
) -> list[Attachment]:
    """Attachments of both pipes and of the node between, with positions on the line of both."""
    whole_m = kept_m + other_m
    kept_from, other_from = (0.0, kept_m) if joint.kept_is_first else (other_m, 0.0)
    kept_items, other_items = attachments_on(joint.kept), attachments_on(joint.absorbed)
    for item in kept_items:
        item.position = (kept_from + (item.position or 0.0) * kept_m) / whole_m
    for item in other_items:
        share = 1 - (item.position or 0.0) if joint.is_reversed else (item.position or 0.0)
        item.position = (other_from + share * other_m) / whole_m
    loose = list(Attachment.objects.select_for_update().filter(node=joint.middle, pipe=None).order_by("pk"))
    for item in loose:
        item.position = max(kept_from, other_from) / whole_m
    if loose:
        session.remark(
            f"node {joint.middle.code}",
            Sentence(
                ngettext_lazy(
                    "{count} attachment now hangs on pipe {kept}",
                    "{count} attachments now hang on pipe {kept}",
                    COUNT,
                ),
                count=len(loose),
                kept=joint.kept.code,
            ),
        )
    return [*kept_items, *other_items, *loose]


def _set_whole(joint: _Joint, kept_line: Line, other_line: Line, kept_m: float, other_m: float) -> None:
    """Give the kept pipe the whole line, and what adds up."""
    kept, absorbed = joint.kept, joint.absorbed
    if joint.is_reversed:
        other_line = other_line[::-1]
    line = joined(kept_line, other_line) if joint.kept_is_first else joined(other_line, kept_line)
    refuse_self_crossing(line)
    if kept.stated_length_m is not None or absorbed.stated_length_m is not None:
        kept.stated_length_m = (kept.stated_length_m or kept_m) + (absorbed.stated_length_m or other_m)
    kept.minor_loss += absorbed.minor_loss
    kept.has_check_valve = kept.has_check_valve or absorbed.has_check_valve
    kept.geom = LineString(line, srid=4326)
    kept.start_node, kept.end_node = joint.start, joint.end
    kept.save(
        update_fields=["geom", "start_node", "end_node", "stated_length_m", "minor_loss", "has_check_valve"]
    )


def _move_demands(session: EditSession, joint: _Joint, kept_m: float, other_m: float) -> None:
    """Demands of the node between move to the end that is nearer along the line, in the same zone if one is."""
    demands = list(Demand.objects.select_for_update().filter(node=joint.middle).order_by("ordinal"))
    if not demands:
        return
    first_m = kept_m if joint.kept_is_first else other_m
    ends = [joint.start, joint.end] if first_m <= (kept_m + other_m) / 2 else [joint.end, joint.start]
    takes = {NodeKind.JUNCTION.value}
    fit = [node for node in ends if node.kind in takes]
    if not fit:
        raise refusal(
            "in_use",
            Sentence(
                _("Node {middle} has demands, and no end of the merged pipe is a junction to take them."),
                middle=joint.middle.code,
            ),
            f"node {joint.middle.uid}",
            Sentence(ngettext_lazy("{count} demand", "{count} demands", COUNT), count=len(demands)),
        )
    same_zone = [node for node in fit if node.zone_id == joint.middle.zone_id]
    target = (same_zone or fit)[0]
    taken = Demand.objects.filter(node=target).order_by("-ordinal").values_list("ordinal", flat=True).first()
    next_ordinal = 0 if taken is None else taken + 1
    for number, demand in enumerate(demands):
        demand.node, demand.ordinal = target, next_ordinal + number
    Demand.objects.bulk_update(demands, ["node", "ordinal"])
    session.remark(
        f"node {joint.middle.code}",
        Sentence(
            ngettext_lazy(
                "{count} demand moved to node {target}", "{count} demands moved to node {target}", COUNT
            ),
            count=len(demands),
            target=target.code,
        ),
    )
