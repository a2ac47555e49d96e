"""A command goes to a device over a real broker, and its answer comes back, once each."""

import threading
from datetime import timedelta
from typing import Any

import paho.mqtt.client as paho
import pytest
from django.contrib.gis.geos import Point
from django.db import connections, transaction
from django.utils import timezone

from assets.models import Network, Node, ValveDetail
from sensors.feeds.services.mqtt_ingester import Answers, Ingester, IngesterOptions
from sensors.management.commands.ingest_mqtt import publish_commands
from sensors.models import Regulator, RegulatorCommand
from sensors.regulators.services.messages import acknowledge_command, answer_topics
from sensors.regulators.services.registers import override_set_point
from sensors.regulators.services.signing import renew_key
from tests.conftest import make_district
from tests.sensors.feeds.brokers import PASSWORD, product_url, wait_until
from tests.sensors.regulators.devices import opened, signed
from tests.sensors.regulators.first_limits import add_confirmed_regulator
from tests.world import somebody

COMMANDS, ANSWERS = "tarmoq/regulators/PRV1/command", "tarmoq/regulators/PRV1/answer"


@pytest.fixture
def valve(committing_database: None) -> Regulator:
    district = make_district("QIBRAY", "Qibray tumani")
    network = Network.objects.create(code="N1", name="N1", commodity="water", division=district)
    with transaction.atomic():
        node = Node.objects.create(
            network=network, division=district, code="PRV1", kind="valve", geom=Point(69.4, 41.4, srid=4326)
        )
        ValveDetail.objects.create(node=node, valve_type="PRV", setting=40, diameter_m=0.2)
    return add_confirmed_regulator(
        node=node,
        code="PRV1",
        minimum_set_point=20,
        maximum_set_point=60,
        maximum_step=2,
        minimum_interval_s=300,
        fallback_set_point=45,
        set_point=40,
    )


def test_a_command_reaches_the_device_and_its_answer_comes_back(broker: Any, valve: Regulator) -> None:
    told: list[dict[str, Any]] = []
    key = renew_key(regulator=valve, acting_user=None)
    device = paho.Client(paho.CallbackAPIVersion.VERSION2, client_id="PRV1", protocol=paho.MQTTv5)

    def obey(client: paho.Client, _data: Any, message: Any) -> None:
        command = opened(key, message.topic, message.payload)
        told.append(command)
        answer = {name: command[name] for name in ("command", "nonce", "set_point")}
        answer |= {"accepted": True, "time": timezone.now().isoformat()}
        client.publish(ANSWERS, signed(key, ANSWERS, answer), qos=1)

    device.on_message = obey
    device.on_connect = lambda client, *_: client.subscribe(COMMANDS, qos=1)
    broker.add_login("PRV1", PASSWORD)
    device.username_pw_set("PRV1", PASSWORD)
    device.connect("127.0.0.1", broker.port)
    device.loop_start()
    command = override_set_point(
        regulator=valve,
        set_point=42,
        until=timezone.now() + timedelta(hours=1),
        reason="test",
        acting_user=somebody(),
    )
    assert command is not None
    ingester = Ingester(
        IngesterOptions(product_url(broker.port), client_id="regulators"),
        answers=Answers(answer_topics, acknowledge_command),
    )

    def publish_and_go_on() -> bool:
        if ingester.is_connected:
            publish_commands(ingester)
        return False

    def work() -> None:
        try:
            ingester.run(until=publish_and_go_on)
        finally:
            connections.close_all()

    worker = threading.Thread(target=work)
    worker.start()
    try:
        assert wait_until(lambda: RegulatorCommand.objects.get(pk=command.pk).state == "acknowledged", 30)
    finally:
        ingester.stop()
        worker.join(20)
        device.loop_stop()
        device.disconnect()
    assert [item["set_point"] for item in told] == [42]
    assert Regulator.objects.get().set_point == 42
