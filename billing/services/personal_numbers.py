"""Whether the numbers of persons and bodies can be right."""

import re

from django.utils.translation import gettext_noop as _

from billing.models import SubscriberClass
from billing.services.field_refusals import refused_field

_PERSONAL_WEIGHTS = (7, 3, 1)


def is_personal_id(number: str) -> bool:
    """Whether a JShShIR can be right: 14 digits, the last of them the check digit.

    It is the sum of the thirteen before, times 7, 3, 1, 7, 3, 1 and so on, modulo ten, as in the zone of passports that
    machines read (ICAO Doc 9303).
    """
    if not re.fullmatch(r"[0-9]{14}", number):
        return False
    total = sum(int(digit) * _PERSONAL_WEIGHTS[place % 3] for place, digit in enumerate(number[:13]))
    return total % 10 == int(number[13])


def is_tax_id(number: str) -> bool:
    """Whether a STIR has its form: nine digits.

    Its ninth digit is a control digit "formed by a certain algorithm" (Cabinet of Ministers' resolution 130 of 11 March
    1997), which was never published; so the form alone is checked.
    """
    return re.fullmatch(r"[0-9]{9}", number) is not None


def require_person(*, subscriber_class: str, name: str, tax_id: str, personal_id: str) -> None:
    """Refuse a subscriber who has no name, or whose numbers cannot be right. Raises ReportedError at the field."""
    if not name.strip():
        raise refused_field("name", _("Give the name."))
    if subscriber_class == SubscriberClass.LEGAL_ENTITY and not tax_id:
        raise refused_field("tax_id", _("A legal entity has a tax id (STIR) of nine digits."))
    if tax_id and not is_tax_id(tax_id):
        raise refused_field("tax_id", _("A tax id (STIR) has nine digits."))
    if personal_id and not is_personal_id(personal_id):
        raise refused_field(
            "personal_id", _("This personal number (JShShIR) is mistyped: its 14 digits do not go together.")
        )
