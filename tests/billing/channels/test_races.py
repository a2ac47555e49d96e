"""Twenty at once have one effect; a cancellation that races a performance leaves books and state of one mind."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from functools import partial
from threading import Barrier
from typing import Any

import pytest
from django.db import connection, connections, transaction
from django.db.models import Sum

from billing.models import LedgerEntry, Payment, PaymentReversal, ProviderTransaction
from fixtures.sandboxes.click import Click
from fixtures.sandboxes.payme import Payme
from fixtures.sandboxes.paynet import Paynet
from fixtures.sandboxes.uzum import Uzum
from tests.billing.channels.conftest import client_sender, settle, target_of
from tests.conftest import make_district
from tests.world import World, make_world

AT_ONCE = 20


@pytest.fixture
def world(committing_database: None) -> World:
    return make_world(make_district("QIBRAY", "Qibray tumani"))


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    """What each gives, all begun at the same moment, each on a connection of its own."""
    barrier = Barrier(len(calls))

    def run(call: Callable[[], Any]) -> Any:
        barrier.wait()
        try:
            return call()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def clearing() -> Decimal:
    legs = LedgerEntry.objects.filter(book="clearing")
    return legs.aggregate(total=Sum("amount"))["total"] or Decimal(0)


def test_twenty_calls_of_payme_at_once_are_one(world: World) -> None:
    settle(world, "payme")
    payme = Payme(client_sender(), target_of(world, "payme"))
    new = payme.new()
    for method, asked in (
        ("CreateTransaction", new),
        ("PerformTransaction", {"id": new["id"]}),
        ("CancelTransaction", {"id": new["id"], "reason": 5}),
    ):
        players = [Payme(client_sender(), target_of(world, "payme")) for _ in range(AT_ONCE)]
        answers = at_once(*(partial(_document, one, method, asked) for one in players))
        assert answers == answers[:1] * AT_ONCE
        assert "result" in answers[0], answers[0]
    assert (
        ProviderTransaction.objects.count() == Payment.objects.count() == PaymentReversal.objects.count() == 1
    )
    assert clearing() == 0


def test_twenty_calls_of_the_others_at_once_are_one(world: World) -> None:
    for channel in ("click", "paynet", "uzum"):
        settle(world, channel)
    click = Click(client_sender(), target_of(world, "click"))
    paynet = Paynet(client_sender(), target_of(world, "paynet"))
    uzum = Uzum(client_sender(), target_of(world, "uzum"))
    form, payment, asked = click.form(0), paynet.payment(), uzum.asked()
    prepared = at_once(
        *[lambda: Click(client_sender(), target_of(world, "click")).post("prepare", form).document] * AT_ONCE
    )
    assert prepared == prepared[:1] * AT_ONCE
    done = at_once(*[lambda: click.complete((form, prepared[0]))["error"]] * AT_ONCE)
    assert sorted(done) == [-4] * (AT_ONCE - 1) + [0]
    paid = at_once(*[lambda: paynet.call("PerformTransaction", payment).document] * AT_ONCE)
    assert [one["result"]["providerTrnId"] > 0 for one in paid if "result" in one] == [True]
    assert {one["error"]["code"] for one in paid if "error" in one} == {201}
    created = at_once(*[lambda: uzum.call("create", asked).status] * AT_ONCE)
    assert sorted(created) == [200] + [400] * (AT_ONCE - 1)
    confirmed = at_once(*[lambda: uzum.call("confirm", asked).status] * AT_ONCE)
    assert sorted(confirmed) == [200] + [400] * (AT_ONCE - 1)
    assert Payment.objects.count() == 3
    assert clearing() == Decimal(45000)


@pytest.mark.parametrize("attempt", range(3))
def test_a_cancellation_races_a_performance(world: World, attempt: int) -> None:
    settle(world, "payme")
    payme = Payme(client_sender(), target_of(world, "payme"))
    for _ in range(4):
        new = payme.new()
        payme.call("CreateTransaction", new)
        performed, cancelled = at_once(
            partial(_document, payme, "PerformTransaction", {"id": new["id"]}),
            partial(_document, payme, "CancelTransaction", {"id": new["id"], "reason": 3}),
        )
        state = payme.call("CheckTransaction", {"id": new["id"]}).document["result"]["state"]
        assert cancelled["result"]["state"] == state
        assert (state, performed.get("result", {}).get("state")) in ((-1, None), (-2, 2))
    assert clearing() == 0
    assert Payment.objects.count() == PaymentReversal.objects.count()


def test_nothing_waits_for_a_billing_run(world: World) -> None:
    """A run holds its counter, its month and the keys of accounts that its bills name; a payment goes through."""
    settle(world, "payme")
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO billing_invoicecounter (enterprise_id, year, last_number) VALUES (%s, 2026, 0)",
                [world.enterprise.pk],
            )
            cursor.execute("SELECT FROM billing_billingmonth FOR SHARE")
            cursor.execute("SELECT FROM billing_account FOR KEY SHARE")
        [state] = at_once(lambda: _paid(world))
    assert state == 2


def _document(payme: Payme, method: str, asked: dict[str, Any]) -> Any:
    return payme.call(method, asked).document


def _paid(world: World) -> int:
    payme = Payme(client_sender(), target_of(world, "payme"))
    new = payme.new()
    payme.call("CreateTransaction", new)
    return int(payme.call("PerformTransaction", {"id": new["id"]}).document["result"]["state"])
