"""The outbox: once, in the transaction of its event, never blindly twice; nights, daily limits, wrong states."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.core import mail
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from fixtures.sandboxes.sms_gateway import FakeSmsGateway
from gis_core.database.locks import AdvisoryLock
from gis_core.errors import ReportedError
from gis_core.messages.selectors.events import (
    LOGIN_CODE,
    MadeAttachment,
    MessageEvent,
    MessageText,
    register_attachment,
    register_event,
)
from gis_core.messages.selectors.texts import masked, sms_parts
from gis_core.messages.services import gateway_rests, sending, sms
from gis_core.messages.services.gateways import gateway_credential, set_gateway, shown
from gis_core.messages.services.outbox import enqueue_message, give_up_message, resend_message
from gis_core.messages.services.sending import (
    LEASE,
    MOST_ATTEMPTS,
    MOST_SMS_A_DAY,
    ask_about_messages,
    send_messages,
)
from gis_core.messages.tasks import send_due_messages
from gis_core.models import AuditEvent, Division, Enterprise, Message, MessageGateway
from tests.databases import as_owner

_NOTICE = MessageEvent(
    "notice_of_test",
    frozenset({"words"}),
    {"en": MessageText("{words}", "About {words}", "It says {words}.")},
)
# In Tashkent noon, and an hour before midnight.
NOON, NIGHT = datetime(2027, 3, 1, 7, tzinfo=UTC), datetime(2027, 3, 1, 18, tzinfo=UTC)


@pytest.fixture(autouse=True)
def notice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "timezone", _Clock)
    monkeypatch.setattr(gateway_rests, "_rests", {})
    register_event(_NOTICE)


class _Clock:
    """The sender's clock stands where the test puts it."""

    moment = NOON
    localtime = staticmethod(timezone.localtime)

    @classmethod
    def now(cls) -> datetime:
        return cls.moment


@pytest.fixture
def gateway(db: Any, settings: Any) -> Iterator[FakeSmsGateway]:
    settings.PUBLIC_URL = "https://tarmoq.example"
    with FakeSmsGateway() as fake:
        set_gateway(
            enterprise=None,
            medium="sms",
            acting_user=None,
            driver="eskiz",
            url=fake.url,
            sender="4546",
            credentials={"email": fake.email, "password": fake.password},
        )
        yield fake


def put(district: Division, key: str = "notice 1", **changes: Any) -> Message:
    values = {
        "recipient": "+998 90 123-45-67",
        "medium": "sms",
        "template": "notice_of_test",
        "values": {"words": "water"},
        "language": "en",
        "not_before": NOON,
        **changes,
    }
    with transaction.atomic():
        return enqueue_message(event_key=key, division=district, **values)


def state_of(message: Message) -> str:
    return Message.objects.get(pk=message.pk).state


def test_the_same_event_is_told_once_and_only_with_its_transaction(district: Division) -> None:
    with transaction.atomic():
        put(district)
        transaction.set_rollback(True)
    assert not Message.objects.exists()
    first = put(district)
    again = put(district, recipient="998901234567", values={"words": "else"})
    assert (again.pk, again.template_values) == (first.pk, {"words": "water"})
    assert put(district, medium="email", recipient="a@b.uz").pk != first.pk


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"recipient": "12"}, "recipient"),
        ({"medium": "email", "recipient": "nobody"}, "recipient"),
        ({"medium": "webhook", "recipient": "https://host:99999/"}, "recipient"),
        ({"medium": "webhook", "recipient": "https:///path"}, "recipient"),
        ({"medium": "pigeon"}, "medium"),
        ({"template": "nothing"}, "event"),
        ({"values": {}}, "placeholder"),
        ({"values": {"words": "w", "more": 1}}, "placeholder"),
        ({"language": "tlh"}, "language"),
    ],
)
def test_what_cannot_be_sent_is_refused_when_it_is_written(
    district: Division, changes: dict[str, Any], code: str
) -> None:
    with pytest.raises(ReportedError) as refused:
        put(district, **changes)
    assert refused.value.code == code


def test_an_sms_is_sent_by_the_gateway_which_calls_back(district: Division, gateway: FakeSmsGateway) -> None:
    message = put(district)
    assert send_messages(now=NOON).sent == 1
    (seen,) = gateway.messages
    assert (seen["mobile_phone"], seen["message"], seen["from"]) == ("998901234567", "water", "4546")
    message.refresh_from_db()
    assert (message.state, message.gateway_id) == ("sent", seen["id"])
    # A token that ran out is renewed, and nothing is sent twice.
    gateway.forget_tokens()
    put(district, "notice 2")
    assert send_messages(now=NOON).sent == 1
    assert (gateway.log_ins, len(gateway.messages)) == (2, 2)
    assert send_messages(now=NOON + LEASE).sent == 0
    # Of one no callback came: it is asked about.
    gateway.deliver(seen["id"])
    assert ask_about_messages(now=NOON + timedelta(minutes=16)) == 1
    assert state_of(message) == "delivered"


def test_an_unknown_outcome_is_never_sent_again_by_itself(
    district: Division, gateway: FakeSmsGateway, make_user: Any
) -> None:
    gateway.behaviour = "cut after taking"
    message = put(district)
    assert send_messages(now=NOON).unknown == 1
    assert send_messages(now=NOON + timedelta(days=1)) == sending.OutboxResult()
    assert (state_of(message), len(gateway.messages)) == ("unknown", 1)
    gateway.behaviour = ""
    clerk = make_user("clerk", district)
    resend_message(message=message, acting_user=clerk)
    assert AuditEvent.objects.filter(action="resend message", user=clerk).count() == 1
    assert send_messages(now=datetime.now(UTC) + timedelta(hours=12)).unknown == 0


@pytest.mark.parametrize(
    ("behaviour", "state"),
    [
        ("busy", "waiting"),
        ("too many", "waiting"),
        ("refuse", "failed"),
        ("fault", "unknown"),
        ("no id", "unknown"),
        ("no log-in", "waiting"),
    ],
)
def test_each_answer_of_the_gateway_has_its_state(
    district: Division, gateway: FakeSmsGateway, behaviour: str, state: str
) -> None:
    gateway.behaviour = behaviour
    message = put(district)
    send_messages(now=NOON)
    assert state_of(message) == state
    assert Message.objects.get().last_error


@pytest.mark.parametrize("step", ["prepare", "send", "after"])
def test_killed_between_any_two_steps_it_is_neither_lost_nor_doubled(
    district: Division, gateway: FakeSmsGateway, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def die(*_arguments: object, **_named: object) -> None:
        raise SystemExit

    message = put(district)
    with monkeypatch.context() as patched:
        match step:
            case "prepare":
                patched.setattr(sms, "prepare", die)
            case "send":
                patched.setattr(sms, "send", die)
            case _:
                patched.setattr(sending, "_note_carried", die)
        with pytest.raises(SystemExit):
            send_messages(now=NOON)
    assert send_messages(now=NOON + LEASE / 2) == sending.OutboxResult()
    after = NOON + LEASE * 2
    send_messages(now=after)
    # Nothing had left before it was prepared; afterwards nobody knows, and a person or the callback decides.
    assert state_of(message) == ("sent" if step == "prepare" else "unknown")
    assert len(gateway.messages) == (0 if step == "send" else 1)


def test_attempts_end_and_a_gateway_that_is_not_there_stays_visible(
    district: Division, settings: Any
) -> None:
    settings.SMS_TO_LOG = False
    message = put(district)
    assert send_messages(now=NOON).waiting == 1
    Message.objects.update(attempts=MOST_ATTEMPTS - 1, next_attempt_at=NOON)
    assert send_messages(now=NOON).failed == 1
    assert (state_of(message), Message.objects.get().last_error) == ("given_up", "no_gateway")


def test_a_fault_ends_neither_the_batch_nor_is_repeated_for_ever(
    district: Division, gateway: FakeSmsGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_sms, by_web, by_mail = (
        put(district),
        put(district, medium="webhook", recipient="https://a.example/"),
        put(district, medium="email", recipient="a@b.uz"),
    )
    with monkeypatch.context() as patched:
        for module, name in ((sms, "send"), (sending, "post")):
            patched.setattr(module, name, lambda *_arguments, **_named: 1 / 0)
        assert send_messages(now=NOON) == sending.OutboxResult(sent=1, waiting=1, unknown=1)
    assert [state_of(message) for message in (by_sms, by_web, by_mail)] == ["unknown", "waiting", "sent"]
    # Whoever tried it so often ended before it was made, or while it was sent.
    late = put(district, "notice 2")
    Message.objects.filter(pk__in=(by_web.pk, late.pk)).update(attempts=MOST_ATTEMPTS, next_attempt_at=NOON)
    Message.objects.filter(pk=by_web.pk).update(state="sending")
    assert send_messages(now=NOON) == sending.OutboxResult()
    told = dict(Message.objects.filter(state="given_up").values_list("pk", "last_error"))
    assert told == {by_web.pk: "sender_ended", late.pk: "tried_too_often"}


def test_a_gateway_that_does_not_answer_gets_one_message_and_rests(
    district: Division, gateway: FakeSmsGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    enterprise = Enterprise.objects.create(
        code="SUV",
        name="Suv",
        division=district,
        tax_id="301234567",
        bank_name="Bank",
        bank_code="00014",
        bank_account="2" * 20,
        invoice_prefix="SUV",
    )
    set_gateway(enterprise=enterprise, medium="sms", acting_user=None, driver="log")
    messages = [put(district, f"notice {number}", recipient=f"99890123456{number}") for number in range(3)]
    put(district, "notice of another", enterprise=enterprise)
    put(district, medium="email", recipient="a@b.uz")
    gateway.behaviour = "busy"
    assert send_messages(now=NOON) == sending.OutboxResult(sent=2, waiting=1)
    assert [Message.objects.get(pk=message.pk).attempts for message in messages] == [1, 0, 0]
    gateway.behaviour = ""
    assert send_messages(now=NOON) == sending.OutboxResult()
    rested = gateway_rests.monotonic() + gateway_rests.FIRST_REST_S
    monkeypatch.setattr(gateway_rests, "monotonic", lambda: rested)
    assert send_messages(now=NOON).sent == 2
    assert gateway_rests.resting() == set()
    # What one recipient is refused for is nobody else's fault.
    gateway.behaviour = "refuse"
    Message.objects.filter(pk=messages[0].pk).update(next_attempt_at=NOON)
    put(district, "notice 4")
    assert send_messages(now=NOON).failed == 2


def test_a_batch_has_its_time_and_its_one_worker(district: Division) -> None:
    message = put(district, medium="email", recipient="a@b.uz")
    assert send_messages(now=NOON, budget_s=0) == sending.OutboxResult()
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s, 0)", [AdvisoryLock.OUTBOX])
        assert (send_due_messages(), state_of(message)) == (0, "waiting")
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s, 0)", [AdvisoryLock.OUTBOX])
    finally:
        other.close()
    assert (send_due_messages(), state_of(message)) == (1, "sent")


def test_a_log_in_whose_key_is_gone_lets_the_message_wait(
    district: Division, gateway: FakeSmsGateway, settings: Any
) -> None:
    put(district)
    assert send_messages(now=NOON).sent == 1
    gateway.forget_tokens()
    settings.STORED_SECRETS_KEYS = Fernet.generate_key().decode()
    message = put(district, "notice 2")
    assert send_messages(now=NOON).waiting == 1
    message.refresh_from_db()
    assert (message.state, message.last_error, len(gateway.messages)) == ("waiting", "no_key", 1)


def test_at_night_only_what_is_urgent_leaves(district: Division, gateway: FakeSmsGateway) -> None:
    message = put(district)
    code = put(
        district,
        "login 1",
        template=LOGIN_CODE.code,
        values={"code": "123456", "minutes": 3},
        not_before=NOON,
    )
    assert send_messages(now=NIGHT).sent == 1
    assert (state_of(message), state_of(code)) == ("waiting", "sent")
    message.refresh_from_db()
    assert timezone.localtime(message.next_attempt_at).time() == time(8)
    code.refresh_from_db()
    assert (code.template_values, "123456" in gateway.messages[0]["message"]) == ({}, True)


def test_a_telephone_gets_so_many_a_day(district: Division, gateway: FakeSmsGateway) -> None:
    for number in range(MOST_SMS_A_DAY + 1):
        put(district, f"notice {number}")
    send_messages(now=NOON)
    assert len(gateway.messages) == MOST_SMS_A_DAY
    assert Message.objects.filter(state="waiting", next_attempt_at=NOON + timedelta(days=1)).count() == 1


def test_what_came_too_late_is_given_up_and_forgets_its_code(district: Division) -> None:
    put(
        district,
        template=LOGIN_CODE.code,
        values={"code": "1", "minutes": 3},
        expires_at=NOON - timedelta(seconds=1),
    )
    send_messages(now=NOON)
    found = Message.objects.get()
    assert (found.state, found.template_values) == ("given_up", {})


def test_an_email_leaves_under_its_key(district: Division) -> None:
    register_attachment("paper", lambda key: MadeAttachment(f"{key}.pdf", b"%PDF", "application/pdf"))
    message = put(district, medium="email", recipient="a@b.uz", attachment="paper:7")
    assert send_messages(now=NOON).sent == 1
    (sent,) = mail.outbox
    assert (sent.subject, sent.body, sent.to) == ("About water", "It says water.", ["a@b.uz"])
    assert sent.attachments == [("7.pdf", b"%PDF", "application/pdf")]
    assert sent.extra_headers["Message-ID"] == f"<{message.uid}@tarmoq>"


def test_a_gateways_credentials_are_sealed_for_its_address(gateway: FakeSmsGateway) -> None:
    row = MessageGateway.objects.get()
    assert gateway.password not in json.dumps(row.credentials)
    assert shown(row)["credentials"] == {"email": gateway.email, "password": "****word"}
    set_gateway(enterprise=None, medium="sms", acting_user=None, url="https://elsewhere.example")
    assert gateway_credential(MessageGateway.objects.get(), "password") == ""
    # Pointed elsewhere past the service, it does not open.
    row.url = "https://elsewhere.example"
    with pytest.raises(ReportedError):
        gateway_credential(row, "password")


def test_each_search_of_the_outbox_has_its_index(district: Division) -> None:
    put(district)
    sending_now = Message.objects.filter(state="sending", next_attempt_at__lte=NOON)
    to_ask = Message.objects.filter(state__in=("sent", "unknown"), medium="sms").exclude(gateway_id="")
    searches = {
        "message_waiting": Message.objects.filter(state="waiting").order_by("-is_urgent", "pk"),
        "message_sending": sending_now.order_by("next_attempt_at"),
        "message_to_ask_about": to_ask.filter(next_attempt_at__lte=NOON).order_by("next_attempt_at"),
    }
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off")
    for index, rows in searches.items():
        assert index in rows[:10].explain()


def test_a_gateway_whose_key_is_gone_is_shown_and_repaired(gateway: FakeSmsGateway, settings: Any) -> None:
    settings.STORED_SECRETS_KEYS = Fernet.generate_key().decode()
    lost = {"email": "unreadable", "password": "unreadable"}
    assert shown(MessageGateway.objects.get())["credentials"] == lost
    entered = {"email": gateway.email, "password": gateway.password}
    row = set_gateway(enterprise=None, medium="sms", acting_user=None, credentials=entered)
    assert shown(row)["credentials"] == {"email": gateway.email, "password": "****word"}
    settings.STORED_SECRETS_KEYS = ""
    assert shown(row)["credentials"] == lost


def test_final_states_stay_and_what_a_message_is_stays(district: Division, make_user: Any) -> None:
    message = put(district)
    Message.objects.update(state="sending")
    assert sending.settle(message.pk, sending.MessageState.DELIVERED)
    assert not sending.settle(message.pk, sending.MessageState.FAILED)
    for change in (
        {"state": "waiting", "delivered_at": None},
        {"recipient": "998"},
        {"template_values": {"a": 1}},
    ):
        with pytest.raises(IntegrityError), as_owner(), transaction.atomic():
            Message.objects.update(**change)
    with pytest.raises(ReportedError) as refused:
        give_up_message(message=message, acting_user=make_user("clerk", district))
    assert refused.value.code == "message_state"


def test_parts_and_masks() -> None:
    assert sms_parts("a" * 160) == ("GSM-7", 1)
    assert sms_parts("a" * 159 + "€") == ("GSM-7", 2)
    assert sms_parts("я" * 70) == ("UCS-2", 1)
    assert sms_parts("я" * 71) == ("UCS-2", 2)
    assert masked("998901234567") == "+998 90 *** ** 67"
    assert masked("karim@b.uz, ali@c.uz") == "k***@b.uz, a***@c.uz"
    assert masked("https://user:pass@host.uz/secret") == "host.uz"


def test_a_callback_settles_a_message_once_and_needs_its_secret(
    district: Division, gateway: FakeSmsGateway, client: Any
) -> None:
    gateway.behaviour = "cut after taking"
    message = put(district)
    send_messages(now=NOON)
    address = gateway.messages[0]["callback_url"].removeprefix("https://tarmoq.example")
    told = {"message_id": "77", "status": "DELIVRD"}
    assert (
        client.post(address.replace(str(message.uid), "0" * 8 + str(message.uid)[8:]), told).status_code
        == 404
    )
    assert client.post(address[:-3] + "/", told).status_code == 404
    assert client.get(address).status_code == 405
    assert client.post(address, b"[1]", content_type="application/json").status_code == 400
    assert client.post(address, {"status": "ACCEPTED"}).status_code == 200
    assert state_of(message) == "unknown"
    assert client.post(address, told).status_code == 200
    assert client.post(address, {"message_id": "78", "status": "REJECTD"}).status_code == 200
    message.refresh_from_db()
    assert (message.state, message.gateway_id) == ("delivered", "77")


def test_a_late_report_of_the_first_sending_settles_not_the_second(
    district: Division, gateway: FakeSmsGateway, make_user: Any, client: Any
) -> None:
    message = put(district)
    send_messages(now=NOON)
    address = gateway.messages[0]["callback_url"].removeprefix("https://tarmoq.example")
    first = gateway.messages[0]["id"]
    failed = {"message_id": first, "status": "REJECTD"}
    client.post(address, failed)
    assert (state_of(message), Message.objects.get().last_error) == ("failed", "reported_failed")
    resend_message(message=message, acting_user=make_user("clerk", district))
    Message.objects.filter(pk=message.pk).update(state="sending")
    client.post(address, failed)
    assert state_of(message) == "sending"
    Message.objects.filter(pk=message.pk).update(state="waiting", next_attempt_at=NOON)
    assert send_messages(now=NOON).sent == 1
    for status in ("REJECTD", "DELIVRD"):
        client.post(address, {"message_id": first, "status": status})
        assert state_of(message) == "sent"
    client.post(address, {"message_id": gateway.messages[1]["id"], "status": "DELIVRD"})
    assert state_of(message) == "delivered"


def test_messages_over_rest_are_masked_and_resent_by_right(
    district: Division, make_user: Any, client: Any, settings: Any
) -> None:
    settings.SMS_TO_LOG = False
    message = put(district)
    client.force_login(make_user("auditor", district))
    (found,) = client.get("/api/v1/messages/", {"state": "waiting"}).json()["results"]
    assert (found["recipient"], found["state"]) == ("+998 90 *** ** 67", "waiting")
    assert "water" not in json.dumps(found)
    address = f"/api/v1/messages/{message.uid}/"
    assert client.post(f"{address}give-up/").status_code == 404
    client.force_login(make_user("clerk", district, username="clerk"))
    assert client.post(f"{address}resend/").status_code == 400
    assert client.post(f"{address}give-up/").json()["state"] == "given_up"
    assert client.post(f"{address}resend/").json()["state"] == "waiting"


def test_a_gateway_is_set_shown_and_tried_by_command(
    district: Division, gateway: FakeSmsGateway, tmp_path: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(*words: str) -> dict[str, Any]:
        call_command("message_gateway", *words, "--json")
        return json.loads(capsys.readouterr().out)

    secret = tmp_path / "secret"
    secret.write_text("another-secret\n")
    values = run(
        "set", "--medium", "sms", "--credential", f"password=@{secret}", "--quiet-hours", "23:00-07:30"
    )
    assert (values["credentials"]["password"], values["quiet_hours"]) == ("****cret", "23:00-07:30")
    assert run("show", "--medium", "sms") == values
    assert run("list") == {"gateways": [values]}
    assert run("test", "--medium", "sms", "--to", "901234567")["state"] == "waiting"
    gateway.password = "another-secret"
    assert run("test", "--medium", "sms", "--to", "901234567")["state"] == "sent"
