"""Cash desks of an enterprise, kept as a register."""

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_noop as _

from billing.models import CashDesk
from gis_core.database.refusals import refusal_of
from gis_core.errors import ReportedError
from gis_core.models import Division, Enterprise, User
from gis_core.sentences import Sentence
from gis_core.services.audit import record_change


@transaction.atomic
def set_desk(
    *,
    enterprise: Enterprise,
    code: str,
    name: str | None,
    division: Division | None,
    is_active: bool | None,
    acting_user: User | None,
) -> CashDesk:
    """Make the desk of that code, or change what is given of it. A new one lies in the enterprise's division.

    ReportedError: `name` for a new one without, and what the database refuses.
    """
    desk = CashDesk.objects.filter(enterprise=enterprise, code=code).first()
    if desk is None:
        if not name:
            raise ReportedError(Sentence(_("A new cash desk has a name.")), code="name")
        desk = CashDesk(enterprise=enterprise, code=code, division=division or enterprise.division)
    former = None if desk.pk is None else _told(desk)
    desk.name = name or desk.name
    desk.division = division or desk.division
    desk.is_active = desk.is_active if is_active is None else is_active
    try:
        with transaction.atomic():
            desk.save()
    except IntegrityError as error:
        raise refusal_of(error) from error
    record_change(
        acting_user=acting_user,
        action="set cash desk",
        subject=desk,
        division=desk.division,
        old_values=former,
        new_values=_told(desk),
    )
    return desk


def _told(desk: CashDesk) -> dict[str, str | bool]:
    return {
        "code": desk.code,
        "name": desk.name,
        "division": desk.division.code,
        "is_active": desk.is_active,
    }
