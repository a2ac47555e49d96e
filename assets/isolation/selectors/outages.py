"""Outages as a viewer may see them, their conflicts, and whom to tell of them."""

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_noop as _

from assets.consumer_providers import list_consumers_at_attachments
from assets.models import Outage
from assets.topology.selectors.network_graph import NetworkGraph, network_graph
from assets.tracing.selectors.supply import supplied
from gis_core.access import Capability, Viewer, visible
from gis_core.sentences import Sentence, Word, Words
from gis_core.spreadsheet_cells import text_cell

TOLD_COLUMNS = (
    "registry_number",
    "account",
    "contract",
    "name",
    "address",
    "phone",
    "kind",
    "is_priority",
)
_NAMED = 5


def outages_visible_to(viewer: Viewer) -> QuerySet[Outage]:
    """Outages of the viewer's divisions, the latest first."""
    outages = Outage.objects.select_related("network", "division", "made_by")
    return visible(outages, viewer, Capability.VIEW_NETWORK)


@dataclass(frozen=True)
class Conflict:
    """Why an outage does not go together with another."""

    number: str
    uid: str
    reason: str

    def as_dict(self) -> dict[str, str]:
        return {"outage": self.number, "uid": self.uid, "reason": self.reason}


def overlapping(outage: Outage, *, begins: datetime | None = None) -> list[Outage]:
    """Planned outages and those in progress of the network whose time overlaps with the outage's.

    `begins`: when it really begins, where that is not as planned. What is in progress lasts until now at least.
    """
    begins = begins or outage.starts_at
    ends = max(outage.ends_at, begins)
    overlaps = Q(state=Outage.State.PLANNED, starts_at__lt=ends, ends_at__gt=begins) | Q(
        state=Outage.State.IN_PROGRESS, started_at__lt=ends, ends_at__gt=begins
    )
    if begins <= timezone.now():
        overlaps |= Q(state=Outage.State.IN_PROGRESS, ends_at__lte=begins)
    others = Outage.objects.filter(overlaps, network_id=outage.network_id).exclude(pk=outage.pk)
    return list(others.order_by("pk"))


def conflicts_of(outage: Outage, others: Sequence[Outage]) -> list[Conflict]:
    """The conflicts of an outage with others that overlap it in time."""
    if not others:
        return []
    graph = network_graph(outage.network)
    found = {other.pk: _shared(graph, outage, other) for other in others}
    apart = [other for other in others if found[other.pk] is None]
    together = _cut_off_together(graph, outage, apart) if apart else {}
    return [
        Conflict(other.number, str(other.uid), reason)
        for other in others
        if (reason := found[other.pk] or together.get(other.pk)) is not None
    ]


def _shared(graph: NetworkGraph, outage: Outage, other: Outage) -> str | None:
    pipes = set(outage.pipe_ids) & set(other.pipe_ids)
    if pipes:
        return Sentence(_("both isolate {graph}"), graph=_named(graph, pipes=pipes))
    valves = set(outage.valve_ids) & set(other.valve_ids)
    if valves:
        return Sentence(_("both close {graph}"), graph=_named(graph, nodes=valves))
    without_water = {*outage.node_ids, *outage.cut_off_node_ids} & {*other.node_ids, *other.cut_off_node_ids}
    if without_water:
        return Sentence(_("both leave {graph} without water"), graph=_named(graph, nodes=without_water))
    return None


def _cut_off_together(graph: NetworkGraph, outage: Outage, others: Sequence[Outage]) -> dict[int, str]:
    """Reasons by outage: nodes that lose their water only because of both; or of all, where no pair does it."""
    before = supplied(graph)
    alone = {one.pk: _lost(graph, before, [one]) for one in (outage, *others)}
    reasons: dict[int, str] = {}
    for other in others:
        lost = _lost(graph, before, [outage, other]) - alone[outage.pk] - alone[other.pk]
        if lost:
            reasons[other.pk] = Sentence(
                _("together they also cut off {graph}"), graph=_named(graph, nodes=lost)
            )
    if not reasons and len(others) > 1:
        lost = _lost(graph, before, [outage, *others]) - _lost(graph, before, others) - alone[outage.pk]
        if lost:
            numbers = ", ".join(other.number for other in others)
            reason = Sentence(
                _("together with {numbers} it also cuts off {graph}"),
                numbers=numbers,
                graph=_named(graph, nodes=lost),
            )
            reasons = {other.pk: reason for other in others}
    return reasons


def _lost(graph: NetworkGraph, before: Any, outages: Iterable[Outage]) -> set[int]:
    """Ids of the nodes without water while the outages last, the isolated ones among them."""
    outages = list(outages)
    shut_nodes = {node for outage in outages for node in (*outage.node_ids, *outage.valve_ids)}
    shut_pipes = {pipe for outage in outages for pipe in outage.pipe_ids}
    after = supplied(graph, shut_nodes=shut_nodes, shut_pipes=shut_pipes)
    # Devices are not served.
    return set(graph.node_ids[before & ~after & ~graph.is_device].tolist())


def _named(graph: NetworkGraph, *, nodes: Iterable[int] = (), pipes: Iterable[int] = ()) -> str:
    pipe_at = np.flatnonzero(np.isin(graph.pipe_ids, list(pipes)) & ~graph.is_connector)
    node_at = np.flatnonzero(np.isin(graph.node_ids, list(nodes)))
    words: list[str] = [Sentence(_("pipe {code}"), code=code) for code in graph.pipe_codes(pipe_at[:_NAMED])]
    words += [
        Sentence(_("{kind} {code}"), kind=Word(graph.kind_of(at)), code=code)
        for at, code in zip(node_at[:_NAMED].tolist(), graph.node_codes(node_at[:_NAMED]), strict=True)
    ]
    left = len(pipe_at) + len(node_at) - len(words)
    if not words:
        return Sentence(_("the same elements"))
    named = Words(words)
    return Sentence(_("{elements} and {left} more"), elements=named, left=left) if left else named


def subscribers_to_tell(
    outage: Outage, *, viewer: Viewer | None, limit: int | None = None
) -> list[dict[str, Any]]:
    """The accounts whose service the outage interrupts, as of the day it starts; priority customers first.

    `viewer` None is a command and gets all; another gets the subscribers they may see.
    """
    return list_consumers_at_attachments(
        "subscribers",
        outage.attachment_ids,
        on=timezone.localdate(outage.starts_at),
        limit=limit,
        viewer=viewer,
    )


def told_as_csv(rows: Iterable[dict[str, Any]]) -> str:
    """The list for a spreadsheet, UTF-8 without a mark; nothing in it is computed when it is opened."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(TOLD_COLUMNS)
    writer.writerows([_cell(row[column]) for column in TOLD_COLUMNS] for row in rows)
    return text.getvalue()


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return text_cell(str(value))
