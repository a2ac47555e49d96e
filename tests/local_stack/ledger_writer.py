"""A process of the restore tests: books payments in the database of DATABASE_URL, then prints its ledger's hash.

    make            a small world with accounts
    pay FIRST N     N payments, from the number FIRST on
    hash            changes nothing

It prints {"hash", "entries", "at"}: `at` is the server's clock after the last commit.
"""

import json
import os
import sys
from datetime import UTC, datetime
from decimal import Decimal

import django

# Over the columns that say what was booked where and when, in the order of booking.
LEDGER = """
WITH leg AS (
    SELECT entry.id, concat_ws('|', entry.id, booking.uid, booking.month, booking.booked_on, entry.book,
                               entry.account_id, entry.amount) AS said
      FROM billing_ledgerentry entry JOIN billing_ledgertransaction booking ON booking.id = entry.transaction_id
)
SELECT encode(sha256(coalesce(string_agg(said, ';' ORDER BY id), '')::bytea), 'hex'), count(*)::integer,
       clock_timestamp()
  FROM leg
"""


def make() -> None:
    from tests.conftest import make_district
    from tests.world import make_world

    make_world(make_district("QIBRAY", "Qibray tumani"))


def pay(first: int, number: int) -> None:
    from billing.models import Account
    from billing.services.payments import record_payment

    account = Account.objects.order_by("number").first()
    assert account is not None
    for place in range(first, first + number):
        record_payment(
            account=account,
            amount=Decimal(1000 + place),
            paid_on=datetime.now(UTC).date(),
            channel="bank",
            reference=f"R{place}",
            acting_user=None,
        )


def tell() -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(LEDGER)
        digest, entries, at = cursor.fetchone()
    print(json.dumps({"hash": digest, "entries": entries, "at": at.isoformat()}))


def main() -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "gis_core.settings.test"
    django.setup()
    work, *numbers = sys.argv[1:]
    if work == "make":
        make()
    elif work == "pay":
        pay(*map(int, numbers))
    tell()


if __name__ == "__main__":
    main()
