"""Trying a price: the one that holds changes nothing, another one what it should; and nothing is stored."""

import json
from collections.abc import Callable
from datetime import date
from decimal import Decimal

import pytest
from django.test import Client

from billing.models import Invoice, Tariff
from billing.pricing.selectors.trying import TriedTariff, try_tariff
from gis_core.errors import ReportedError
from gis_core.models import Division, User
from tests.world import World

DECEMBER = date(2025, 12, 1)


def test_the_price_that_holds_changes_nothing(read_world: World) -> None:
    account = read_world.account(0)
    held = Tariff.objects.get(subscriber_class="household", service="cold_water").price_per_m3
    assert held is not None
    trial = try_tariff(account, DECEMBER, TriedTariff("cold_water", date(2020, 1, 1), held))
    assert trial.difference == 0 < trial.total_before
    assert [line["net"] for line in trial.after[0]["lines"]] == [
        line["net"] for line in trial.before[0]["lines"]
    ]


def test_twice_the_price_is_twice_the_money_and_half_a_month_half_of_that(read_world: World) -> None:
    account = read_world.account(0)
    held = Tariff.objects.get(subscriber_class="household", service="cold_water").price_per_m3
    assert held is not None
    twice = try_tariff(account, DECEMBER, TriedTariff("cold_water", DECEMBER, 2 * held))
    assert twice.total_after == 2 * twice.total_before
    half = try_tariff(account, DECEMBER, TriedTariff("cold_water", date(2025, 12, 16), 2 * held))
    assert 0 < half.difference < twice.difference
    assert len(half.after[0]["lines"]) == 2
    # Of the 10 m3 of 31 days 4.839 are before the 16th.
    assert half.after[0]["lines"][0]["quantity"] == "4.839"
    blocks = try_tariff(account, DECEMBER, TriedTariff("cold_water", DECEMBER, held, Decimal(3), 3 * held))
    assert [line["quantity"] for line in blocks.after[0]["lines"]] == ["3.100", "6.900"]
    assert not Invoice.objects.exists()


def test_what_cannot_be_tried_is_refused(read_world: World) -> None:
    account = read_world.account(0)
    with pytest.raises(ReportedError) as refused:
        try_tariff(account, DECEMBER, TriedTariff("gas", DECEMBER, Decimal(1)))
    assert refused.value.code == "service"
    with pytest.raises(ReportedError) as refused:
        try_tariff(account, DECEMBER, TriedTariff("cold_water", DECEMBER, Decimal(-1)))
    assert refused.value.code == "tariff"


def test_the_page_and_rest(
    read_world: World, make_user: Callable[..., User], district: Division, other_district: Division
) -> None:
    clerk, alien = Client(), Client()
    clerk.force_login(make_user("clerk", district))
    alien.force_login(make_user("clerk", other_district, username="alien"))
    asked = {"account": "17000", "month": "2025-12", "service": "cold_water", "price": "1 234,5"}
    shown = clerk.get("/prices/", asked).content.decode()
    assert "As it would be" in shown
    assert "There is no account" in clerk.get("/prices/", asked | {"account": "1"}).content.decode()
    assert "as numbers" in clerk.get("/prices/", asked | {"price": "much"}).content.decode()
    assert "As it would be" not in alien.get("/prices/", asked).content.decode()
    address = f"/api/v1/accounts/{read_world.account(0).uid}/price/"
    priced = clerk.get(f"{address}?month=2025-12").json()
    assert priced["cases"][0]["total"] > "0"
    again = clerk.post("/api/v1/price/", json.dumps(priced["document"]), "application/json")
    assert (again.status_code, again.json()["cases"]) == (200, priced["cases"])
    assert clerk.get(address).status_code == 400
    assert alien.get(f"{address}?month=2025-12").status_code == 404
    for body in ("{", "[]", "\xff"):
        assert clerk.post("/api/v1/price/", body.encode("latin-1"), "application/json").status_code == 400
    assert clerk.post("/api/v1/price/", b" " * 1_000_001, "application/json").status_code == 400
