"""Acts that one person proposes and another does: proposed once, decided once, each with its audit row."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop as _

from gis_core.errors import ReportedError
from gis_core.models import Division, User, WaitingAct
from gis_core.selectors.two_people import is_still_meant
from gis_core.sentences import Sentence
from gis_core.services.audit import record_change


def _open_act(kind: str, subject: str) -> WaitingAct | None:
    """What waits of this kind about this subject, locked to the end of the transaction."""
    rows = WaitingAct.objects.select_for_update(of=("self",)).select_related("proposed_by", "division")
    return rows.filter(kind=kind, subject=subject, state=WaitingAct.State.OPEN).first()


@transaction.atomic
def propose_act(
    *, kind: str, subject: str, reason: str, division: Division, acting_user: User | None
) -> WaitingAct:
    """Let an act wait for a second person; one that waits already, and not too long, is the answer.

    Raises ReportedError: `reason` where none is given, `no_user` where nobody is named who proposes it.
    """
    if not reason.strip():
        raise ReportedError(Sentence(_("Say why.")), code="reason")
    if acting_user is None:
        raise ReportedError(
            Sentence(_("This needs two people: name who proposes it, then who confirms it.")), code="no_user"
        )
    known = _open_act(kind, subject)
    if known is not None and is_still_meant(known):
        return known
    if known is not None:
        _decide(known, WaitingAct.State.WITHDRAWN, "withdraw", acting_user)
    act = WaitingAct.objects.create(
        kind=kind, subject=subject, reason=reason, division=division, proposed_by=acting_user
    )
    _record(act, f"propose: {kind}", acting_user)
    return act


@transaction.atomic
def confirm_act(act: WaitingAct, *, acting_user: User) -> WaitingAct:
    """Set down that a second person does it; the caller does it in the same transaction.

    Raises ReportedError: `same_person` for who proposed it.
    """
    if act.proposed_by_id == acting_user.pk:
        raise ReportedError(
            Sentence(_("It is confirmed by somebody else than who proposed it.")), code="same_person"
        )
    return _decide(act, WaitingAct.State.CONFIRMED, "confirm", acting_user)


@transaction.atomic
def withdraw_act(*, kind: str, subject: str, acting_user: User) -> WaitingAct:
    """Let one's own proposal go before a second person does it; nothing has happened.

    Raises ReportedError: `nothing_proposed`, `not_proposer` for who did not make it.
    """
    act = _open_act(kind, subject)
    if act is None:
        raise ReportedError(
            Sentence(_("Nothing waits for a second person here: it was decided, or never proposed.")),
            code="nothing_proposed",
        )
    if act.proposed_by_id != acting_user.pk:
        raise ReportedError(
            Sentence(_("A proposal is withdrawn by who made it: {name}."), name=act.proposed_by.username),
            code="not_proposer",
        )
    return _decide(act, WaitingAct.State.WITHDRAWN, "withdraw", acting_user)


def _decide(act: WaitingAct, state: str, verb: str, acting_user: User) -> WaitingAct:
    act.state, act.decided_by, act.decided_at = state, acting_user, timezone.now()
    act.save(update_fields=["state", "decided_by", "decided_at"])
    _record(act, f"{verb}: {act.kind}", acting_user)
    return act


def _record(act: WaitingAct, action: str, acting_user: User) -> None:
    record_change(
        acting_user=acting_user,
        action=action,
        subject=act,
        division=act.division,
        new_values={"subject": act.subject, "reason": act.reason},
    )
