"""Topics belong to divisions: who may give a prefix, what a source may listen to, and what is nobody's."""

import io
import json
import threading
from typing import Any

import paho.mqtt.client as paho
import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from gis_core.errors import ReportedError
from gis_core.models import AuditEvent, Division, User
from sensors.feeds.services.live import Batch, store
from sensors.feeds.services.quarantine import Refusal, dismiss, quarantine_unowned
from sensors.feeds.services.retrying import retry
from sensors.feeds.services.sources import save_source
from sensors.feeds.services.topic_prefixes import TopicOwners, set_prefix, withdraw_prefix
from sensors.models import FeedPoint, FeedSource, FeedState, Observation, QuarantinedRow, TopicPrefix
from tests.conftest import make_district
from tests.sensors.feeds.brokers import PASSWORD, close, publish, wait_until
from tests.sensors.feeds.conftest import make_stream
from tests.sensors.feeds.test_mqtt import Running, messages

# Topics of no division, of the broker itself, and patterns that reach over others'.
NOBODYS = ("#", "+", "+/#", "+/observations/P1", "$SYS/#", "$SYS/broker/clients/connected", "$share/g/tarmoq/#",
           "v1.1/#", "/tarmoq/x", "", "elsewhere/x")  # fmt: skip


def listen(division: Division, topic: str, code: str = "own") -> FeedSource:
    return save_source(
        code=code,
        name="",
        kind="mqtt",
        division=division,
        settings={},
        points=[{"address": topic, "template": "{rest}"}],
        acting_user=None,
    )


@pytest.fixture
def own_topics(district: Division) -> TopicPrefix:
    return set_prefix(prefix="tarmoq/qibray", division=district, acting_user=None)


@pytest.mark.parametrize(
    "topic", [*NOBODYS, "tarmoq/#", "tarmoq/observations/P1", "tarmoq/zangiota/x", "tarmoq/qibray2/x"]
)
def test_a_source_listens_to_no_topics_but_its_divisions(district, other_district, own_topics, topic):
    set_prefix(prefix="tarmoq/zangiota", division=other_district, acting_user=None)
    with pytest.raises(ReportedError) as refused:
        listen(district, topic)
    assert refused.value.code == "bad_source"
    assert not FeedSource.objects.filter(code="own").exists()


def test_a_source_may_listen_to_its_division_and_those_below(district, own_topics):
    for topic in ("tarmoq/qibray", "tarmoq/qibray/#", "tarmoq/qibray/+/up"):
        listen(district, topic)
    region = district.parent
    assert region is not None
    for topic in ("tarmoq/qibray/#", "tarmoq/qibray/x"):
        listen(region, topic, code="region")
    republic = Division.objects.get(code="UZ")
    listen(republic, "tarmoq/#", code="republic")


@pytest.mark.parametrize(
    "prefix",
    "#|+|a/+|$SYS|$SYS/broker|v1.1|v1.1/Things|/a|a/|a//b||a/b/c/d/e|a b|a\x00b".split("|"),
)
def test_what_is_no_prefix_is_given_to_nobody(district, prefix):
    with pytest.raises(ReportedError, match="no topic prefix"):
        set_prefix(prefix=prefix, division=district, acting_user=None)


def test_a_prefix_is_of_one_division_and_those_around_it_are_above(district, other_district, own_topics):
    """All refusals say the same, so that nothing is told of what others have."""
    said = set()
    for prefix, division in (
        ("tarmoq/qibray", other_district),
        ("tarmoq/qibray/wells", other_district),
        ("tarmoq/qibray/wells", district.parent),
    ):
        with pytest.raises(ReportedError) as refused:
            set_prefix(prefix=prefix, division=division, acting_user=None)
        said.add(refused.value.message)
    set_prefix(prefix="site/a", division=district, acting_user=None)
    with pytest.raises(ReportedError) as refused:
        set_prefix(prefix="site", division=other_district, acting_user=None)
    said.add(refused.value.message)
    assert len(said) == 1
    assert "QIBRAY" not in said.pop()


def test_administrators_give_what_lies_within_their_own(make_user, district, other_district, own_topics):
    own, alien = make_user("administrator", district), make_user("administrator", other_district)
    above = User.objects.create_user("above")
    above.role_assignments.create(role="administrator", division=Division.objects.get(code="UZ"))
    root = User.objects.create_superuser("root")
    mahalla = Division.objects.filter(parent=district).first() or district
    assert set_prefix(prefix="tarmoq/qibray/wells", division=mahalla, acting_user=own).division == mahalla
    for prefix, division, user in (
        ("site", district, own),  # at the top
        ("tarmoq/more", district, own),  # within the republic's
        ("tarmoq/qibray/x", district, alien),
        ("tarmoq/qibray/x", other_district, own),
        ("site", district, above),
    ):
        with pytest.raises(ReportedError) as refused:
            set_prefix(prefix=prefix, division=division, acting_user=user)
        assert refused.value.code == "prefix_not_yours"
    for user in (own, alien):
        with pytest.raises(ReportedError):
            withdraw_prefix(row=own_topics, acting_user=user)
    set_prefix(prefix="tarmoq/more", division=district, acting_user=above)
    set_prefix(prefix="site", division=district, acting_user=root)
    withdraw_prefix(row=own_topics, acting_user=above)
    assert "withdraw topic prefix" in set(AuditEvent.objects.values_list("action", flat=True))


def test_by_rest_an_administrator_sees_and_gives_his_own(make_user, district, other_district, own_topics):
    set_prefix(prefix="tarmoq/zangiota", division=other_district, acting_user=None)
    client = Client()
    client.force_login(make_user("administrator", district))

    def post(prefix: str, division: str) -> Any:
        body = json.dumps({"prefix": prefix, "division": division})
        return client.post("/api/v1/feeds/topic-prefixes/", body, "application/json")

    assert post("tarmoq/qibray/wells", district.code).status_code == 201
    assert post("tarmoq/qibray/wells", other_district.code).status_code == 404
    shown = client.get("/api/v1/feeds/topic-prefixes/").json()["results"]
    assert {row["prefix"] for row in shown} == {"tarmoq/qibray", "tarmoq/qibray/wells"}
    # One that another division has, and one that nobody has: the same answer.
    taken, free = post("tarmoq/zangiota", district.code), post("tarmoq/nobody", district.code)
    assert (taken.status_code, taken.content) == (free.status_code, free.content) == (400, free.content)
    for row in shown:
        gone = client.delete(f"/api/v1/feeds/topic-prefixes/{row['uid']}/")
        assert gone.status_code == (204 if row["prefix"].endswith("wells") else 400)
    page = client.get("/feeds/").content.decode()
    assert "tarmoq/qibray/…" in page
    assert "zangiota" not in page
    engineer = Client()
    engineer.force_login(make_user("engineer", district))
    assert engineer.get("/api/v1/feeds/topic-prefixes/").status_code == 404
    assert "prefix-form" not in engineer.get("/feeds/").content.decode()


def test_the_operators_command(district):
    def run(*words: str) -> dict[str, Any]:
        out = io.StringIO()
        call_command("topic_prefix", *words, "--json", stdout=out)
        return json.loads(out.getvalue())

    made = run("set", "tarmoq/qibray", "--division", district.code, "--note", "wells")
    assert made == {"prefix": "tarmoq/qibray", "division": "QIBRAY", "note": "wells"}
    source = listen(district, "tarmoq/qibray/#")
    assert run("list") == {
        "prefixes": [{"prefix": "tarmoq", "division": "UZ", "note": ""}, made],
        "outside": [],
    }
    run("withdraw", "tarmoq/qibray")
    assert run("list")["outside"] == [{"source": source.code, "topic": "tarmoq/qibray/#"}]
    for words in (("set", "#", "--division", "UZ"), ("set", "a", "--division", "NO"), ("withdraw", "a")):
        with pytest.raises(SystemExit) as ended:
            call_command("topic_prefix", *words)
        assert ended.value.code == 1


def test_the_usual_prefix_is_that_of_the_nearest_division(district, other_district, own_topics):
    owners = TopicOwners()
    assert [owners.usual_of(each) for each in (district, other_district)] == ["tarmoq/qibray", "tarmoq"]


# With a broker


def test_what_a_source_of_former_days_listens_to_is_not_listened_to(broker, committing_database):
    """Written by an older release or by SQL, and remembered by the broker's session."""
    district = make_district("QIBRAY", "Qibray tumani")
    make_stream(district, "P1")
    old = FeedSource.objects.create(division=district, code="old", name="old", kind="mqtt")
    FeedPoint.objects.create(source=old, address="#", template="{rest}")
    FeedPoint.objects.create(source=old, address="$SYS/#", template="{rest}")
    session = paho.Client(CallbackAPIVersion.VERSION2, client_id="tarmoq-ingester", protocol=paho.MQTTv5)
    session.username_pw_set("tarmoq", PASSWORD)
    subscribed = threading.Event()
    session.on_subscribe = lambda *_: subscribed.set()
    properties = Properties(PacketTypes.CONNECT)
    properties.SessionExpiryInterval = 3600
    session.connect("127.0.0.1", broker.port, clean_start=True, properties=properties)
    session.loop_start()
    session.subscribe([("#", 1), ("forgotten/#", 1)])
    assert subscribed.wait(20)
    close(session)
    with Running(broker.port) as ingester:
        state = FeedState.objects.get(source=old)
        assert (state.state, "Not listened to: #, $SYS/#" in state.last_error) == ("failing", True)
        publish(broker.port, [("P1", b"7"), ("forgotten/x", b"8"), *messages(3)])
        assert wait_until(lambda: ingester.committed == 4)
    # What came by a subscription that nobody knows of any more is the system's.
    assert Observation.objects.count() == 3
    row = QuarantinedRow.objects.get()
    assert (row.code, row.division, row.source, row.context) == (
        "no_source",
        None,
        None,
        {"topic": "forgotten/x"},
    )


def test_what_belongs_to_nobody_is_seen_by_system_administrators_only(district, make_user):
    quarantine_unowned([Refusal(b"secret of somebody", "no_source", "x", {"topic": "forgotten/x"})])
    quarantine_unowned([Refusal(b"secret of somebody", "no_source", "x", {"topic": "forgotten/x"})])
    row = QuarantinedRow.objects.get()
    assert row.occurrences == 2
    republic = User.objects.create_user("republic")
    republic.role_assignments.create(role="administrator", division=Division.objects.get(code="UZ"))
    for user in (make_user("administrator", district), republic):
        client = Client()
        client.force_login(user)
        for address in ("/api/v1/feeds/quarantine/", "/feeds/", "/admin/sensors/quarantinedrow/"):
            assert b"secret of somebody" not in client.get(address).content
            assert b"forgotten" not in client.get(address).content
        assert client.get(f"/api/v1/feeds/quarantine/{row.uid}/").status_code == 404
    root = Client()
    root.force_login(User.objects.create_superuser("root"))
    shown = root.get("/api/v1/feeds/quarantine/").json()["results"]
    assert [(entry["division"], entry["source"], entry["raw"]) for entry in shown] == [
        (None, None, "secret of somebody")
    ]
    assert b"secret of somebody" in root.get("/feeds/").content
    # It can be looked at and dismissed; nobody can take it in.
    assert retry([row], acting_user=None).as_dict() == {"tried": 1, "taken": 0, "waiting": 1}
    answer = root.post(
        "/api/v1/feeds/quarantine/dismiss/", json.dumps({"code": "no_source"}), "application/json"
    )
    assert answer.json() == {"dismissed": 1}


def test_rows_are_dismissed_outside_of_a_transaction_too(committing_database):
    """As a web request does it."""
    quarantine_unowned([Refusal(b"x", "no_source", "x")])
    assert not connection.in_atomic_block
    assert dismiss(QuarantinedRow.objects.all(), acting_user=None) == 1


def test_a_kept_message_is_not_taken_in_once_its_topic_is_anothers(district, own_topics):
    make_stream(district, "P1")
    source = listen(district, "tarmoq/qibray/#")
    store(Batch(source, refusals=[Refusal(b"7", "unknown_datastream", "x", {"topic": "tarmoq/qibray/P1"})]))
    withdraw_prefix(row=own_topics, acting_user=None)
    result = retry(list(QuarantinedRow.objects.all()), acting_user=None)
    assert (result.taken, QuarantinedRow.objects.get().code) == (0, "no_route")


# The broker's own walls: docs/mosquitto/tarmoq.acl


class Device:
    """Somebody who logs in at the broker; `heard` are the topics of what it was given."""

    def __init__(self, port: int, name: str | None, password: str = PASSWORD) -> None:
        self.heard: list[str] = []
        self.reasons: list[Any] = []
        self.client = paho.Client(CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5)
        if name is not None:
            self.client.username_pw_set(name, password)
        self._connected = threading.Event()
        self._published: dict[int, Any] = {}
        self.client.on_connect = self._on_connect
        self.client.on_message = lambda _client, _data, message: self.heard.append(message.topic)
        self.client.on_publish = self._on_publish
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()
        assert self._connected.wait(20)

    def _on_connect(self, _client: Any, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        self.reasons.append(reason)
        self._connected.set()

    def _on_publish(self, _client: Any, _data: Any, packet: int, reason: Any, _properties: Any) -> None:
        self._published[packet] = reason

    def may_publish(self, topic: str) -> bool:
        packet = self.client.publish(topic, b"1", qos=1).mid
        assert wait_until(lambda: packet in self._published, 20)
        return not self._published[packet].is_failure

    def __enter__(self) -> "Device":
        return self

    def __exit__(self, *exception: object) -> None:
        close(self.client)


def test_the_broker_lets_in_nobody_without_a_password(broker):
    for name, password in ((None, ""), ("tarmoq", "wrong"), ("nobody", PASSWORD)):
        with Device(broker.port, name, password) as device:
            assert device.reasons[0].is_failure


def test_a_device_publishes_its_own_only_and_the_product_commands_only(broker):
    broker.add_login("P1", PASSWORD)
    assert wait_until(lambda: _is_let_in(broker.port, "P1"), 20)
    device = {
        "tarmoq/observations/P1": True,
        "tarmoq/observations/P1/pressure": True,
        "tarmoq/qibray/observations/P1": True,
        "tarmoq/regulators/P1/answer": True,
        "tarmoq/observations/P2": False,
        "tarmoq/observations": False,
        "tarmoq/regulators/P1/command": False,
        "tarmoq/regulators/P2/answer": False,
        "v1.1/Observations": False,
        "anything": False,
        "$SYS/broker/clients/connected": False,
    }
    product = {
        "tarmoq/regulators/P1/command": True,
        "tarmoq/qibray/regulators/P1/command": True,
        "v1.1/Things": True,
        "tarmoq/observations/P1": False,
        "tarmoq/regulators/P1/answer": False,
        "anything": False,
    }
    for name, expected in (("P1", device), ("tarmoq", product)):
        with Device(broker.port, name) as somebody:
            assert {topic: somebody.may_publish(topic) for topic in expected} == expected


def test_a_device_reads_its_own_commands_only(broker):
    for name in ("P1", "SPY"):
        broker.add_login(name, PASSWORD)
        assert wait_until(lambda name=name: _is_let_in(broker.port, name), 20)
    with Device(broker.port, "SPY") as spy, Device(broker.port, "tarmoq") as product:
        for listener in (spy, product):
            listener.client.subscribe("#", qos=1)
            listener.client.subscribe("$SYS/#", qos=1)
        with Device(broker.port, "P1") as device:
            assert wait_until(lambda: device.may_publish("tarmoq/observations/P1") and product.heard, 20)
        # A broker hands out in order: what came before is there when the last one is.
        assert product.may_publish("tarmoq/regulators/P1/command")
        assert wait_until(lambda: product.may_publish("tarmoq/regulators/SPY/command") and spy.heard, 20)
        assert set(spy.heard) == {"tarmoq/regulators/SPY/command"}
        assert "tarmoq/observations/P1" in product.heard
        assert not any(topic.startswith("$SYS") for topic in product.heard)


def _is_let_in(port: int, name: str) -> bool:
    with Device(port, name) as device:
        return not device.reasons[0].is_failure


def test_a_publication_that_the_broker_refuses_is_said(broker, committing_database):
    with Running(broker.port) as ingester:
        ingester.publish("tarmoq/regulators/P1/command", b"x")
        with pytest.raises(ReportedError) as refused:
            ingester.publish("valves/P1/set", b"x")
    assert refused.value.code == "broker_refused"
