"""What hangs on the graph follows it: services, meters, sensors, leak records through their attachments.

An attachment on a pipe is found again on the part that lies where it was; its node stays where it can, or becomes the
end of the part that lies in the same zone, so that no consumer changes its balance unseen.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import PROTECT, Model
from django.utils.translation import gettext_noop as _

from assets.editing.services.session import EditSession
from assets.models import Attachment, Node, Pipe
from gis_core.sentences import Sentence


@dataclass(frozen=True)
class Stretch:
    """A pipe as it is now, and which stretch of the old line it is: from `from_m` to `to_m` along it.

    `is_reversed`: the pipe is drawn against the old line.
    """

    pipe: Pipe
    start: Node
    end: Node
    from_m: float
    to_m: float
    is_reversed: bool = False

    def position_of(self, along_m: float) -> float:
        """The position on the pipe, 0 to 1, of a place along the old line."""
        width_m = self.to_m - self.from_m
        share = (along_m - self.from_m) / width_m if width_m > 0 else 0.0
        share = min(max(share, 0.0), 1.0)
        return 1.0 - share if self.is_reversed else share


def carry_attachments(
    session: EditSession,
    attachments: Sequence[Attachment],
    *,
    old_length_m: float,
    old_nodes: dict[int, Node],
    stretches: Sequence[Stretch],
) -> None:
    """Give attachments of an old line to the stretches that took its place; remark what changes its zone."""
    for attachment in attachments:
        assert attachment.position is not None
        along_m = attachment.position * old_length_m
        stretch = _stretch_at(stretches, along_m, attachment.node_id)
        attachment.pipe = stretch.pipe
        attachment.position = stretch.position_of(along_m)
        if attachment.node_id not in (stretch.start.pk, stretch.end.pk):
            attachment.node = _new_node(
                session, attachment, old_nodes[attachment.node_id], stretch.start, stretch.end
            )
    store_places(attachments)


def store_places(attachments: Sequence[Attachment]) -> None:
    """Store where attachments hang now, in one statement: what the ORM makes of many rows costs more than a split."""
    if not attachments:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE assets_attachment attachment SET node_id = new.node_id, pipe_id = new.pipe_id, "
            "position = new.position FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::float8[]) "
            "AS new (id, node_id, pipe_id, position) WHERE attachment.id = new.id",
            [
                [item.pk for item in attachments],
                [item.node.pk if item.node_id is None else item.node_id for item in attachments],
                [item.pipe_id for item in attachments],
                [item.position for item in attachments],
            ],
        )


def attachments_on(pipe: Pipe) -> list[Attachment]:
    """What hangs on a pipe, locked, by id."""
    return list(Attachment.objects.select_for_update().filter(pipe=pipe).order_by("pk"))


def give_to_node(session: EditSession, attachments: Sequence[Attachment], old: Node, new: Node) -> None:
    """Attachments of one node now hang on another; remark when that lies in another zone."""
    for attachment in attachments:
        attachment.node = new
        _remark_zone(session, attachment, old, new)
    store_places(attachments)


def _stretch_at(stretches: Sequence[Stretch], along_m: float, node_id: int) -> Stretch:
    """At a cut, the stretch on the side of the attachment's node."""
    holding = [stretch for stretch in stretches if stretch.from_m <= along_m <= stretch.to_m]
    holding = holding or [stretches[0] if along_m < stretches[0].from_m else stretches[-1]]
    for stretch in holding:
        if node_id in (stretch.start.pk, stretch.end.pk):
            return stretch
    return holding[0]


def _new_node(session: EditSession, attachment: Attachment, old: Node, start: Node, end: Node) -> Node:
    """An end in the zone of the old node before one that is nearer but in another zone."""
    assert attachment.position is not None
    nearest = start if attachment.position <= 0.5 else end
    other = end if nearest is start else start
    chosen = nearest
    if nearest.zone_id != old.zone_id and other.zone_id == old.zone_id:
        chosen = other
    _remark_zone(session, attachment, old, chosen)
    return chosen


def _remark_zone(session: EditSession, attachment: Attachment, old: Node, new: Node) -> None:
    if old.zone_id != new.zone_id:
        session.remark(
            name_of(attachment),
            Sentence(
                _("now belongs to the zone of node {new}, no longer to that of node {old}"),
                new=new.code,
                old=old.code,
            ),
        )


def name_of(attachment: Attachment) -> str:
    """What hangs on an attachment, for people: its kind and code."""
    for relation in Attachment._meta.related_objects:
        holder = (
            relation.related_model._default_manager.filter(  # type: ignore[union-attr]
                **{relation.field.name: attachment}
            )
            .order_by("pk")
            .first()
        )
        if holder is not None:
            return f"{holder._meta.verbose_name} {getattr(holder, 'code', None) or holder}"
    return f"attachment {attachment.uid}"


def hanging_on_attachments(attachment_ids: Iterable[int]) -> dict[str, int]:
    """How many of what hang on attachments: {"service points": 3}; attachments that nothing uses are none."""
    ids = list(attachment_ids)
    if not ids:
        return {}
    counts = {}
    for relation in Attachment._meta.related_objects:
        model = relation.related_model
        number = model._default_manager.filter(**{f"{relation.field.name}__in": ids}).count()  # type: ignore[union-attr]
        if number:
            counts[str(model._meta.verbose_name_plural)] = number  # type: ignore[union-attr]
    return counts


def hanging_on(element: Node | Pipe) -> dict[str, int]:
    """How many of what keep a node or pipe from being deleted, by kind; pipes at a node are not counted."""
    own = Attachment.objects.filter(**{element._meta.model_name or "": element})
    attachment_ids = list(own.values_list("pk", flat=True))
    counts = hanging_on_attachments(attachment_ids)
    if attachment_ids and not counts:
        counts["attachments"] = len(attachment_ids)
    for relation in element._meta.related_objects:
        model: type[Model] | Any = relation.related_model
        if relation.on_delete is not PROTECT or model in (Attachment, Pipe):
            continue
        number = model._default_manager.filter(**{relation.field.name: element}).count()
        if number:
            name = str(model._meta.verbose_name_plural)
            counts[name] = counts.get(name, 0) + number
    return counts


def as_text(counts: dict[str, int]) -> str:
    """Counts as words: "3 service points, 1 leak record"."""
    return ", ".join(f"{number} {name}" for name, number in counts.items())
