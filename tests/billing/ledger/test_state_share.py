"""The file for social protection adds up to what is booked on the state, to the tiyin."""

import csv
import io
from collections.abc import Callable
from datetime import date
from decimal import Decimal

from django.db.backends.postgresql.psycopg_any import DateRange
from django.test import Client

from billing.ledger.selectors.state_share import state_receivable
from billing.models import Benefit, BenefitService, ServiceValue, Subsidy, SubsidyService
from billing.services.runs import run_billing
from gis_core.models import Division, User
from tests.world import World

DECEMBER = date(2025, 12, 1)


def test_the_file_is_what_the_state_owes(
    read_world: World, make_user: Callable[..., User], district: Division, other_district: Division
) -> None:
    enterprise, account = read_world.enterprise, read_world.account(0)
    ServiceValue.objects.create(
        enterprise=enterprise,
        service_id="cold_water",
        kind="norm",
        valid_from=date(2025, 1, 1),
        value=Decimal(100),
    )
    benefit = Benefit.objects.create(
        account=account,
        kind="veteran",
        validity=DateRange(date(2025, 1, 1), None),
        share_percent=Decimal(50),
    )
    BenefitService.objects.create(benefit=benefit, service_id="cold_water")
    neighbour = read_world.account(1)
    subsidy = Subsidy.objects.create(account=neighbour, month=DECEMBER, amount=Decimal("123.45"))
    SubsidyService.objects.create(subsidy=subsidy, service_id="cold_water", account=neighbour, month=DECEMBER)
    run_billing(enterprise=enterprise, month=DECEMBER, acting_user=None)
    clerk, alien = Client(), Client()
    user = make_user("clerk", district)
    clerk.force_login(user)
    alien.force_login(make_user("clerk", other_district, username="alien"))
    address = f"/api/v1/state-share/?enterprise={enterprise.code}&month=2025-12"
    rows = list(csv.DictReader(io.StringIO(clerk.get(address).content.decode("utf-8-sig"))))
    assert [(row["account"], row["kind"]) for row in rows] == [
        (account.number, "benefit"),
        (neighbour.number, "subsidy"),
    ]
    owed = state_receivable(user, enterprise, DECEMBER)
    assert sum(Decimal(row["total_uzs"]) for row in rows) == owed > Decimal("123.45")
    assert f"state-share/?enterprise={enterprise.code}" in clerk.get("/billing/").content.decode()
    assert alien.get(address).status_code == 404
    assert clerk.get(f"/api/v1/state-share/?enterprise={enterprise.code}").status_code == 400
    assert clerk.get("/api/v1/state-share/?month=2025-12").status_code == 404
