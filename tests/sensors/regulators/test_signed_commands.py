"""Commands and answers are signed by device: nothing forged, replayed, stale or of another topic is believed."""

import io
import json
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client

from gis_core.errors import ReportedError
from gis_core.models import AuditEvent, Division
from sensors.models import MqttMessage, Regulator, RegulatorCommand
from sensors.regulators.services.controlling import regulate
from sensors.regulators.services.messages import acknowledge_command, unsent_messages
from sensors.regulators.services.registers import add_regulator
from sensors.regulators.services.signing import allow_unsigned, renew_key
from tests.sensors.regulators.devices import mac, opened, signed
from tests.sensors.regulators.first_limits import add_confirmed_regulator
from tests.sensors.regulators.test_regulators import START, overridden

SOON = START + timedelta(seconds=20)


@pytest.fixture
def valve(node: Any) -> Regulator:
    return add_confirmed_regulator(
        node=node,
        code="PRV1",
        minimum_set_point=20,
        maximum_set_point=60,
        maximum_step=2,
        fallback_set_point=45,
        set_point=40,
    )


@pytest.fixture
def key(valve: Regulator) -> str:
    made = renew_key(regulator=valve, acting_user=None, now=START)
    valve.refresh_from_db()
    return made


@pytest.fixture
def engineer(make_user: Any, district: Division) -> Any:
    return make_user("engineer", district)


def commanded(valve: Regulator, user: Any, now: Any = START) -> RegulatorCommand:
    command = overridden(valve, user, now=now)
    assert command is not None
    return command


def answer(command: RegulatorCommand, **changed: Any) -> dict[str, Any]:
    told = {"command": str(command.uid), "accepted": True, "set_point": 42, "nonce": command.nonce}
    return told | {"time": (command.made_at + timedelta(seconds=10)).isoformat()} | changed


def test_topics_follow_from_the_prefix_and_the_code(valve: Regulator, node: Any) -> None:
    assert (valve.command_topic, valve.answer_topic) == (
        "tarmoq/regulators/PRV1/command",
        "tarmoq/regulators/PRV1/answer",
    )
    for code in ("a/b", "a+", "#", "", "a\nb"):
        with pytest.raises(ReportedError):
            add_regulator(
                node=node,
                acting_user=None,
                code=code,
                minimum_set_point=20,
                maximum_set_point=60,
                maximum_step=2,
                fallback_set_point=45,
                set_point=40,
            )


def test_a_device_without_a_key_is_not_commanded(valve: Regulator, engineer: Any) -> None:
    """Those of before too: a new column lets nobody go unsigned."""
    assert overridden(valve, engineer) is None
    assert regulate(now=START + timedelta(minutes=10)).commands == 0
    valve.refresh_from_db()
    assert "the device has no key" in valve.following_reason
    assert not MqttMessage.objects.exists()
    told = {"command": "00000000-0000-0000-0000-000000000000", "accepted": True}
    assert acknowledge_command(valve.answer_topic, json.dumps(told)) == "ignored: the device has no key"


def test_an_operator_may_let_a_device_go_unsigned_until_it_has_a_key(valve: Regulator, engineer: Any) -> None:
    allow_unsigned(regulator=valve, is_allowed=True, acting_user=None)
    command = commanded(valve, engineer)
    assert json.loads(unsent_messages(now=START)[0].payload)["command"] == str(command.uid)
    renew_key(regulator=valve, acting_user=None)
    # It was allowed, and counts no more: neither for answers nor for commands.
    assert acknowledge_command(valve.answer_topic, json.dumps(answer(command)), now=SOON).startswith(
        "ignored"
    )
    with pytest.raises(ReportedError, match="has a key"):
        allow_unsigned(regulator=valve, is_allowed=True, acting_user=None)


def test_a_command_is_signed_and_its_answer_too(valve: Regulator, key: str, engineer: Any) -> None:
    command = commanded(valve, engineer)
    (message,) = unsent_messages(now=START)
    body = opened(key, message.topic, message.payload)
    assert (body["command"], body["set_point"], body["nonce"]) == (str(command.uid), 42, command.nonce)
    assert body["made_at"] < body["expires_at"]
    assert acknowledge_command(
        valve.answer_topic, signed(key, valve.answer_topic, answer(command)), now=SOON
    ) == ("acknowledged")


def test_nothing_forged_replayed_or_stale_is_believed(valve: Regulator, key: str, engineer: Any) -> None:
    command, topic = commanded(valve, engineer), valve.answer_topic
    good = answer(command)
    body = json.dumps(good)
    forged: dict[str, str | bytes] = {
        "unsigned": body,
        "another key": signed("00" * 32, topic, good),
        "no code": json.dumps({"body": body}),
        "an empty code": json.dumps({"body": body, "mac": ""}),
        "a code that is no text": json.dumps({"body": body, "mac": None}),
        "signs beyond ASCII": json.dumps({"body": body, "mac": "ж" * 64}),
        "of another topic": signed(key, valve.command_topic, good),
        "another body": json.dumps(
            {"body": json.dumps(good | {"set_point": 41}), "mac": mac(key, topic, body)}
        ),
        "a body that is an object": json.dumps({"body": good, "mac": mac(key, topic, body)}),
        # The device's own command, sent back to us.
        "reflected": unsent_messages(now=START)[0].payload,
        "no nonce": signed(key, topic, {name: good[name] for name in good if name != "nonce"}),
        "an empty nonce": signed(key, topic, good | {"nonce": ""}),
        "another nonce": signed(key, topic, good | {"nonce": "0" * 32}),
        "no time": signed(key, topic, {name: good[name] for name in good if name != "time"}),
        "a time without offset": signed(key, topic, good | {"time": "2026-03-01T19:00:00"}),
        "a time that is none": signed(key, topic, good | {"time": 5}),
        "made before the command": signed(
            key, topic, good | {"time": (command.made_at - timedelta(minutes=6)).isoformat()}
        ),
        "of the future": signed(key, topic, good | {"time": (SOON + timedelta(minutes=6)).isoformat()}),
        "too long": signed(key, topic, good | {"reason": "x" * 5000}),
        "nested": json.dumps({"body": "[" * 3000, "mac": mac(key, topic, "[" * 3000)}),
        "a list": json.dumps({"body": "[]", "mac": mac(key, topic, "[]")}),
        "nothing": b"",
    }
    for what, payload in forged.items():
        assert acknowledge_command(topic, payload, now=SOON).startswith("ignored"), what
    stale = acknowledge_command(topic, signed(key, topic, good), now=SOON + timedelta(hours=2))
    assert stale == "ignored: the answer is not of now"
    command.refresh_from_db()
    valve.refresh_from_db()
    assert (command.state, valve.set_point) == ("pending", 40)


def test_an_answer_counts_once_and_for_its_command_only(valve: Regulator, key: str, engineer: Any) -> None:
    topic = valve.answer_topic
    first = commanded(valve, engineer)
    recorded = signed(key, topic, answer(first))
    assert acknowledge_command(topic, recorded, now=SOON) == "acknowledged"
    later = START + timedelta(minutes=10)
    # The next command, towards what was wanted: the recording says nothing about it.
    Regulator.objects.filter(pk=valve.pk).update(set_point=39)
    regulate(now=later)
    second = RegulatorCommand.objects.latest("pk")
    assert second.pk != first.pk
    assert acknowledge_command(topic, recorded, now=later) == "repeated"
    replayed = signed(key, topic, answer(second, nonce=first.nonce))
    assert acknowledge_command(topic, replayed, now=later).startswith("ignored")
    second.refresh_from_db()
    assert second.state == "pending"
    assert first.nonce != second.nonce


def test_a_new_key_ends_the_former_and_what_was_on_its_way(valve: Regulator, key: str, engineer: Any) -> None:
    command, topic = commanded(valve, engineer), valve.answer_topic
    new = renew_key(regulator=valve, acting_user=None)
    command.refresh_from_db()
    assert (command.state, new != key, unsent_messages(now=START)) == ("expired", True, [])
    assert acknowledge_command(topic, signed(key, topic, answer(command)), now=SOON).startswith("ignored")
    # Late, but signed with the key that holds: still the truth about the device.
    assert acknowledge_command(topic, signed(new, topic, answer(command)), now=SOON) == "acknowledged"


def test_a_key_is_shown_once_stands_encrypted_and_is_its_devices_only(
    valve: Regulator, engineer: Any, district: Division
) -> None:
    client = Client()
    client.force_login(engineer)
    answered = client.post(f"/api/v1/regulators/{valve.uid}/key/", "{}", "application/json")
    assert answered.status_code == 201
    key = answered.json()["key"]
    assert len(bytes.fromhex(key)) == 32
    with connection.cursor() as cursor:
        cursor.execute("SELECT row_to_json(r)::text FROM sensors_regulator r")
        assert key not in cursor.fetchone()[0]
    valve.refresh_from_db()
    for address in ("/api/v1/regulators/", f"/api/v1/regulators/{valve.uid}/", f"/regulators/{valve.uid}/"):
        page = client.get(address).content.decode()
        assert key not in page
        assert valve.key_sealed not in page
    assert client.get(f"/api/v1/regulators/{valve.uid}/").json()["has_key"] is True
    assert key not in str(list(AuditEvent.objects.values()))
    # A key that was copied from another row by SQL opens nothing, and keeps nobody else waiting.
    Regulator.objects.filter(pk=valve.pk).update(uid="00000000-0000-0000-0000-000000000001")
    assert overridden(Regulator.objects.get(), engineer) is None
    assert "Enter it again" in Regulator.objects.get().following_reason


def test_the_operators_command(valve: Regulator) -> None:
    def run(*words: str) -> dict[str, Any]:
        out = io.StringIO()
        call_command("regulator_key", *words, "--json", stdout=out)
        told: dict[str, Any] = json.loads(out.getvalue())
        return told

    assert run("list")["regulators"][0]["commands"] == "refused: no key"
    assert run("allow-unsigned", "PRV1")["commands"] == "unsigned"
    assert run("require", "PRV1")["commands"] == "refused: no key"
    made = run("make", "PRV1")
    assert (len(made["key"]), made["commands"]) == (64, "signed")
    for words in (("allow-unsigned", "PRV1"), ("make", "NO")):
        with pytest.raises(SystemExit) as ended:
            call_command("regulator_key", *words)
        assert ended.value.code == 1
