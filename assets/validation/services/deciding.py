"""What people do with a finding: accept it with a reason, take that back, or have it mended."""

from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop as _

from assets.editing.services.bulk import apply_operations
from assets.models import DirtyArea, Edit, Finding
from assets.validation.services.running import ValidationResult, validate_network
from gis_core.errors import ReportedError
from gis_core.models import User
from gis_core.sentences import Sentence
from gis_core.services.audit import record_change

MAXIMUM_REASON_LENGTH = 400


@transaction.atomic
def accept_finding(finding: Finding, *, reason: str, acting_user: User) -> Finding:
    """Let a finding stand, for a reason. Found again it stays accepted; gone and found anew it does not.

    Raises ReportedError: reason_missing, reason_too_long, finding_resolved.
    """
    reason = reason.strip()
    if not reason:
        raise ReportedError(Sentence(_("Say why the finding is accepted.")), code="reason_missing")
    if len(reason) > MAXIMUM_REASON_LENGTH:
        raise ReportedError(
            Sentence(
                _("The reason is longer than {maximum_reason_length} characters."),
                maximum_reason_length=MAXIMUM_REASON_LENGTH,
            ),
            code="reason_too_long",
        )
    return _set_acceptance(finding, reason, acting_user, "accept finding")


@transaction.atomic
def withdraw_acceptance(finding: Finding, *, acting_user: User) -> Finding:
    """Take an acceptance back; one that is not accepted stays as it is. Raises finding_resolved."""
    return _set_acceptance(finding, "", acting_user, "withdraw acceptance of finding")


def _set_acceptance(finding: Finding, reason: str, acting_user: User, action: str) -> Finding:
    row = _locked(finding)
    before = row.acceptance_reason
    if before == reason:
        return row
    row.acceptance_reason = reason
    row.accepted_by = acting_user if reason else None
    row.accepted_at = timezone.now() if reason else None
    row.save(update_fields=["acceptance_reason", "accepted_by", "accepted_at"])
    record_change(
        acting_user=acting_user,
        action=action,
        subject=row,
        division=row.division,
        old_values={"acceptance_reason": before},
        new_values={
            "check": row.check_code,
            "elements": row.element_codes[:20],
            "acceptance_reason": reason,
        },
    )
    return row


@dataclass(frozen=True)
class Repaired:
    """The edit that mended a finding, and the validation of the ground it touched."""

    edit: Edit
    validation: ValidationResult
    is_resolved: bool


@transaction.atomic
def repair_finding(finding: Finding, *, acting_user: User) -> Repaired:
    """Apply a finding's repair as one edit, which can be undone, and validate the ground that it touched.

    Raises ReportedError: finding_resolved, no_repair, or what the edit refuses; then nothing is changed.
    """
    row = _locked(finding)
    if row.repair is None:
        raise ReportedError(
            Sentence(_("There is no safe repair for this finding; edit the network.")), code="no_repair"
        )
    made = apply_operations(
        row.network,
        row.repair["operations"],
        acting_user=acting_user,
        summary=Sentence(
            _("repair of {check}: {elements}"),
            check=row.check_code,
            elements=", ".join(row.element_codes[:5]),
        )[:400],
    )
    boxes = [area.geom.extent for area in DirtyArea.objects.filter(network=row.network, edit=made.edit)[:100]]
    validation = validate_network(row.network, acting_user=acting_user, boxes=boxes)
    is_resolved = not Finding.objects.filter(pk=row.pk).exists()
    return Repaired(made.edit, validation, is_resolved)


def _locked(finding: Finding) -> Finding:
    row = (
        Finding.objects.select_for_update(of=("self",))
        .select_related("network", "division")
        .filter(pk=finding.pk)
        .first()
    )
    if row is None:
        raise ReportedError(Sentence(_("The finding is resolved and gone.")), code="finding_resolved")
    return row
