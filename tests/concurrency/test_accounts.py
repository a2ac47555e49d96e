"""Clerks at once: each account has a number of its own, and a premise is given away once."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from decimal import Decimal

from django.db import connections

from assets.registers.services.attachments import Place
from billing.models import Account, AccountChange, Contract, ContractServicePoint
from billing.services.closing_accounts import close_account
from billing.services.new_accounts import open_account
from billing.services.registers import NewSubscriber
from billing.services.transfers import NextParty, transfer_account
from gis_core.errors import ReportedError
from gis_core.models import Street
from tests.conftest import make_district
from tests.world import make_world

DAY = date(2026, 1, 15)


def at_once(work: Callable[[int], str], times: int) -> list[str]:
    def closing(number: int) -> str:
        try:
            return work(number)
        except ReportedError as error:
            return f"refused: {error.code}"
        finally:
            connections.close_all()

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(closing, range(times)))


def test_eight_accounts_at_once_have_eight_numbers(committing_database: None) -> None:
    world = make_world(make_district("QIBRAY", "Qibray"))
    street = Street.objects.select_related("division").get()

    def open_one(number: int) -> str:
        new = NewSubscriber(
            registry_number="",
            subscriber_class="household",
            name=f"Yangi {number}",
            street=street,
            house=str(number),
            place=Place(world.nodes["A"].pk),
            meter_serial=f"C{number}",
            meter_model="SGV-15",
        )
        return open_account(
            new=new,
            enterprise=world.enterprise,
            network=world.network,
            starts_on=date(2026, 1, 1),
            acting_user=None,
        ).number

    numbers = at_once(open_one, 8)
    assert len({*numbers}) == 8
    assert not any(number.startswith("refused") for number in numbers)
    assert Account.objects.filter(number__in=numbers).count() == 8


def test_a_premise_is_given_away_or_closed_once(committing_database: None) -> None:
    world = make_world(make_district("QIBRAY", "Qibray"))
    account, installation = world.account(0), world.installations[0]
    indexes = {installation.uid: Decimal(5)}

    def give_away(number: int) -> str:
        if number % 2:
            close_account(account=account, day=DAY, indexes=indexes, note="", acting_user=None)
            return "done"
        transfer_account(
            account=account,
            day=DAY,
            party=NextParty("household", f"Keyingi {number}"),
            indexes=indexes,
            acting_user=None,
        )
        return "done"

    results = at_once(give_away, 8)
    assert sorted(results) == ["done", *["refused: no_contract"] * 7]
    assert Contract.objects.get(account=account).validity.upper == DAY
    links = ContractServicePoint.objects.filter(service_point=installation.service_point)
    assert links.filter(validity__startswith__lt=DAY).count() == 1
    assert AccountChange.objects.filter(account=account).count() == 2
