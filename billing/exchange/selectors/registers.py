"""Which registers somebody may bring or take, and of which enterprise."""

from django.utils.translation import gettext_noop as _

from billing.exchange.selectors.kinds import KINDS, RegisterKind
from gis_core.access import Capability, NotVisible, Viewer, divisions_of, holds
from gis_core.errors import ReportedError
from gis_core.models import Enterprise, User
from gis_core.selectors.organisation import sees_into
from gis_core.sentences import Sentence

# Whoever takes registers along sees subscribers, and is trusted with more than one at a time.
EXPORTING = Capability.RUN_BILLING
# So much is read, judged and written while somebody waits for the answer.
MOST_ROWS_AT_ONCE = 5_000
MOST_BYTES_AT_ONCE = 10 * 1024 * 1024


def kind_named(name: str) -> RegisterKind:
    """The register of this code; ReportedError (`unknown_register`), naming those there are."""
    kind = KINDS.get(name)
    if kind is None:
        raise ReportedError(
            Sentence(
                _("There is no register {name}; known: {known}."), name=name[:60], known=", ".join(KINDS)
            ),
            code="unknown_register",
        )
    return kind


def may_import(viewer: Viewer, kind: RegisterKind) -> bool:
    """Whether the viewer may bring the register in somewhere; one that is everybody's, in the whole republic."""
    if kind.is_everybodys:
        return divisions_of(viewer, kind.capability).filter(parent=None).exists()
    return holds(viewer, kind.capability)


def enterprises_of(capability: Capability, viewer: Viewer | None) -> list[Enterprise]:
    """The enterprises that serve a division in which the viewer holds a capability, by code; None sees all."""
    rows = Enterprise.objects.select_related("division").defer("division__boundary").order_by("code")
    return [row for row in rows if viewer is None or sees_into(viewer, row.division, capability)]


def enterprise_of_register(capability: Capability, code: str, viewer: User | None) -> Enterprise:
    """The enterprise of this code, or the only one there is.

    Raises NotVisible for one that is not the viewer's, ReportedError where several could be meant.
    """
    there = enterprises_of(capability, viewer)
    if code:
        found = next((row for row in there if row.code == code), None)
        if found is None and viewer is None:
            raise ReportedError(
                Sentence(
                    _("There is no enterprise {code}; known: {known}."),
                    code=code,
                    known=", ".join(row.code for row in there[:20]) or "none yet",
                ),
                code="unknown_enterprise",
            )
        if found is None:
            raise NotVisible("no such enterprise")
        return found
    if len(there) != 1:
        raise ReportedError(
            Sentence(
                _("Say of which enterprise the register is: {known}."),
                known=", ".join(row.code for row in there[:20]) or "none yet",
            ),
            code="enterprise_needed",
        )
    return there[0]
