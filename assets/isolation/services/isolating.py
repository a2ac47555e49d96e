"""Isolating a pipe: which valves to close, what is then without water, and whom that concerns.

The search is local. The isolated part grows from the pipe to the valves that can be closed. What is beyond it loses
its water when no way from a source is left that avoids the isolated part: most neighbours are cleared at once by their
supply numbers (services/topology), and the rest by a search that goes up against the flow only until it meets a node
that is.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.db import connection
from django.utils.translation import gettext_noop as _

from assets.consumer_providers import consumers_at_attachments, list_consumers_at_attachments
from assets.isolation.services.part import IsolatedPart, Span
from assets.isolation.services.supply import SupplySearch
from assets.models import DEVICE_KINDS, Network, Pipe
from assets.models.commodities import rules_of
from assets.topology.services.rebuilding import rebuild_topology
from gis_core.access import Viewer
from gis_core.errors import ReportedError
from gis_core.sentences import Sentence, Word


@dataclass(frozen=True)
class Isolation:
    """The result. Codes are sorted; devices and connectors are not among nodes and pipes, but among their ids.

    `close`: valves to close; `held_by`: valves that are closed already and hold; `passed`: valves that would have to be
    closed but cannot. `cut_off`: nodes outside the isolated part that lose their last way from a source. Lengths are
    the stated ones where stated, else geodesic; the volume is that of the isolated pipes.
    """

    network: Network
    pipe: str
    close: list[str]
    close_ids: list[int]
    held_by: list[str]
    passed: list[str]
    pipes: list[str]
    pipe_ids: list[int]
    nodes: list[str]
    node_ids: list[int]
    cut_off: list[str]
    cut_off_ids: list[int]
    length_m: float
    volume_m3: float
    attachment_ids: list[int]
    subscribers: int
    priority_count: int
    priority: list[dict[str, Any]]

    def as_dict(self) -> dict[str, Any]:
        return {
            "network": self.network.code,
            "pipe": self.pipe,
            "close": self.close,
            "held_by": self.held_by,
            "passed": self.passed,
            "pipes": self.pipes,
            "nodes": self.nodes,
            "cut_off": self.cut_off,
            "length_m": round(self.length_m, 3),
            "volume_m3": round(self.volume_m3, 3),
            "subscribers": self.subscribers,
            "priority_count": self.priority_count,
            "priority": self.priority,
        }


def isolate(
    network: Network,
    *,
    pipe: Pipe,
    at: float = 0.5,
    inoperable: Sequence[str] = (),
    viewer: Viewer | None = None,
) -> Isolation:
    """Isolate a break at `at` (0 to 1) of the pipe. `inoperable`: codes of valves that cannot be closed today.
    `viewer`: whose rights decide which priority customers are listed; None lists all.

    Valves that are broken or not accessible are passed too; closed ones hold; check valves hold against flow back.
    Raises ReportedError when `at` is no share, the pipe is not in service, or a code is no device of the network.
    """
    if not 0 <= at <= 1:
        raise ReportedError(
            Sentence(_("The place on the pipe is a share between 0 and 1.")), code="bad_position"
        )
    if pipe.network_id != network.pk:
        raise ReportedError(
            Sentence(_("Pipe {pipe} is not of network {network}."), pipe=pipe.code, network=network.code),
            code="other_network",
        )
    if pipe.lifecycle != "in_service":
        raise ReportedError(
            Sentence(
                _("Pipe {pipe} is {lifecycle}: there is nothing to isolate."),
                pipe=pipe.code,
                lifecycle=Word(pipe.get_lifecycle_display()),
            ),
            code="not_in_service",
        )
    with connection.cursor() as cursor:
        broken = _broken_spans(cursor, network)
        part = IsolatedPart(cursor, _device_ids(cursor, network, inoperable), broken)
        part.grow(pipe.pk)
        cut_off = SupplySearch(cursor, part, rules_of(network.commodity).supply_kinds).cut_off()
        found = _described(cursor, network, pipe, part, cut_off)
    return _with_consumers(found, viewer)


def _broken_spans(cursor: Any, network: Network) -> list[Span]:
    """Where supply numbers are not to be relied on; makes segments and numbers current first if they are not."""
    for _attempt in range(2):
        cursor.execute(
            "SELECT topology_is_current AND supply_is_numbered, "
            "(SELECT json_agg(ARRAY[first, last]) FROM assets_brokensupplyspan span "
            " WHERE span.network_id = state.network_id) FROM assets_networkstate state WHERE network_id = %s",
            [network.pk],
        )
        is_current, spans = cursor.fetchone()
        if is_current:
            break
        rebuild_topology(network)
    return [(first, last) for first, last in spans or ()]


def _device_ids(cursor: Any, network: Network, codes: Sequence[str]) -> set[int]:
    if not codes:
        return set()
    cursor.execute(
        "SELECT code, id FROM assets_node WHERE network_id = %s AND code_class = 'device' AND code = ANY (%s)",
        [network.pk, list(codes)],
    )
    found = dict(cursor.fetchall())
    unknown = sorted(set(codes) - set(found))
    if unknown:
        raise ReportedError(
            Sentence(
                _("Network {network} has no valve {unknown}."),
                network=network.code,
                unknown=", ".join(unknown),
            ),
            code="no_such_valve",
            details=[{"element": code, "reason": Sentence(_("no device has this code"))} for code in unknown],
        )
    return set(found.values())


def _described(cursor: Any, network: Network, pipe: Pipe, part: IsolatedPart, cut_off: set[int]) -> Isolation:
    lines = [part.pipe_facts[pk] for pk in part.pipes if not part.pipe_facts[pk].is_connector]
    attachments = _attachments(cursor, part, cut_off)

    def codes(ids: Iterable[int]) -> list[str]:
        return sorted(part.node_facts[pk].code for pk in ids)

    return Isolation(
        network=network,
        pipe=pipe.code,
        close=codes(part.close),
        close_ids=sorted(part.close),
        held_by=codes(part.held_by),
        passed=codes(part.passed),
        pipes=sorted(line.code for line in lines),
        pipe_ids=sorted(part.pipes),
        nodes=codes(pk for pk in part.nodes if not part.node_facts[pk].is_device),
        node_ids=sorted(part.nodes),
        cut_off=_codes_of_places(cursor, cut_off),
        cut_off_ids=sorted(cut_off),
        length_m=math.fsum(line.length_m for line in lines),
        volume_m3=math.fsum(line.length_m * math.pi * line.diameter_m**2 / 4 for line in lines),
        attachment_ids=attachments,
        subscribers=0,
        priority_count=0,
        priority=[],
    )


def _codes_of_places(cursor: Any, nodes: set[int]) -> list[str]:
    if not nodes:
        return []
    cursor.execute(
        "SELECT code FROM assets_node WHERE id = ANY (%s) AND kind <> ALL (%s)",
        [list(nodes), list(DEVICE_KINDS)],
    )
    return sorted(code for (code,) in cursor.fetchall())


def _with_consumers(isolation: Isolation, viewer: Viewer | None) -> Isolation:
    if not isolation.attachment_ids:
        return isolation
    counts = consumers_at_attachments(isolation.attachment_ids)
    listed = list_consumers_at_attachments("priority", isolation.attachment_ids, viewer=viewer)
    return replace(
        isolation,
        subscribers=counts.get("subscribers", 0),
        priority_count=counts.get("priority", 0),
        priority=listed,
    )


def _attachments(cursor: Any, part: IsolatedPart, cut_off: set[int]) -> list[int]:
    """What hangs on isolated pipes, at isolated or cut off nodes, or on pipes at cut off nodes."""
    cursor.execute(
        "SELECT attachments_of_part(%s::bigint[], %s::bigint[], %s::bigint[])",
        [list(part.pipes), list(part.nodes | cut_off), list(cut_off)],
    )
    return list(cursor.fetchone()[0])
