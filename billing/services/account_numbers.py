"""Numbers of accounts and of subscribers that the system gives: prefix of the enterprise, count, check digit."""

from django.db import transaction

from billing.models import Account, AccountNumberCounter, Subscriber
from gis_core.database.scope import EVERYTHING, working_in
from gis_core.models import Enterprise

_COUNTED_DIGITS = 7
_PREFIX_DIGITS = 3


def check_digit(digits: str) -> str:
    """The digit that makes `digits` a number by Luhn's rule (ISO/IEC 7812-1, annex B), modulo ten.

    It finds each single wrong digit, and all but one of the exchanges of two neighbours (09 and 90).
    """
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return str(-total % 10)


@transaction.atomic
def take_numbers(enterprise: Enterprise, count: int) -> list[str]:
    """The next `count` numbers of an enterprise, which no account of it has, and no subscriber anywhere.

    Numbers that were given by hand or by another system are left out. Those who take numbers at once wait for each
    other.
    """
    AccountNumberCounter.objects.get_or_create(
        enterprise=enterprise, defaults={"prefix": f"{enterprise.pk:0{_PREFIX_DIGITS}}"}
    )
    counter = AccountNumberCounter.objects.select_for_update().get(enterprise=enterprise)
    found: list[str] = []
    while len(found) < count:
        first = counter.last_number + 1
        wanted = range(first, first + count - len(found))
        counter.last_number = wanted[-1]
        bodies = [f"{counter.prefix}{number:0{_COUNTED_DIGITS}}" for number in wanted]
        numbers = [body + check_digit(body) for body in bodies]
        taken = _taken(enterprise, numbers)
        found += [number for number in numbers if number not in taken]
    counter.save(update_fields=["last_number"])
    return found


def _taken(enterprise: Enterprise, numbers: list[str]) -> set[str]:
    # Numbers are unique for all divisions, those that the asker does not see included.
    with working_in(EVERYTHING):
        accounts = Account.objects.filter(enterprise=enterprise, number__in=numbers)
        subscribers = Subscriber.objects.filter(registry_number__in=numbers)
        return {
            *accounts.values_list("number", flat=True),
            *subscribers.values_list("registry_number", flat=True),
        }
