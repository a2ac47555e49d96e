"""Safe limits of regulators: one person proposes them, a second one confirms them; and ceilings that hold for all.

The database holds both: limits that no confirmed proposal has, and limits above the ceiling of their kind, are refused.
"""

from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_noop as _

from gis_core.errors import ReportedError
from gis_core.models import User
from gis_core.sentences import Figure, Sentence, Word
from gis_core.services.audit import record_change
from sensors.models import LimitProposal, Regulator, SetPointCeiling
from sensors.models.regulators import REGULATED_KINDS
from sensors.regulators.services.refusals import refusal_of_regulator

LIMITS = ("minimum_set_point", "maximum_set_point", "maximum_step", "fallback_set_point")


@transaction.atomic
def propose_limits(*, regulator: Regulator, reason: str, acting_user: User, **limits: float) -> LimitProposal:
    """Propose limits, other ones or the first (`minimum_set_point`, `maximum_set_point`, `maximum_step`; with them
    `fallback_set_point`).

    What is not given stays. ReportedError (`bad_limits`, `above_ceiling`, `no_reason`, `proposal_open`).
    """
    row = _locked(regulator)
    if not reason.strip():
        raise ReportedError(Sentence(_("Other limits need a reason.")), code="no_reason")
    wanted = {name: limits.get(name, getattr(row, name)) for name in LIMITS}
    if row.limits_confirmed and all(wanted[name] == getattr(row, name) for name in LIMITS):
        raise ReportedError(Sentence(_("These are the limits that it has.")), code="bad_limits")
    if row.limit_proposals.filter(state=LimitProposal.State.OPEN).exists():
        raise ReportedError(
            Sentence(_("Other limits wait for a second person already; confirm or withdraw those first.")),
            code="proposal_open",
        )
    require_below_ceiling(row.node_kind, row.unit, wanted["maximum_set_point"])
    try:
        with transaction.atomic():
            proposal = LimitProposal.objects.create(
                regulator=row,
                division_id=row.division_id,
                reason=reason.strip()[:300],
                proposed_by=acting_user,
                **wanted,
            )
    except IntegrityError as error:
        raise refusal_of_regulator(error, code="bad_limits") from error
    _record(proposal, "propose limits of regulator", acting_user, old=_limits_of(row))
    return proposal


@transaction.atomic
def confirm_limits(*, proposal: LimitProposal, acting_user: User) -> LimitProposal:
    """Put proposed limits in force. ReportedError: `same_person` for who proposed them, `proposal_decided`,
    `above_ceiling`, or `bad_regulator` when the schedule or an override leaves them."""
    regulator = _locked(proposal.regulator)
    row = _open(proposal)
    if row.proposed_by_id == acting_user.pk:
        raise ReportedError(
            Sentence(_("Limits are confirmed by somebody else than who proposed them.")), code="same_person"
        )
    require_below_ceiling(regulator.node_kind, regulator.unit, row.maximum_set_point)
    old = _limits_of(regulator)
    row.state, row.decided_by, row.decided_at = LimitProposal.State.CONFIRMED, acting_user, timezone.now()
    if regulator.override_until is not None and not regulator.is_overridden(timezone.now()):
        # One that is over must not stand in the way of new limits.
        regulator.override_set_point = regulator.override_until = regulator.override_by = None
        regulator.override_reason = ""
    for name in LIMITS:
        setattr(regulator, name, getattr(row, name))
    regulator.limits_confirmed = True
    try:
        with transaction.atomic():
            row.save(update_fields=["state", "decided_by", "decided_at"])
            regulator.save()
    except IntegrityError as error:
        raise refusal_of_regulator(error) from error
    _record(row, "confirm limits of regulator", acting_user, old=old)
    return row


@transaction.atomic
def withdraw_limits(*, proposal: LimitProposal, acting_user: User) -> LimitProposal:
    """Let a proposal go: the proposer's, or refused by another. ReportedError (`proposal_decided`)."""
    _locked(proposal.regulator)
    row = _open(proposal)
    row.state, row.decided_by, row.decided_at = LimitProposal.State.WITHDRAWN, acting_user, timezone.now()
    row.save(update_fields=["state", "decided_by", "decided_at"])
    _record(row, "withdraw limits of regulator", acting_user)
    return row


def require_below_ceiling(node_kind: str, unit: str, maximum: float) -> None:
    """ReportedError (`above_ceiling`) unless devices of the kind may be set so high."""
    ceiling = SetPointCeiling.objects.filter(node_kind=node_kind, unit=unit).first()
    if ceiling is None:
        raise ReportedError(
            Sentence(
                _(
                    "No ceiling is set for devices of the kind {kind} in {unit}: manage.py set_point_ceiling set."
                ),
                kind=Word(node_kind),
                unit=unit,
            ),
            code="above_ceiling",
        )
    if not maximum <= ceiling.greatest:
        raise ReportedError(
            Sentence(
                _(
                    "Devices of the kind {kind} are set to {greatest} {unit} at most: "
                    "manage.py set_point_ceiling set."
                ),
                kind=Word(node_kind),
                greatest=Figure(ceiling.greatest, "g"),
                unit=unit,
            ),
            code="above_ceiling",
        )


@transaction.atomic
def set_ceiling(*, node_kind: str, unit: str, greatest: float, acting_user: User | None) -> SetPointCeiling:
    """Set the ceiling of a kind of device in a unit; limits that lie above it already stay until they are changed.

    ReportedError (`bad_ceiling`).
    """
    if node_kind not in REGULATED_KINDS or not unit.strip() or len(unit) > 20 or not 0 < greatest <= 1e6:
        raise ReportedError(
            Sentence(
                _("A ceiling is a number up to 1,000,000 for one of {kinds}, in a unit."),
                kinds=", ".join(REGULATED_KINDS),
            ),
            code="bad_ceiling",
        )
    old = SetPointCeiling.objects.filter(node_kind=node_kind, unit=unit).first()
    row, _is_new = SetPointCeiling.objects.update_or_create(
        node_kind=node_kind, unit=unit, defaults={"greatest": greatest}
    )
    record_change(
        acting_user=acting_user,
        action="set set-point ceiling",
        subject=row,
        subject_id=f"{node_kind} {unit}",
        division=None,
        old_values={"greatest": old.greatest} if old else None,
        new_values={"greatest": greatest},
    )
    return row


def _locked(regulator: Regulator) -> Regulator:
    return Regulator.objects.select_for_update(of=("self",)).select_related("division").get(pk=regulator.pk)


def _open(proposal: LimitProposal) -> LimitProposal:
    row = LimitProposal.objects.select_related("regulator", "division", "proposed_by").get(pk=proposal.pk)
    if row.state != LimitProposal.State.OPEN:
        raise ReportedError(Sentence(_("These limits were decided already.")), code="proposal_decided")
    return row


def _limits_of(regulator: Regulator) -> dict[str, Any]:
    return {name: getattr(regulator, name) for name in LIMITS}


def _record(
    proposal: LimitProposal, action: str, acting_user: User, old: dict[str, Any] | None = None
) -> None:
    record_change(
        acting_user=acting_user,
        action=action,
        subject=proposal,
        subject_id=proposal.regulator.code,
        division=proposal.division,
        old_values=old,
        new_values={name: getattr(proposal, name) for name in LIMITS} | {"reason": proposal.reason},
    )
