"""What tests of a clerk's desk share: bodies, readings of bills, and another nomenclature."""

import json
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import Any

from django.db.backends.postgresql.psycopg_any import DateRange
from django.test import Client

from billing.models import Account, InvoiceLine, ServiceValue, SuppliedService, Tariff
from billing.services.runs import run_billing
from gis_core.models import Street
from tests.world import World

DECEMBER, JANUARY, FEBRUARY, MARCH = (
    date(2025, 12, 1),
    date(2026, 1, 1),
    date(2026, 2, 1),
    date(2026, 3, 1),
)
# The sum of the first thirteen digits times 7, 3, 1, ... is 158.
PERSONAL_ID = "41506870312348"


def post(client: Client, address: str, body: Any, **headers: str) -> Any:
    return client.post(f"/api/v1/{address}", json.dumps(body), "application/json", headers=headers or None)


def fields_of(answer: Any) -> dict[str, str]:
    """What a refusal says, by field."""
    assert answer.status_code == 400, answer.content
    return {detail["field"]: detail["reason"] for detail in answer.json()["error"]["details"]}


def bill(world: World, *months: date) -> None:
    for month in months:
        run_billing(enterprise=world.enterprise, month=month, acting_user=None)


def volume(*accounts: Account) -> Decimal:
    """What was billed of the network's water, and not taken back."""
    lines = InvoiceLine.objects.filter(invoice__account__in=accounts)
    return sum((line.quantity_m3 for line in lines), Decimal(0))


def days_of(*accounts: Account) -> list[tuple[date, date]]:
    """The days of the lines of water that stand, in order."""
    counted: dict[tuple[date, date], int] = {}
    for line in InvoiceLine.objects.filter(invoice__account__in=accounts, is_volume=True):
        days = (line.consumption_from, line.consumption_to)
        counted[days] = counted.get(days, 0) + (-1 if line.is_reversal else 1)
    assert set(counted.values()) <= {0, 1}, counted
    return sorted(days for days, number in counted.items() if number)


def assert_no_day_twice(days: list[tuple[date, date]]) -> None:
    assert all(former[1] <= later[0] for former, later in pairwise(days)), days


def supply_more(world: World) -> None:
    """Sewerage that follows the water, upkeep by area, and a norm of 150 litres a day."""
    for position, (code, unit, basis, base) in enumerate(
        (("sewerage", "m3", "of_service", "cold_water"), ("upkeep", "m2", "area", None)), 20
    ):
        SuppliedService.objects.create(
            code=code, name=code.capitalize(), unit=unit, basis=basis, base_id=base, position=position
        )
        Tariff.objects.create(
            enterprise=world.enterprise,
            service=code,
            subscriber_class="household",
            validity=DateRange(date(2025, 1, 1), None),
            price_per_m3=Decimal(500),
        )
    ServiceValue.objects.create(
        enterprise=world.enterprise,
        service_id="cold_water",
        kind="norm",
        valid_from=date(2025, 1, 1),
        value=Decimal(150),
    )


def new_account_body(world: World, **changed: Any) -> dict[str, Any]:
    """A household that gets metered water at the node A on 5 January 2026."""
    return {
        "enterprise": world.enterprise.code,
        "subscriber_class": "household",
        "name": "Yangi Obunachi",
        "personal_id": PERSONAL_ID,
        "residents": 3,
        "street": Street.objects.get(division__parent=world.district).pk,
        "house": "12",
        "flat": "3",
        "starts_on": "2026-01-05",
        "place": {"node": str(world.nodes["A"].uid)},
        "services": [
            {
                "service": "cold_water",
                "meter": {"serial": "NEW-1", "model_name": "SGV-15", "index_m3": "7.5"},
            }
        ],
        **changed,
    }
