"""Adding a street to the register of addresses."""

from django.db import transaction
from django.utils.translation import gettext_noop as _

from gis_core.errors import ReportedError
from gis_core.models import Division, Street, User
from gis_core.sentences import Sentence
from gis_core.services.audit import record_change

_LONGEST_NAME = 200


@transaction.atomic
def add_street(*, division: Division, name: str, acting_user: User | None) -> Street:
    """Add a street of a division under the next free number as its code; one of that name already there is given.

    Raises ReportedError for an empty name, and one that is too long.
    """
    name = " ".join(name.split())
    if not 0 < len(name) <= _LONGEST_NAME:
        raise ReportedError(
            Sentence(_("A street's name has 1 to {longest} characters."), longest=_LONGEST_NAME), code="name"
        )
    # Whoever adds another at the same time waits, and finds this one.
    Division.objects.select_for_update(no_key=True).get(pk=division.pk)
    streets = Street.objects.filter(division=division)
    known = streets.filter(name__iexact=name).first()
    if known is not None:
        return known
    codes = {code for code in streets.values_list("code", flat=True) if code.isascii() and code.isdecimal()}
    code = str(max((int(code) for code in codes), default=0) + 1)
    street = Street.objects.create(division=division, code=code, name=name)
    record_change(
        acting_user=acting_user,
        action="add street",
        subject=street,
        division=division,
        new_values={"name": name, "code": code},
    )
    return street
