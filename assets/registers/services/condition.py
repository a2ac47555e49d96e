"""Recording what was found in the field: leaks, inspections and verifications, and how often assets are verified."""

import math
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

from assets.models import (
    Inspection,
    LeakRecord,
    Network,
    Node,
    Pipe,
    Verification,
    VerificationPolicy,
)
from assets.registers.selectors.condition import NearPipe, nearest_pipe
from assets.registers.services.attachments import Place, attach
from assets.registers.services.cadastre import change_register_row
from assets.registers.services.refusals import saying_refusals
from gis_core.database.locks import AdvisoryLock, hold
from gis_core.errors import ReportedError
from gis_core.models import Division, User
from gis_core.sentences import Figure, Sentence, Word
from gis_core.services.audit import record_change

MAXIMUM_LEAK_TOLERANCE_M = 200.0
# How far from every pipe a report from the field may lie: looked for near first, for that costs less.
_REPORT_REACHES_M = (200, 1000, 5000)
# Clocks of phones run ahead a little.
_CLOCK_TOLERANCE = timedelta(minutes=10)

State = LeakRecord.State
# What may follow a state. A repair that fails goes back to located; what is repaired or rejected stays so.
TRANSITIONS: dict[str, frozenset[str]] = {
    State.REPORTED.value: frozenset({State.LOCATED.value, State.REJECTED.value}),
    State.LOCATED.value: frozenset({State.BEING_REPAIRED.value, State.REJECTED.value}),
    State.BEING_REPAIRED.value: frozenset({State.REPAIRED.value, State.LOCATED.value}),
    State.REPAIRED.value: frozenset(),
    State.REJECTED.value: frozenset(),
}


def record_inspection(
    *,
    asset: Node | Pipe,
    inspected_on: date,
    inspector: str,
    method: str,
    grade: int,
    acting_user: User | None,
    findings: str = "",
    next_due_on: date | None = None,
    uid: UUID | None = None,
) -> Inspection:
    """Record an inspection of a node or pipe; sent again under the same `uid` it is the one recorded first.

    Raises ReportedError for a day in the future, a grade outside 1 to 5, or a uid of another record.
    """
    if not 1 <= grade <= 5:
        raise ReportedError(
            Sentence(_("The grade is from 1 (very good) to 5 (failed or failing).")), code="bad_grade"
        )
    values = {
        "inspected_on": inspected_on,
        "inspector": inspector,
        "method": method,
        "grade": grade,
        "findings": findings,
        "next_due_on": next_due_on,
    }
    return _record(Inspection, asset, inspected_on, values, uid, acting_user)


def record_verification(
    *,
    asset: Node | Pipe,
    verified_on: date,
    verified_by: User,
    method: str,
    acting_user: User | None,
    position_confirmed: bool = False,
    remark: str = "",
    uid: UUID | None = None,
) -> Verification:
    """Record that somebody verified a node or pipe in the field; as `record_inspection`."""
    values = {
        "verified_on": verified_on,
        "verified_by": verified_by,
        "method": method,
        "position_confirmed": position_confirmed,
        "remark": remark,
    }
    return _record(Verification, asset, verified_on, values, uid, acting_user)


def _record(
    model: type[Any],
    asset: Node | Pipe,
    day: date,
    values: Mapping[str, Any],
    uid: UUID | None,
    acting_user: User | None,
) -> Any:
    if day > timezone.localdate():
        raise ReportedError(Sentence(_("{day} is in the future."), day=day), code="future")
    if isinstance(asset, Pipe) and asset.is_connector:
        raise ReportedError(
            Sentence(_("{asset} is a device's connector; record the device itself."), asset=asset.code),
            code="connector",
        )
    place = {"pipe": asset} if isinstance(asset, Pipe) else {"node": asset}
    with saying_refusals():
        if uid is not None:
            known = _known(model, uid, {**place, **values}, asset.network_id)
            if known is not None:
                return known
        record = model(
            **({"uid": uid} if uid else {}),
            network_id=asset.network_id,
            division_id=asset.division_id,
            recorded_by=acting_user,
            **place,
            **values,
        )
        record.save(force_insert=True)
        record_change(
            acting_user=acting_user,
            action=f"record {model._meta.verbose_name}",
            subject=record,
            division=asset.division,
            new_values={"asset": asset.code, **{name: str(value) for name, value in values.items()}},
        )
    return record


def _known(model: type[Any], uid: UUID, values: Mapping[str, Any], network_id: int) -> Any | None:
    """The record already stored under `uid` when it says the same; ReportedError when it is another one.

    The lock makes two deliveries of one record wait for each other.
    """
    hold(AdvisoryLock.FIELD_RECORD, str(uid))
    known = model.objects.filter(uid=uid).first()
    if known is None:
        return None
    if known.network_id != network_id or any(getattr(known, name) != value for name, value in values.items()):
        raise ReportedError(Sentence(_("Another record has this uid.")), code="uid_taken")
    return known


def place_near(
    network: Network, *, longitude: float, latitude: float, tolerance_m: float
) -> tuple[Place, float]:
    """The place on the network's pipe nearest to a position (degrees, WGS 84), and its distance in metres.

    The node named is the nearer end. Raises ReportedError when no pipe is within `tolerance_m`, at most 200 m.
    """
    _require_possible(longitude, latitude, tolerance_m)
    found = _nearest(network, longitude, latitude, (tolerance_m,))
    return _place_of(found), found.distance_m


def place_reported(
    network: Network, *, longitude: float, latitude: float, tolerance_m: float
) -> tuple[Place, str]:
    """The place of a report from the field, and a remark for its note where it lies away from every pipe.

    Water comes up where the ground lets it, and who stands on the road is no reason to lose a report: beyond
    `tolerance_m` it is hung on the nearest pipe up to 5 km away, which the remark says with the position. It is for who
    locates the leak to move it. Raises ReportedError as `place_near`.
    """
    _require_possible(longitude, latitude, tolerance_m)
    found = _nearest(network, longitude, latitude, (tolerance_m, *_REPORT_REACHES_M))
    if found.distance_m <= tolerance_m:
        return _place_of(found), ""
    remark = gettext("Reported at {latitude}, {longitude}, {metres} m from the nearest pipe.").format(
        latitude=f"{latitude:.6f}", longitude=f"{longitude:.6f}", metres=round(found.distance_m)
    )
    return _place_of(found), remark


def _require_possible(longitude: float, latitude: float, tolerance_m: float) -> None:
    if not (abs(longitude) <= 180 and abs(latitude) <= 90):
        raise ReportedError(Sentence(_("lon is within 180 degrees and lat within 90.")), code="bad_position")
    if not (math.isfinite(tolerance_m) and 0 < tolerance_m <= MAXIMUM_LEAK_TOLERANCE_M):
        raise ReportedError(
            Sentence(
                _("The tolerance is above 0 and at most {maximum_leak_tolerance_m} m."),
                maximum_leak_tolerance_m=Figure(MAXIMUM_LEAK_TOLERANCE_M, "g"),
            ),
            code="bad_tolerance",
        )


def _nearest(network: Network, longitude: float, latitude: float, reaches_m: Sequence[float]) -> NearPipe:
    """The nearest pipe in the first of these reaches that has one; ReportedError (`nothing_near`) beyond the last."""
    for reach_m in reaches_m:
        found = nearest_pipe(network, longitude=longitude, latitude=latitude, tolerance_m=reach_m)
        if found is not None:
            return found
    raise ReportedError(
        Sentence(
            _("No pipe of network {network} is within {tolerance_m} m of the position."),
            network=network.code,
            tolerance_m=Figure(reaches_m[-1], "g"),
        ),
        code="nothing_near",
    )


def _place_of(found: NearPipe) -> Place:
    """The foot of the perpendicular; the node named is the nearer end."""
    node = found.start_node_id if found.position <= 0.5 else found.end_node_id
    return Place(node, found.pipe_id, found.position)


def place_on(asset: Node | Pipe, position: float | None = None) -> Place:
    """The place of a node, or at `position` (0 start, 1 end; the middle by default) on a pipe."""
    if isinstance(asset, Node):
        return Place(asset.pk)
    at = 0.5 if position is None else position
    if not 0.0 <= at <= 1.0:
        raise ReportedError(
            Sentence(_("The position on a pipe is from 0 (its start) to 1 (its end).")), code="bad_position"
        )
    return Place(asset.start_node_id if at <= 0.5 else asset.end_node_id, asset.pk, at)


def report_leak(
    *,
    network: Network,
    place: Place,
    source: str,
    acting_user: User | None,
    reported_at: datetime | None = None,
    reported_by: str = "",
    kind: str = LeakRecord.Kind.UNKNOWN,
    cause: str = LeakRecord.Cause.UNKNOWN,
    estimated_loss_m3h: float | None = None,
    note: str = "",
    number: str = "",
    uid: UUID | None = None,
) -> LeakRecord:
    """Open a leak record at a place; without a number it gets the network's next one of the year ("2026-0007").

    Sent again under the same `uid` it is the one opened first. Raises ReportedError for a time in the future.
    """
    at = _not_in_the_future(reported_at or timezone.now())
    with saying_refusals():
        # Numbers of one network are given one after another, and a report sent twice waits for the first.
        hold(AdvisoryLock.LEAK_NUMBERS, network.pk)
        if uid is not None:
            known = LeakRecord.objects.filter(uid=uid).first()
            if known is not None:
                if known.network_id != network.pk or known.source != source:
                    raise ReportedError(Sentence(_("Another record has this uid.")), code="uid_taken")
                return known
        leak = LeakRecord(
            **({"uid": uid} if uid else {}),
            network=network,
            division_id=network.division_id,
            number=number or _next_number(network, at),
            attachment=attach(network, [place])[0],
            source=source,
            kind=kind,
            cause=cause,
            estimated_loss_m3h=estimated_loss_m3h,
            reported_at=at,
            reported_by=reported_by,
            recorded_by=acting_user,
            note=note,
        )
        leak.save(force_insert=True)
        record_change(
            acting_user=acting_user,
            action="report leak",
            subject=leak,
            subject_id=f"{network.code} {leak.number}",
            division=network.division,
            new_values={"source": source, "kind": kind, "attachment": str(leak.attachment.uid)},
        )
    return leak


def _next_number(network: Network, at: datetime) -> str:
    prefix = f"{timezone.localtime(at).year}-"
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(max(substr(number, %s)::bigint), 0) + 1 FROM assets_leakrecord "
            "WHERE network_id = %s AND starts_with(number, %s) AND substr(number, %s) ~ '^[0-9]{1,15}$'",
            [len(prefix) + 1, network.pk, prefix, len(prefix) + 1],
        )
        return f"{prefix}{cursor.fetchone()[0]:04}"


def move_leak(
    *,
    leak: LeakRecord,
    state: str,
    acting_user: User | None,
    at: datetime | None = None,
    place: Place | None = None,
) -> LeakRecord:
    """Bring a leak to its next state at a time (now by default); locating it may move it to another place.

    Raises ReportedError when the state cannot follow the present one, or for a time before the present state's or in
    the future. A repair taken back (to located) forgets its start.
    """
    moment = _not_in_the_future(at or timezone.now())
    with saying_refusals():
        stored = LeakRecord.objects.select_for_update().select_related("network", "division").get(pk=leak.pk)
        if state not in TRANSITIONS[stored.state]:
            raise ReportedError(
                Sentence(
                    _("A leak that is {state} does not become {value}; it can become: {transitions}."),
                    state=Word(stored.get_state_display()),
                    value=state.replace("_", " "),
                    transitions=", ".join(sorted(TRANSITIONS[stored.state])) or "nothing else",
                ),
                code="bad_state",
            )
        old = {"state": stored.state}
        if state == State.LOCATED:
            stored.repair_started_at = None
            stored.located_at = stored.located_at or moment
        elif state == State.BEING_REPAIRED:
            stored.repair_started_at = moment
        elif state == State.REPAIRED:
            stored.repaired_at = moment
        else:
            stored.rejected_at = moment
        stored.state = state
        if place is not None:
            if state != State.LOCATED:
                raise ReportedError(
                    Sentence(_("The place is set when the leak is located.")), code="bad_place"
                )
            stored.attachment = attach(stored.network, [place])[0]
        stored.save()
        record_change(
            acting_user=acting_user,
            action="move leak",
            subject=stored,
            subject_id=f"{stored.network.code} {stored.number}",
            division=stored.division,
            old_values=old,
            new_values={"state": state, "at": moment.isoformat()},
        )
    return stored


def describe_leak(*, leak: LeakRecord, values: Mapping[str, Any], acting_user: User | None) -> LeakRecord:
    """Change what is known of a leak: kind, cause, estimated loss, note. Its state and place have `move_leak`."""
    allowed = {"kind", "cause", "estimated_loss_m3h", "note", "reported_by"}
    if not values.keys() <= allowed:
        raise ReportedError(
            Sentence(_("Only {allowed} can be changed."), allowed=", ".join(sorted(allowed))),
            code="bad_field",
        )
    change_register_row(leak, values, label=f"{leak.network.code} {leak.number}", acting_user=acting_user)
    return leak


def change_leak(
    *,
    leak: LeakRecord,
    values: Mapping[str, Any],
    acting_user: User | None,
    state: str | None = None,
    at: datetime | None = None,
    place: Place | None = None,
) -> LeakRecord:
    """Both of `move_leak` (with a state) and `describe_leak` (with values), or neither when one is refused."""
    with saying_refusals():
        if values:
            describe_leak(leak=leak, values=values, acting_user=acting_user)
        if state is not None:
            leak = move_leak(leak=leak, state=state, at=at, place=place, acting_user=acting_user)
    return leak


def set_verification_interval(
    *,
    division: Division | None,
    commodity: str,
    kind: str,
    interval_months: int,
    acting_user: User | None,
) -> VerificationPolicy:
    """Set how often assets of a kind are verified in a division and below it; without a division, everywhere."""
    with saying_refusals():
        policy, is_new = VerificationPolicy.objects.select_for_update().get_or_create(
            division=division,
            commodity=commodity,
            kind=kind,
            defaults={"interval_months": interval_months},
        )
        old = None if is_new else policy.interval_months
        if not is_new and policy.interval_months != interval_months:
            policy.interval_months = interval_months
            policy.save(update_fields=["interval_months"])
        if old != interval_months:
            record_change(
                acting_user=acting_user,
                action="set verification interval",
                subject=policy,
                division=division,
                old_values=None if old is None else {"interval_months": old},
                new_values={"commodity": commodity, "kind": kind, "interval_months": interval_months},
            )
    return policy


def _not_in_the_future(at: datetime) -> datetime:
    if at > timezone.now() + _CLOCK_TOLERANCE:
        raise ReportedError(Sentence(_("{moment} is in the future."), moment=at.isoformat()), code="future")
    return at
