"""What is done about detected leaks: moving their events through their states, remarks, assignment.

Every change is one transaction with its line in the event's history and its audit row. The event's row is locked; a
change names the version that its maker saw, so that of two at once one wins.
"""

from dataclasses import dataclass
from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext_noop as _

from assets.models import LeakRecord, Pipe, Zone
from assets.registers.services.attachments import Place
from assets.registers.services.condition import report_leak
from balances.models import LEAK_EVENT_MOVES, LeakEvent, LeakEventMove, LeakEventState
from gis_core.database.constraints import check_constraints_now
from gis_core.errors import ReportedError, StaleVersion
from gis_core.models import User
from gis_core.sentences import Sentence, Word, Words
from gis_core.services.audit import record_change

LONGEST_NOTE = 1000


@dataclass(frozen=True)
class LeakPlace:
    """Where a leak was found: on a pipe of the event's network, 0 at its start, 1 at its end."""

    pipe_code: str
    position: float


@dataclass(frozen=True)
class WantedMove:
    """A move as it is asked for. `leak_number` names a record of the leak register, `place` makes one."""

    to_state: str
    outcome: str = ""
    leak_number: str = ""
    place: LeakPlace | None = None
    cost: Decimal | None = None
    note: str = ""


@transaction.atomic
def move_leak_event(
    *, event: LeakEvent, wanted: WantedMove, acting_user: User | None, expected_version: int
) -> LeakEvent:
    """Bring an event to another state.

    Raises StaleVersion when somebody else changed it first, and ReportedError: `illegal_move` (details: the
    allowed ones), `no_outcome` when it is closed without one, `no_leak` when a leak is said to be found and no
    record of the leak register is named, `no_note` when it is opened again without saying why, `bad_value` for
    anything else that is wrong.
    """
    row = _locked(event, expected_version)
    note = _cleaned(wanted.note)
    _check_move(row, wanted, note)
    old = {"state": row.state, "outcome": row.outcome}
    from_state, row.state = row.state, wanted.to_state
    row.outcome = wanted.outcome if wanted.to_state == LeakEventState.CLOSED else ""
    if wanted.cost is not None:
        row.cost = wanted.cost
    if row.outcome == LeakEvent.Outcome.FOUND:
        row.leak = _record_of(row, wanted, acting_user)
    _save(row)
    LeakEventMove.objects.create(
        event=row, user=acting_user, from_state=from_state, to_state=row.state, note=note
    )
    check_constraints_now()
    record_change(
        acting_user=acting_user,
        action="move leak event",
        subject=row,
        division=row.division,
        old_values=old,
        new_values={
            "state": row.state,
            "outcome": row.outcome,
            "leak": row.leak.number if row.leak else None,
            "cost": None if row.cost is None else str(row.cost),
            "note": note,
        },
    )
    return row


def _check_move(row: LeakEvent, wanted: WantedMove, note: str) -> None:
    allowed = LEAK_EVENT_MOVES[row.state]
    if wanted.to_state not in allowed:
        raise ReportedError(
            Sentence(
                _("The event is {state}; from there it goes to {allowed}, not to {to_state}."),
                state=Word(row.get_state_display()),
                allowed=Words(LeakEventState(state).label for state in allowed),
                to_state=Word(wanted.to_state),
            ),
            code="illegal_move",
            details=[{"allowed": state} for state in allowed],
        )
    closes = wanted.to_state == LeakEventState.CLOSED
    if closes and wanted.outcome not in LeakEvent.Outcome.values:
        raise ReportedError(
            Sentence(_("Closing needs an outcome: {values}."), values=", ".join(LeakEvent.Outcome.values)),
            code="no_outcome",
        )
    if wanted.outcome and not closes:
        raise ReportedError(Sentence(_("An outcome is given when the event is closed.")), code="bad_value")
    if row.state == LeakEventState.CLOSED and not note:
        raise ReportedError(Sentence(_("Say in a note why the event is opened again.")), code="no_note")
    if wanted.cost is not None and not 0 <= wanted.cost < Decimal("1e14"):
        raise ReportedError(Sentence(_("A cost is a sum of money, not below zero.")), code="bad_value")
    names_a_leak = bool(wanted.leak_number) or wanted.place is not None
    if names_a_leak and wanted.outcome != LeakEvent.Outcome.FOUND:
        raise ReportedError(Sentence(_("A leak is named when it was found.")), code="bad_value")


def _record_of(row: LeakEvent, wanted: WantedMove, acting_user: User | None) -> LeakRecord:
    """The record of the leak that was found: named by its number, made at a place, or known from before."""
    if wanted.leak_number:
        record = LeakRecord.objects.filter(network=row.network, number=wanted.leak_number).first()
        if record is None:
            raise ReportedError(
                Sentence(
                    _("The leak register of {network} has no record {leak_number}."),
                    network=row.network.code,
                    leak_number=wanted.leak_number,
                ),
                code="no_leak",
            )
        return record
    if wanted.place is not None:
        return _reported_at(row, wanted.place, acting_user)
    if row.leak is None:
        raise ReportedError(
            Sentence(
                _(
                    "A leak that was found needs its record of the leak register: name its number, or "
                    "the pipe and the position on it."
                )
            ),
            code="no_leak",
        )
    return row.leak


def _is_within(pipe: Pipe, zone_id: int) -> bool:
    """Whether an end of the pipe lies in the zone or in one inside it; of a main outside all zones nobody knows."""
    zones = [node.zone for node in (pipe.start_node, pipe.end_node) if node.zone is not None]
    for lowest in zones:
        zone: Zone | None = lowest
        while zone is not None:
            if zone.pk == zone_id:
                return True
            zone = zone.parent
    return not zones


def _reported_at(row: LeakEvent, place: LeakPlace, acting_user: User | None) -> LeakRecord:
    pipes = Pipe.objects.select_related("start_node__zone", "end_node__zone")
    pipe = pipes.filter(network=row.network, code=place.pipe_code).first()
    if pipe is None:
        raise ReportedError(
            Sentence(
                _("The network {network} has no pipe {pipe_code}."),
                network=row.network.code,
                pipe_code=place.pipe_code,
            ),
            code="no_leak",
        )
    if not _is_within(pipe, row.zone_id):
        raise ReportedError(
            Sentence(
                _("Pipe {pipe_code} lies in no part of zone {zone}, whose leak this is."),
                pipe_code=place.pipe_code,
                zone=row.zone.name,
            ),
            code="no_leak",
        )
    if not 0 <= place.position <= 1:
        raise ReportedError(
            Sentence(_("A position on a pipe is from 0 at its start to 1 at its end.")), code="bad_value"
        )
    return report_leak(
        network=row.network,
        place=Place(pipe.start_node_id, pipe.pk, place.position),
        source=LeakRecord.Source.BALANCE,
        estimated_loss_m3h=row.now_size_m3h,
        acting_user=acting_user,
    )


@transaction.atomic
def note_leak_event(
    *, event: LeakEvent, note: str, acting_user: User | None, expected_version: int
) -> LeakEvent:
    """Add a remark to an event's history. Raises ReportedError (`no_note`) for an empty one, StaleVersion."""
    row = _locked(event, expected_version)
    remark = _cleaned(note)
    if not remark:
        raise ReportedError(Sentence(_("The remark is empty.")), code="no_note")
    _save(row)
    LeakEventMove.objects.create(
        event=row, user=acting_user, from_state=row.state, to_state=row.state, note=remark
    )
    record_change(
        acting_user=acting_user,
        action="note leak event",
        subject=row,
        division=row.division,
        new_values={"note": remark},
    )
    return row


@transaction.atomic
def assign_leak_event(
    *, event: LeakEvent, assignee: User | None, acting_user: User | None, expected_version: int
) -> LeakEvent:
    """Say who looks after an event; None for nobody. Raises StaleVersion."""
    row = _locked(event, expected_version)
    old = row.assignee.username if row.assignee else None
    row.assignee = assignee
    _save(row)
    LeakEventMove.objects.create(
        event=row,
        user=acting_user,
        from_state=row.state,
        to_state=row.state,
        is_assignment=True,
        assigned_to=assignee,
    )
    record_change(
        acting_user=acting_user,
        action="assign leak event",
        subject=row,
        division=row.division,
        old_values={"assignee": old},
        new_values={"assignee": assignee.username if assignee else None},
    )
    return row


def _locked(event: LeakEvent, expected_version: int) -> LeakEvent:
    """The event as it is now, locked; StaleVersion when it is not what its changer saw."""
    row = (
        LeakEvent.objects.select_for_update(of=("self",))
        .select_related("division", "network", "zone", "leak", "assignee")
        .get(pk=event.pk)
    )
    if row.version != expected_version:
        raise StaleVersion(
            Sentence(_("Somebody else changed the event meanwhile. Look at it again.")),
            element="leak event",
            uid=str(row.uid),
            version=row.version,
        )
    return row


def _save(row: LeakEvent) -> None:
    row.version += 1
    row.save(update_fields=["state", "outcome", "cost", "leak", "assignee", "version"])


def _cleaned(note: str) -> str:
    text = note.strip()
    if len(text) > LONGEST_NOTE:
        raise ReportedError(
            Sentence(_("A note has at most {longest_note} characters."), longest_note=LONGEST_NOTE),
            code="bad_value",
        )
    return text
