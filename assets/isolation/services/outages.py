"""Outages: planned interruptions of supply, from the schedule to the last valve opened again.

        plan            start              finish
    ---------> planned ------> in progress -------> finished
                 ^  |               |
     reschedule  |  | overlaps      | cancel
                 |  v               v
               conflict ------> cancelled

Two outages that overlap in time are in conflict when they isolate or cut off the same elements or close the same valve,
or when together they cut off nodes that each alone leaves supplied. Plans of one network are made one after another.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop as _

from assets.editing.services.attributes import set_node_attributes
from assets.editing.services.session import editing
from assets.isolation.selectors.outages import conflicts_of, overlapping
from assets.isolation.services import isolate
from assets.models import Network, Node, Outage, Pipe, ValveDetail
from assets.networks.services.locking import lock_network
from gis_core.errors import ReportedError
from gis_core.models import User
from gis_core.sentences import Sentence, Word
from gis_core.services.audit import record_change

_S = Outage.State
_AUDITED = ("state", "starts_at", "ends_at", "started_at", "ended_at", "close", "subscribers", "conflicts")


@transaction.atomic
def plan_outage(
    *,
    network: Network,
    pipe: Pipe,
    starts_at: datetime,
    ends_at: datetime,
    reason: str,
    acting_user: User | None,
    at: float = 0.5,
    inoperable: Sequence[str] = (),
) -> Outage:
    """Plan to isolate a pipe. The outage comes out planned, or in conflict with the reasons.

    Raises ReportedError for times out of order, no reason, or what `isolate` refuses.
    """
    _require_times(starts_at, ends_at)
    if not reason.strip():
        raise ReportedError(
            Sentence(_("An outage needs a reason for those who are told of it.")), code="no_reason"
        )
    lock_network(network)
    outage = Outage(
        network=network,
        division_id=network.division_id,
        number=_next_number(network, starts_at),
        reason=reason.strip()[:300],
        starts_at=starts_at,
        ends_at=ends_at,
        pipe_uid=pipe.uid,
        pipe_code=pipe.code,
        position=at,
        inoperable_valves=list(inoperable),
        made_by=acting_user,
    )
    _isolate(outage, pipe)
    _judge(outage)
    outage.save()
    _record(outage, "plan outage", acting_user, None)
    return outage


@transaction.atomic
def reschedule_outage(
    outage: Outage, *, starts_at: datetime, ends_at: datetime, acting_user: User | None
) -> Outage:
    """Move an outage that has not begun; it is isolated anew and judged at its new time."""
    _require_times(starts_at, ends_at)
    outage = _locked(outage, "rescheduled", _S.PLANNED, _S.CONFLICT)
    before = _audited(outage)
    outage.starts_at, outage.ends_at = starts_at, ends_at
    _isolate(outage, _pipe_of(outage))
    _judge(outage)
    outage.save()
    _record(outage, "reschedule outage", acting_user, before)
    _settle_conflicts(outage, acting_user)
    return outage


@transaction.atomic
def recompute_outage(outage: Outage, *, acting_user: User | None) -> Outage:
    """Isolate an outage that has not begun anew, after the network changed, and judge it again."""
    outage = _locked(outage, "computed anew", _S.PLANNED, _S.CONFLICT)
    before = _audited(outage)
    _isolate(outage, _pipe_of(outage))
    _judge(outage)
    outage.save()
    _record(outage, "recompute outage", acting_user, before)
    _settle_conflicts(outage, acting_user)
    return outage


@transaction.atomic
def start_outage(
    outage: Outage, *, acting_user: User | None, close_valves: bool = False, at: datetime | None = None
) -> Outage:
    """Begin a planned outage, by default now. `close_valves` also sets its valves closed, as one edit of the network.

    Raises ReportedError when it is in conflict, or when it meanwhile conflicts with one that began earlier than planned
    or runs late.
    """
    outage = _locked(outage, "started", _S.PLANNED)
    before = _audited(outage)
    outage.started_at = at or timezone.now()
    found = conflicts_of(outage, overlapping(outage, begins=outage.started_at))
    if found:
        raise ReportedError(
            Sentence(
                _("Outage {outage} cannot start: {reason}."), outage=outage.number, reason=found[0].reason
            ),
            code="outage_conflict",
            details=[conflict.as_dict() for conflict in found],
        )
    outage.state = _S.IN_PROGRESS
    if close_valves:
        outage.closed_valves = _close_valves(outage, acting_user)
    outage.save()
    _record(outage, "start outage", acting_user, before)
    return outage


@transaction.atomic
def finish_outage(
    outage: Outage, *, acting_user: User | None, open_valves: bool = True, at: datetime | None = None
) -> Outage:
    """End an outage, by default now. Valves that its start closed are set as they were, unless changed since."""
    outage = _locked(outage, "finished", _S.IN_PROGRESS)
    before = _audited(outage)
    assert outage.started_at is not None
    ended_at = at or timezone.now()
    if ended_at < outage.started_at:
        raise ReportedError(Sentence(_("An outage cannot end before it started.")), code="bad_times")
    outage.state, outage.ended_at = _S.FINISHED, ended_at
    if open_valves:
        _open_valves(outage, acting_user)
    outage.save()
    _record(outage, "finish outage", acting_user, before)
    _settle_conflicts(outage, acting_user)
    return outage


@transaction.atomic
def cancel_outage(outage: Outage, *, acting_user: User | None) -> Outage:
    """Call an outage off. One in progress opens the valves that its start closed."""
    outage = _locked(outage, "cancelled", _S.PLANNED, _S.CONFLICT, _S.IN_PROGRESS)
    before = _audited(outage)
    if outage.state == _S.IN_PROGRESS:
        _open_valves(outage, acting_user)
    outage.state = _S.CANCELLED
    outage.save()
    _record(outage, "cancel outage", acting_user, before)
    _settle_conflicts(outage, acting_user)
    return outage


def _require_times(starts_at: datetime, ends_at: datetime) -> None:
    if timezone.is_naive(starts_at) or timezone.is_naive(ends_at):
        raise ReportedError(
            Sentence(_("Say the offset of the times: 2026-01-31T08:00:00+05:00.")), code="bad_times"
        )
    if ends_at <= starts_at:
        raise ReportedError(Sentence(_("An outage ends after it starts.")), code="bad_times")


def _locked(outage: Outage, verb: str, *states: str) -> Outage:
    """The outage as it is now, while no other of its network changes; raises ReportedError in another state."""
    lock_network(outage.network)
    fresh = Outage.objects.select_for_update(of=("self",)).select_related("network").get(pk=outage.pk)
    if fresh.state not in states:
        raise ReportedError(
            Sentence(
                _("Outage {fresh} is {state}; it cannot be {verb}."),
                fresh=fresh.number,
                state=Word(fresh.get_state_display()),
                verb=verb,
            ),
            code="outage_state",
        )
    return fresh


def _next_number(network: Network, starts_at: datetime) -> str:
    year = timezone.localtime(starts_at).year
    beginning = f"{year}-"
    numbers = Outage.objects.filter(network=network, number__regex=rf"^{year}-[0-9]+$").values_list(
        "number", flat=True
    )
    last = max((int(number.removeprefix(beginning)) for number in numbers), default=0)
    return f"{beginning}{last + 1:04}"


def _pipe_of(outage: Outage) -> Pipe:
    pipe = Pipe.objects.filter(network=outage.network, uid=outage.pipe_uid).first()
    if pipe is None:
        raise ReportedError(
            Sentence(
                _("Pipe {pipe_code} is no longer there; cancel outage {outage} and plan another."),
                pipe_code=outage.pipe_code,
                outage=outage.number,
            ),
            code="pipe_gone",
        )
    return pipe


def _isolate(outage: Outage, pipe: Pipe) -> None:
    isolation = isolate(outage.network, pipe=pipe, at=outage.position, inoperable=outage.inoperable_valves)
    outage.pipe_code = pipe.code
    outage.close, outage.valve_ids = isolation.close, isolation.close_ids
    outage.pipe_ids, outage.node_ids = isolation.pipe_ids, isolation.node_ids
    outage.cut_off_node_ids = isolation.cut_off_ids
    outage.length_m, outage.volume_m3 = isolation.length_m, isolation.volume_m3
    outage.attachment_ids = isolation.attachment_ids
    outage.subscribers = isolation.subscribers
    # Who they are is asked for with the right to see it; here only which ones.
    outage.priority = [row["registry_number"] for row in isolation.priority]


def _judge(outage: Outage) -> None:
    """Set the state of an outage that has not begun by the outages it overlaps with."""
    found = conflicts_of(outage, overlapping(outage))
    outage.state = _S.CONFLICT if found else _S.PLANNED
    outage.conflicts = [conflict.as_dict() for conflict in found]


def _settle_conflicts(changed: Outage, acting_user: User | None) -> None:
    """Outages that stood in conflict may stand alone now: each becomes planned again, the oldest first."""
    for outage in Outage.objects.filter(network=changed.network, state=_S.CONFLICT).order_by("pk"):
        if outage.pk == changed.pk:
            continue
        before = _audited(outage)
        _judge(outage)
        if _audited(outage) != before:
            outage.save(update_fields=["state", "conflicts"])
            _record(outage, "settle outage", acting_user, before)


def _close_valves(outage: Outage, acting_user: User | None) -> list[dict[str, str]]:
    """Close the valves; return what those were that it closed."""
    closed = []
    with editing(
        outage.network,
        operation="close_valves",
        acting_user=acting_user,
        summary=Sentence(_("outage {outage}: valves closed"), outage=outage.number),
    ):
        details = ValveDetail.objects.filter(node_id__in=outage.valve_ids).exclude(status="closed")
        for detail in details.select_related("node").order_by("node_id"):
            closed.append({"uid": str(detail.node.uid), "code": detail.node.code, "status": detail.status})
            _set_status(outage.network, detail.node, "closed", acting_user)
    return closed


def _open_valves(outage: Outage, acting_user: User | None) -> None:
    """Set the valves that the start closed as they were; those deleted or changed since are left."""
    if not outage.closed_valves:
        return
    was = {row["uid"]: row["status"] for row in outage.closed_valves}
    with editing(
        outage.network,
        operation="open_valves",
        acting_user=acting_user,
        summary=Sentence(_("outage {outage}: valves opened"), outage=outage.number),
    ) as session:
        nodes = {
            str(node.uid): node
            for node in Node.objects.filter(network=outage.network, uid__in=list(was)).select_related("valve")
        }
        for row in outage.closed_valves:
            node = nodes.get(row["uid"])
            if node is None or node.valve.status != "closed":
                session.remark(f"valve {row['code']}", Sentence(_("is gone or open already")))
                continue
            _set_status(outage.network, node, was[row["uid"]], acting_user)
    outage.closed_valves = []


def _set_status(network: Network, node: Node, status: str, acting_user: User | None) -> None:
    set_node_attributes(
        network, node=str(node.uid), values={"details": {"status": status}}, acting_user=acting_user
    )


def _audited(outage: Outage) -> dict[str, Any]:
    return {
        name: value.isoformat() if isinstance(value := getattr(outage, name), datetime) else value
        for name in _AUDITED
    }


def _record(outage: Outage, action: str, acting_user: User | None, before: dict[str, Any] | None) -> None:
    record_change(
        acting_user=acting_user,
        action=action,
        subject=outage,
        division=outage.network.division,
        subject_id=str(outage.uid),
        old_values=before,
        new_values={"number": outage.number, "pipe": outage.pipe_code, **_audited(outage)},
    )
