"""As many billed accounts as wanted: copies of the demonstration's, with all that their bills depend on.

A copy has its original's class, place on the network, services, norms, residents and benefits, and, where a meter
hangs there, readings of each month's first day; so blocks, norms, followers, shares and benefits come in the same
proportions.
"""

from datetime import date
from pathlib import Path

from django.db import connection

from billing.models import Account

FIRST_MONTH = date(2025, 12, 1)
_MULTIPLY = Path(__file__).with_name("multiply_accounts.sql")


def multiply_accounts(wanted: int, *, months: int) -> int:
    """Copy the demonstration's accounts until there are some `wanted`, with readings for so many months from
    FIRST_MONTH on; return how many there are."""
    copies = max(0, round(wanted / Account.objects.count()) - 1)
    with connection.cursor() as cursor:
        cursor.execute(
            _MULTIPLY.read_text(), {"copies": copies, "months": months, "first_month": FIRST_MONTH}
        )
        cursor.execute("ANALYZE")
    return Account.objects.count()
