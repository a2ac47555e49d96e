"""What providers are answered beyond their own sandboxes: order of errors, strict values, times, bounds, networks."""

import json
import logging
import time
from decimal import Decimal
from typing import Any

import pytest
from django.core.management import call_command
from django.db.models import Sum
from django.test import Client
from django.utils import timezone

from billing.channels.services.transactions import expire_due, now_ms
from billing.ledger.services.corrections import reverse_payment
from billing.models import LedgerEntry, Payment, PaymentReversal, ProviderTransaction
from fixtures.sandboxes.click import Click
from fixtures.sandboxes.payme import Payme
from fixtures.sandboxes.paynet import Paynet
from fixtures.sandboxes.playing import Send, basic
from fixtures.sandboxes.uzum import Uzum
from tests.billing.channels.conftest import CREDENTIALS, client_sender, settle, target_of
from tests.world import World

H12_MS = 43_200_000


@pytest.fixture
def payme(world: World, sending: Send) -> Payme:
    settle(world, "payme")
    return Payme(sending, target_of(world, "payme"))


@pytest.fixture
def click(world: World, sending: Send) -> Click:
    settle(world, "click")
    return Click(sending, target_of(world, "click"))


@pytest.fixture
def paynet(world: World, sending: Send) -> Paynet:
    settle(world, "paynet")
    return Paynet(sending, target_of(world, "paynet"))


@pytest.fixture
def uzum(world: World, sending: Send) -> Uzum:
    settle(world, "uzum")
    return Uzum(sending, target_of(world, "uzum"))


def clearing(channel: str) -> Decimal:
    legs = LedgerEntry.objects.filter(book="clearing", channel=channel)
    return legs.aggregate(total=Sum("amount"))["total"] or Decimal(0)


def paid(payme: Payme, **changes: Any) -> dict[str, Any]:
    new = payme.new(**changes)
    payme.call("CreateTransaction", new)
    payme.call("PerformTransaction", {"id": new["id"]})
    return new


@pytest.mark.parametrize("amount", ["1500000", 1500000.0, "NaN", True, -1, 0, None, [1], 10**30])
def test_what_is_no_integer_of_tiyin_is_not_paid(payme: Payme, amount: Any) -> None:
    code = payme.code(payme.call("CreateTransaction", payme.new(amount=amount)))
    assert code == (-32600 if amount is None else -31001)
    assert not ProviderTransaction.objects.exists()


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b'{"id": 7, "method": "CheckTransaction", "params": {"id": NaN}}', -32700),
        (b'{"id": 7, "method": "CheckTransaction", "params": {"id": 1e3}}', -32600),
        (b'{"id": 7, "method": "CheckTransaction", "params": {"id": "\\ud800"}}', -32600),
        (b'{"id": 7, "method": "CheckTransaction", "params": {"id": "a\\u0000"}}', -32600),
        (b'{"id": 7, "method": "CheckTransaction"}', -32600),
        (b'{"id": 7, "method": 5, "params": {}}', -32600),
        (b'{"id": 7, "params": {}}', -32600),
        (b"[" * 100_000, -32700),
        (b"\xff\xfe", -32700),
        (b" " * 70_000, -32700),
        (b"", -32700),
    ],
)
def test_what_payme_does_not_send_is_refused(payme: Payme, body: bytes, code: int) -> None:
    assert payme.code(payme.raw(body)) == code


def test_errors_of_payme_come_in_their_order(world: World, payme: Payme, sending: Send) -> None:
    client = Client()
    got = client.get("/pay/payme/SUV/")
    assert (got.status_code, got.json()["error"]["code"]) == (200, -32300)
    assert payme.code(payme.call("Nothing", {})) == -32601
    assert payme.call("Nothing", {}).document["error"]["data"] == "Nothing"
    wrong = payme.call("CreateTransaction", payme.new(account=payme.account("x"), amount=1))
    assert payme.code(wrong) == -31050
    assert wrong.document["error"]["data"] == "account"
    assert set(wrong.document["error"]["message"]) == {"uz", "ru", "en"}
    # Wrong credentials are seen before the body is.
    answer = sending("/pay/payme/SUV/", b"{", {"Content-Type": "application/json"})
    assert answer.document["error"]["code"] == -32504
    assert (
        payme.code(payme.call("SetFiscalData", {"id": "no", "type": "PERFORM", "fiscal_data": {}})) == -32001
    )


def test_a_payment_lies_with_the_provider_and_is_taken_back_by_new_legs(world: World, payme: Payme) -> None:
    new = paid(payme)
    payment = Payment.objects.get()
    assert (payment.channel, payment.reference, payment.amount, payment.state) == (
        "payme",
        new["id"],
        Decimal(15000),
        "posted",
    )
    assert clearing("payme") == Decimal(15000)
    payme.call("CancelTransaction", {"id": new["id"], "reason": 5})
    assert Payment.objects.get().state == "reversed"
    assert clearing("payme") == 0
    assert sum(world.account(0).entries.values_list("amount", flat=True)) == 0


def test_a_payment_that_staff_took_back_is_not_taken_back_twice(payme: Payme) -> None:
    new = paid(payme)
    reverse_payment(payment=Payment.objects.get(), reason="by hand", acting_user=None)
    answer = payme.call("CancelTransaction", {"id": new["id"], "reason": 5})
    assert answer.document["result"]["state"] == -2
    assert PaymentReversal.objects.count() == 1
    assert clearing("payme") == 0


def test_twelve_hours_count_from_paymes_clock(world: World, payme: Payme) -> None:
    late = payme.new(time=now_ms() - H12_MS)
    assert payme.code(payme.call("CreateTransaction", late)) == -31008
    assert not ProviderTransaction.objects.exists()
    just = payme.new(time=now_ms() - H12_MS + 1500)
    assert payme.call("CreateTransaction", just).document["result"]["state"] == 1
    time.sleep(1.6)
    assert payme.code(payme.call("PerformTransaction", {"id": just["id"]})) == -31008
    told = payme.call("CheckTransaction", {"id": just["id"]}).document["result"]
    assert (told["state"], told["reason"], told["perform_time"]) == (-1, 4, 0)
    again = payme.call("CancelTransaction", {"id": just["id"], "reason": 3}).document["result"]
    assert (again["state"], again["cancel_time"]) == (-1, told["cancel_time"])
    assert payme.call("CheckTransaction", {"id": just["id"]}).document["result"]["reason"] == 4
    assert not Payment.objects.exists()


def test_expiry_by_command_ends_what_began_too_long_ago(
    world: World, payme: Payme, sending: Send, capsys: pytest.CaptureFixture[str]
) -> None:
    settle(world, "uzum")
    uzum = Uzum(sending, target_of(world, "uzum"))
    done = paid(payme)
    begun, asked = payme.new(), uzum.asked()
    payme.call("CreateTransaction", begun)
    uzum.call("create", asked)
    assert expire_due(at_ms=now_ms() + 1_799_000, enterprise=world.enterprise) == 0
    assert expire_due(at_ms=now_ms() + 1_801_000, enterprise=world.enterprise) == 1
    assert uzum.call("confirm", asked).document["errorCode"] == "10015"
    assert uzum.call("reverse", asked).document["errorCode"] == "10018"
    status = uzum.call("status", asked).document
    assert (status["status"], status["confirmTime"], status["reverseTime"]) == ("FAILED", None, None)
    call_command(
        "payment_channel",
        "expire",
        "--enterprise",
        "SUV",
        "--channel",
        "payme",
        "--now",
        "2200-01-01",
        "--json",
    )
    assert json.loads(capsys.readouterr().out) == {"expired": 1}
    assert payme.call("CheckTransaction", {"id": done["id"]}).document["result"]["state"] == 2
    assert payme.call("CheckTransaction", {"id": begun["id"]}).document["result"]["reason"] == 4


def test_disabled_nothing_begins_and_what_has_begun_ends(world: World, sending: Send) -> None:
    for channel in CREDENTIALS:
        settle(world, channel)
    payme, click = Payme(sending, target_of(world, "payme")), Click(sending, target_of(world, "click"))
    paynet, uzum = Paynet(sending, target_of(world, "paynet")), Uzum(sending, target_of(world, "uzum"))
    begun, asked, prepared, payment = payme.new(), uzum.asked(), click.prepare(), paynet.payment()
    created = payme.call("CreateTransaction", begun).document
    uzum.call("create", asked)
    paynet.call("PerformTransaction", payment)
    for channel in CREDENTIALS:
        settle(world, channel, is_enabled=False)
    assert payme.code(payme.call("CreateTransaction", payme.new())) == -32400
    assert payme.code(payme.call("CheckPerformTransaction", payme.new())) == -32400
    assert payme.call("CreateTransaction", begun).document == created
    assert payme.call("PerformTransaction", {"id": begun["id"]}).document["result"]["state"] == 2
    assert click.prepare()[1]["error"] == -8
    assert click.post("prepare", prepared[0]).document == prepared[1]
    assert click.complete(prepared)["error"] == 0
    assert paynet.code(paynet.call("PerformTransaction", paynet.payment())) == 100
    assert paynet.code(paynet.call("GetInformation", payment)) == 100
    key = {"serviceId": 1, "transactionId": payment["transactionId"]}
    assert paynet.call("CancelTransaction", key).document["result"]["transactionState"] == 2
    assert uzum.call("create", uzum.asked()).document["errorCode"] == "99999"
    assert uzum.call("check", uzum.asked()).document["errorCode"] == "99999"
    assert uzum.call("confirm", asked).document["status"] == "CONFIRMED"


def test_strangers_are_told_that_the_password_is_wrong(world: World, sending: Send) -> None:
    for channel in CREDENTIALS:
        settle(world, channel, networks=["10.1.0.0/16"])
    far, near = sending, client_sender(Client(REMOTE_ADDR="10.1.2.3"))
    payme = target_of(world, "payme")
    call = ("CheckPerformTransaction", Payme(far, payme).new())
    assert Payme(far, payme).code(Payme(far, payme).call(*call)) == -32504
    assert Payme(near, payme).call(*call).document["result"] == {"allow": True}
    assert Click(far, target_of(world, "click")).prepare()[1]["error"] == -1
    assert Click(near, target_of(world, "click")).prepare()[1]["error"] == 0
    for path, status in (("payme/NOBODY/", 200), ("paynet/NOBODY/", 401), ("uzum/NOBODY/check", 400)):
        answer = near(
            f"/pay/{path}", b"{}", {"Content-Type": "application/json", "Authorization": basic("a", "b")}
        )
        assert answer.status == status
    settle(world, "payme", networks=["any"])
    assert Payme(far, payme).call(*call).document["result"] == {"allow": True}


def test_a_changed_password_holds_at_once(payme: Payme, paynet: Paynet) -> None:
    assert payme.call("ChangePassword", {"password": "a-new-key"}).document["result"] == {"success": True}
    assert payme.code(payme.call("CheckTransaction", {"id": "x"})) == -32504
    assert (
        payme.code(payme.call("CheckTransaction", {"id": "x"}, authorization=basic("Paycom", "a-new-key")))
        == -31003
    )
    answer = paynet.call("ChangePassword", {"newPassword": "another-one"})
    assert answer.document["result"] == "success"
    assert paynet.call("GetInformation", {}).status == 401


def test_click_errors_come_in_their_order(world: World, click: Click) -> None:
    def error(step: str, form: dict[str, str]) -> int:
        return int(click.post(step, form).document["error"])

    assert error("prepare", click.form(0, service_id=9, merchant_trans_id="x")) == -8
    assert error("prepare", {**click.form(7), "sign_string": "0"}) == -1
    assert error("prepare", click.form(3, merchant_trans_id="x", amount="x")) == -3
    assert error("prepare", click.form(0, merchant_trans_id="x", amount="x")) == -5
    for amount in ("x", "NaN", "1e3", "1000.001", "-5", "0.00", "99999999.00"):
        assert error("prepare", click.form(0, amount=amount)) == -2
    prepared = click.prepare()
    other = click.form(0, click_trans_id=prepared[0]["click_trans_id"], amount="777.00")
    assert error("prepare", other) == -8
    assert click.complete(prepared, merchant_trans_id="x")["error"] == -5
    assert click.complete(prepared, merchant_trans_id=world.account(1).number)["error"] == -6
    assert click.complete(prepared, amount="x")["error"] == -2
    done = click.complete(prepared)
    assert (done["error"], done["merchant_confirm_id"]) == (0, prepared[1]["merchant_prepare_id"])
    assert error("prepare", prepared[0]) == -4
    assert click.complete(prepared, error=-1)["error"] == -9
    assert click.complete(prepared)["error"] == -9
    assert (clearing("click"), Payment.objects.get().state) == (Decimal(0), "reversed")


def test_click_counts_som_as_it_writes_them(click: Click) -> None:
    for amount, tiyin in (("1000", 100_000), ("1000.5", 100_050), ("1000.55", 100_055)):
        assert click.prepare(amount=amount)[1]["error"] == 0
        assert ProviderTransaction.objects.latest("pk").amount_tiyin == tiyin


def test_payments_of_paynet_are_told_by_day_and_second(world: World, paynet: Paynet) -> None:
    payment = paynet.payment()
    stamp = paynet.call("PerformTransaction", payment).document["result"]["timestamp"]
    assert stamp[:10] == timezone.localdate().isoformat()
    day = timezone.localdate()
    for first, last, is_in in (
        (stamp, stamp, True),
        (f"{day:%d.%m.%Y}", f"{day:%d.%m.%Y}", True),
        (f"{day:%Y-%m-%d} 00:00:00", f"{day:%Y-%m-%d} 23:59:59", True),
        ("2020-01-01 00:00:00", "2020-01-02 00:00:00", False),
    ):
        span = {"serviceId": 1, "dateFrom": first, "dateTo": last}
        rows = paynet.call("GetStatement", span).document["result"]["statements"]
        assert [row["transactionId"] for row in rows] == ([payment["transactionId"]] if is_in else [])
    assert (
        paynet.code(paynet.call("GetStatement", {"serviceId": 1, "dateFrom": stamp, "dateTo": "01.01.2020"}))
        == 414
    )
    assert paynet.code(paynet.call("GetStatement", {"serviceId": 1, "dateFrom": stamp})) == 411
    assert paynet.code(paynet.call("CancelTransaction", {"serviceId": 2, "transactionId": 5})) == 305
    for amount in (True, "1500000", 1500000.5, None, -1):
        expected = 411 if amount is None else 413
        assert paynet.code(paynet.call("PerformTransaction", paynet.payment(amount=amount))) == expected


def test_names_are_masked_and_secrets_are_in_no_log(
    world: World,
    payme: Payme,
    uzum: Uzum,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    logging.getLogger("tarmoq.access").propagate = True
    assert uzum.call("check", uzum.asked()).document["data"] == {"name": {"value": "S***"}}
    payme.call("CheckTransaction", {"id": "x"}, authorization=basic("Paycom", "wrong-guess"))
    payme.call("ChangePassword", {"password": "whispered-key"})
    call_command("payment_channel", "show", "--enterprise", "SUV", "--channel", "payme", "--json")
    shown = capsys.readouterr().out
    assert json.loads(shown)["credentials"] == {"login": "Paycom", "key": "****-key"}
    for secret in (
        "whispered-key",
        "wrong-guess",
        CREDENTIALS["payme"]["key"],
        CREDENTIALS["uzum"]["password"],
    ):
        assert secret not in caplog.text
        assert secret not in shown
    stored = json.dumps(list(world.enterprise.channel_settings.values_list("credentials", flat=True)))
    assert "whispered-key" not in stored


def test_a_channel_is_set_shown_and_listed(
    world: World, tmp_path: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(*arguments: str) -> dict[str, Any]:
        call_command("payment_channel", *arguments, "--json")
        return dict(json.loads(capsys.readouterr().out))

    secret = tmp_path / "key"
    secret.write_text("the-secret-9f3a\n")
    of = ("--enterprise", "SUV", "--channel", "payme")
    made = run("set", *of, "--credential", f"key=@{secret}", "--min", "500", "--max", "5000000")
    assert made == {
        "enterprise": "SUV",
        "channel": "payme",
        "enabled": True,
        "field": "account",
        "min": "500.00",
        "max": "5000000.00",
        "refunds": "allowed",
        "networks": [],
        "credentials": {"login": "Paycom", "key": "****9f3a"},
        "urls": ["/pay/payme/SUV/"],
    }
    assert run("show", *of) == made
    changed = run(
        "set", *of, "--disable", "--refunds", "refused", "--network", "10.0.0.0/8", "--field", "hisob"
    )
    assert (changed["enabled"], changed["refunds"], changed["networks"]) == (False, "refused", ["10.0.0.0/8"])
    assert run("list", "--enterprise", "SUV") == {"channels": [changed]}
    for wrong in (
        ("set", *of, "--credential", "pin=1"),
        ("set", *of, "--network", "10.0.0.0/99"),
        ("set", *of, "--min", "10", "--max", "5"),
        ("set", *of, "--min", "0.001"),
        ("set", *of, "--credential", "key=@/nowhere"),
        ("show", "--enterprise", "SUV", "--channel", "click"),
        ("show", "--enterprise", "NOBODY", "--channel", "click"),
    ):
        with pytest.raises(SystemExit) as exit_:
            call_command("payment_channel", *wrong, "--json")
        assert exit_.value.code == 1
        assert json.loads(capsys.readouterr().out)["error"]["code"]
    assert run("show", *of) == changed
