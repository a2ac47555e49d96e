"""A program of the test of a full file system: payments over REST until one is refused, on DATABASE_URL.

    SECRET FIRST MOST    payments R-FIRST, R-FIRST+1, ... until something else than 201 is answered, MOST at most

It prints {"taken": [references], "refused": status or null, "words": ...}.
"""

import json
import os
import sys

import django


def pay(secret: str, first: int, most: int) -> None:
    from datetime import UTC, datetime

    from django.test import Client

    from gis_core.database.scope import NOTHING, working_in

    client = Client(raise_request_exception=False, headers={"authorization": f"Bearer {secret}"})
    taken: list[str] = []
    refused, words = None, ""
    account = os.environ["TARMOQ_TEST_ACCOUNT"]
    for place in range(first, first + most):
        body = {
            "account": account,
            "amount": "1000.00",
            "paid_on": datetime.now(UTC).date().isoformat(),
            "channel": "bank",
            "reference": f"R-{place}",
        }
        with working_in(NOTHING):
            answer = client.post("/api/v1/payments/", json.dumps(body), content_type="application/json")
        if answer.status_code != 201:
            refused, words = answer.status_code, answer.content.decode()[:300]
            break
        taken.append(f"R-{place}")
    print(json.dumps({"taken": taken, "refused": refused, "words": words}))


def make() -> None:
    from gis_core.models import Division, RoleAssignment, User
    from gis_core.services.tokens import make_token
    from tests.conftest import make_district
    from tests.world import make_world

    district: Division = make_district("QIBRAY", "Qibray tumani")
    world = make_world(district)
    user = User.objects.create(username="cashier", home_division=district)
    RoleAssignment.objects.create(user=user, role="cashier", division=district)
    secret = make_token(user=user, name="flood", acting_user=None)[1]
    print(json.dumps({"secret": secret, "account": str(world.account(0).uid)}))


def references() -> None:
    from billing.models import LedgerEntry, Payment

    total = sum(entry.amount for entry in LedgerEntry.objects.all())
    found = sorted(Payment.objects.values_list("reference", flat=True))
    print(json.dumps({"references": found, "sum_of_books": str(total)}))


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gis_core.settings.local")
    django.setup()
    from gis_core.database.scope import trust_process

    trust_process()
    match sys.argv[1:]:
        case ["make"]:
            make()
        case ["references"]:
            references()
        case [secret, first, most]:
            pay(secret, int(first), int(most))
