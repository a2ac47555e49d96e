"""SensorThings through a real Mosquitto: what is published is stored, and subscribers are told, end to end."""

import json
import threading
from collections.abc import Callable, Iterator
from typing import Any

import paho.mqtt.client as paho
import pytest
from django.db import connections
from django.test import Client
from paho.mqtt.enums import CallbackAPIVersion

from sensors.feeds.services.mqtt_ingester import Ingester, IngesterOptions
from sensors.management.commands.ingest_mqtt import _publish_pending, _receiver
from sensors.models import EntityNotification
from sensors.sensorthings.services import mqtt
from tests.conftest import make_district
from tests.sensors.feeds.brokers import PASSWORD, TESTER, close, product_url, publish, wait_until
from tests.sensors.sensorthings.conftest import Sta, datastream, feature, location, thing


@pytest.fixture
def client_of_division(committing_database: None, settings: Any) -> Sta:
    settings.STA_ANONYMOUS_DIVISION = make_district("QIBRAY", "Qibray tumani").code
    settings.STA_MQTT_NOTIFICATIONS = True
    return Sta(Client())


class Subscriber:
    """Whoever listens to all topics of SensorThings; `told` are topics with their JSON, in order."""

    def __init__(self, port: int) -> None:
        self.told: list[tuple[str, Any]] = []
        self.client = paho.Client(CallbackAPIVersion.VERSION2)
        self.client.username_pw_set(TESTER, PASSWORD)
        self.client.on_message = self._on_message
        is_subscribed = threading.Event()
        self.client.on_subscribe = lambda *_arguments: is_subscribed.set()
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()
        self.client.subscribe("v1.1/#", qos=1)
        assert is_subscribed.wait(20)

    def _on_message(self, _client: Any, _data: Any, message: Any) -> None:
        # What the others publish comes here too.
        is_json = message.payload.startswith(b"{")
        self.told.append((message.topic, json.loads(message.payload) if is_json else message.payload))

    def is_told(self, topic: str, **expected: Any) -> bool:
        return wait_until(
            lambda: any(
                told == topic and isinstance(said, dict) and expected.items() <= said.items()
                for told, said in list(self.told)
            ),
            20,
        )


@pytest.fixture
def subscriber(broker: Any) -> Iterator[Subscriber]:
    subscriber = Subscriber(broker.port)
    yield subscriber
    close(subscriber.client)


@pytest.fixture
def run(broker: Any) -> Iterator[Callable[[], Ingester]]:
    """Run the ingester as `manage.py ingest_mqtt` does, in a thread of this process."""
    running: list[tuple[Ingester, threading.Thread]] = []

    def start() -> Ingester:
        ingester = Ingester(
            IngesterOptions(product_url(broker.port)), publish_sensorthings=_receiver(mqtt, None)
        )

        def publish_and_go_on() -> bool:
            _publish_pending(mqtt, ingester)
            return False

        def work() -> None:
            try:
                ingester.run(until=publish_and_go_on)
            finally:
                connections.close_all()

        thread = threading.Thread(target=work)
        thread.start()
        running.append((ingester, thread))
        assert wait_until(lambda: ingester.is_connected)
        return ingester

    yield start
    for ingester, thread in running:
        ingester.stop()
        thread.join(20)
        assert not thread.is_alive()


def test_what_is_published_is_stored_once_and_told(
    client_of_division: Sta, subscriber: Subscriber, run: Callable[[], Ingester], broker: Any
) -> None:
    sta = client_of_division
    run()
    one = sta.made("Things", thing(Locations=[location()]))
    assert subscriber.is_told("v1.1/Things", **{"@iot.id": one})
    stream = sta.made(f"Things({one})/Datastreams", datastream())
    first = {"result": 42, "phenomenonTime": "2023-01-01T00:00:00Z"}
    made = sta.made(f"Datastreams({stream})/Observations", first)
    about = sta.get(f"Observations('{made}')/FeatureOfInterest").id
    assert subscriber.is_told("v1.1/FeaturesOfInterest", **{"@iot.id": about})

    link = {"Datastream": {"@iot.id": stream}}
    deep = {"Datastream": datastream("deep", Thing=thing("deep")), "FeatureOfInterest": feature()}
    sent = [
        (f"v1.1/Datastreams({stream})/Observations", {**first, **link}),
        ("v1.1/Observations", {"result": 43, "phenomenonTime": "2023-01-02T00:00:00Z", **link}),
        (
            f"v1.1/FeaturesOfInterest({about})/Observations",
            {"result": "text", "phenomenonTime": "2023-01-03T00:00:00Z", **link},
        ),
        ("v1.1/Observations", b"no json"),
        ("v1.1/Observations", {"result": 1}),
        ("v1.1/Observations", b"[" * 5000),
        ("v1.1/Nothings", {"name": "x"}),
        ("v1.1/Observations", {"result": 44, "phenomenonTime": "2023-01-04T00:00:00Z", **deep}),
    ]
    publish(broker.port, [*sent, *sent[:3]])
    for result in (43, "text", 44):
        assert subscriber.is_told("v1.1/Observations", result=result, resultTime=None)
    assert wait_until(lambda: not EntityNotification.objects.exists(), 20)
    found = sta.get("Observations", orderby="phenomenonTime").json["value"]
    assert [observation["result"] for observation in found] == [42, 43, "text", 44]

    assert sta.call("patch", f"Things({one})", {"name": "renamed"}).status == 200
    assert subscriber.is_told(f"v1.1/Things({one})/name", name="renamed")
    assert subscriber.is_told(f"v1.1/Things({one})", name="renamed", description="a thing")


def test_what_happens_while_the_ingester_is_away_comes_when_it_is_back(
    client_of_division: Sta, subscriber: Subscriber, run: Callable[[], Ingester], broker: Any
) -> None:
    sta = client_of_division
    ingester = run()
    one = sta.made("Things", thing(Locations=[location()]))
    stream = sta.made(f"Things({one})/Datastreams", datastream())
    ingester.stop()
    assert wait_until(lambda: not ingester.is_connected)
    path = f"Datastreams({stream})/Observations"
    sta.made(path, {"result": 1, "phenomenonTime": "2023-01-01T00:00:00Z"})
    publish(broker.port, [(f"v1.1/{path}", {"result": 2, "phenomenonTime": "2023-01-02T00:00:00Z"})])
    assert len(sta.ids("Observations")) == 1
    run()
    assert wait_until(lambda: len(sta.ids("Observations")) == 2)
    for result in (1, 2):
        assert subscriber.is_told(f"v1.1/{path}", result=result, resultTime=None)
