"""Finding accounts by all that is printed of them, as it is printed and as people type it."""

from collections.abc import Callable
from datetime import date
from typing import Any
from urllib.parse import quote

import pytest
from django.db.backends.postgresql.psycopg_any import DateRange
from django.test import Client

from billing.models import Contract, Invoice, Meter, Subscriber
from billing.selectors.search import find_accounts
from billing.services.runs import run_billing
from gis_core.models import Division, Street, User
from tests.world import World


@pytest.fixture
def clerk(make_user: Callable[..., User], district: Division) -> User:
    return make_user("clerk", district)


@pytest.fixture
def town(read_world: World) -> World:
    """The small world with the names, addresses and numbers of the demonstration."""
    world = read_world
    streets = [
        Street.objects.create(division=world.enterprise.division, code=f"T{place}", name=name)
        for place, name in enumerate(("Furqat ko‘chasi", "Mirzo Ulug‘bek ko‘chasi", "Ibn Sino ko‘chasi"))
    ]
    people = [
        ("Karimov Sherzod", streets[0], "101", "998713882529"),
        ("Norov Ulug‘bek", streets[1], "10", "998901112233"),
        ("Xo‘jayev Qodir", streets[2], "1/2", ""),
        ("Yoqubov Shuhrat", streets[0], "11", "998712223344"),
    ]
    for position, (name, street, house, phone) in enumerate(people):
        subscriber = world.account(position).subscriber
        Subscriber.objects.filter(pk=subscriber.pk).update(name=name, street=street, house=house, phone=phone)
    for position in range(4):
        meter = world.installations[position].meter
        Meter.objects.filter(pk=meter.pk).update(serial=f"SGV2025000{position}")
    run_billing(enterprise=world.enterprise, month=date(2025, 12, 1), acting_user=None)
    return world


def numbers(viewer: User, text: str) -> list[str]:
    return [one.account.number for one in find_accounts(viewer, text)]


@pytest.mark.parametrize(
    "text",
    [
        "Furqat ko‘chasi, 101", "Furqat ko'chasi, 101", "furqat ko`chasi 101", "Furqat ko``chasi,101",
        "Фурқат кўчаси, 101", "FURQAT 101", "101 Furqat", "Karimov Sherzod", "Каримов", "karimov", "Каримов Шерзод",
        "388 25 29", "3882529", "+998 71 388-25-29", "SGV20250000", "sgv-2025 0000", "SGV 20250000",
        "Karimof Sherzod", "Sherzot Karimov", "Furkot ko'chasi 101", "Karimov Furqat",
    ],
)  # fmt: skip
def test_the_first_is_who_was_meant(town: World, clerk: User, text: str) -> None:
    assert numbers(clerk, text)[:1] == [town.account(0).number]


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("Ulug'bek", 1), ("Ulug`bek", 1), ("Улуғбек", 1), ("Mirzo Ulug‘bek ko‘chasi, 10", 1),
        ("Hojaev", 2), ("Хўжаев Қодир", 2), ("Ibn Sino ko‘chasi, 1/2", 2), ("Ёқубов", 3), ("Furqat ko‘chasi, 11", 3),
    ],
)  # fmt: skip
def test_every_spelling_finds(town: World, clerk: User, text: str, position: int) -> None:
    assert numbers(clerk, text) == [town.account(position).number]


def test_papers_find_their_account(town: World, clerk: User) -> None:
    account = town.account(0)
    invoice = Invoice.objects.get(account=account)
    contract = Contract.objects.get(account=account)
    for text in (account.number, invoice.number, invoice.number.lower(), account.subscriber.registry_number):
        assert numbers(clerk, text)[0] == account.number, text
    assert account.number in numbers(clerk, contract.number)
    found = find_accounts(clerk, invoice.number)[0]
    assert (found.found_by, found.found, found.found_uid) == ("bill", invoice.number, invoice.uid)


def test_nothing_is_found_that_was_not_meant(town: World, clerk: User) -> None:
    for text in ("", " ", "'", "…", "Furqat ko‘chasi, 999", "Zulfiya", "SGV99999999", "QBR-2026-9999999"):
        assert numbers(clerk, text) == [], text


def test_the_list_shows_what_is_owed_and_whether_a_contract_holds(
    town: World, clerk: User, client: Client
) -> None:
    account = town.account(0)
    client.force_login(clerk)
    page = client.get(f"/accounts/?q={quote('Furqat ko‘chasi, 101')}").content.decode()
    assert "To pay" in page
    assert "No contract today" not in page
    Contract.objects.filter(account=account).update(validity=DateRange(date(2020, 1, 1), date(2026, 1, 2)))
    page = client.get(f"/accounts/?q={quote('SGV20250000')}").content.decode()
    assert "No contract today" in page
    assert "SGV20250000" in page


def test_others_find_none_of_it(
    town: World, make_user: Callable[..., User], district: Division, other_district: Division, client: Client
) -> None:
    invoice = Invoice.objects.get(account=town.account(0))

    def hits(user: User, text: str) -> list[dict[str, Any]]:
        client.force_login(user)
        rows: list[dict[str, Any]] = client.get(f"/api/v1/search/?q={quote(text)}").json()
        return rows

    texts = (
        "Karimov",
        "Furqat ko‘chasi, 101",
        "3882529",
        "SGV20250000",
        invoice.number,
        town.account(0).number,
    )
    clerk, engineer = make_user("clerk", district), make_user("engineer", district)
    stranger = make_user("clerk", other_district)
    for text in texts:
        assert hits(clerk, text), text
        assert hits(engineer, text) == [], text
        assert hits(stranger, text) == [], text


def test_hits_of_the_search_name_their_page(town: World, clerk: User, client: Client) -> None:
    client.force_login(clerk)
    account, invoice = town.account(0), Invoice.objects.get(account=town.account(0))
    expected = {
        account.number: ("account", f"/accounts/{account.uid}/"),
        invoice.number: ("bill", f"/invoices/{invoice.uid}/"),
        "SGV20250000": ("meter", f"/accounts/{account.uid}/"),
    }
    for text, (class_name, address) in expected.items():
        hit = client.get(f"/api/v1/search/?q={text}").json()[0]
        assert (hit["class"], hit["address"], hit["label"]) == (class_name, address, text)
        assert "Karimov Sherzod" in hit["detail"]
        assert hit["longitude"] is not None
