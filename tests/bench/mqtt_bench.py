"""MQTT end to end: publisher, Mosquitto, ingester, committed rows; all of them on this machine, QoS 1 throughout."""

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from django.db import connection

from gis_core.models import Division
from sensors.models import FeedState, Observation
from sensors.series.services.registers import add_datastream, add_thing
from tests.databases import application_url
from tests.sensors.feeds.brokers import make_broker, start_ingester, wait_until

STREAMS, MESSAGES = 100, 60_000
# What the issue asks for, in messages a second.
FLOOR = 5000
PUBLISHER = Path(__file__).with_name("mqtt_publisher.py")


def run() -> list[dict[str, Any]]:
    """60,000 JSON messages of 100 datastreams, from the first one sent to the last one committed."""
    codes = _make_streams()
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        broker = make_broker(directory)
        broker.start()
        ingester = start_ingester(
            broker.port, application_url(), "--client-id", "bench", log=directory / "ingester.log"
        )
        try:
            assert wait_until(_is_listening, 60), (directory / "ingester.log").read_text()
            before = _count(codes)
            began = time.perf_counter()
            # In a process of its own: a device does not share our processor time.
            subprocess.run(
                [sys.executable, str(PUBLISHER), str(broker.port), str(MESSAGES), *codes],
                check=True,
                timeout=300,
            )
            sent = time.perf_counter() - began
            assert wait_until(lambda: _count(codes) - before >= MESSAGES, 120, 0.1)
            taken = time.perf_counter() - began
        finally:
            ingester.terminate()
            ingester.wait(30)
            broker.stop()
    assert _count(codes) - before == MESSAGES
    return [
        {
            "name": "MQTT, QoS 1, published to committed",
            "ours": round(MESSAGES / taken),
            "floor": FLOOR,
            "unit": "messages/s",
            "ratio": MESSAGES / taken / FLOOR,
            "peer": round(MESSAGES / sent),
            "peer_name": "publishing alone",
        }
    ]


def _is_listening() -> bool:
    return FeedState.objects.filter(source__code="mqtt", state="running").exists()


def _count(codes: list[str]) -> int:
    connection.close()
    return Observation.objects.filter(datastream__code__in=codes).count()


def _make_streams() -> list[str]:
    division = Division.objects.get(code="UZ-TO")
    codes = [f"MQ{number}" for number in range(STREAMS)]
    for code in codes:
        thing = add_thing(code=code, name=code, division=division, attachment=None, acting_user=None)
        add_datastream(
            thing=thing,
            code=code,
            observed_property="pressure",
            unit="m",
            kind="instant",
            interval_s=60,
            acting_user=None,
        )
    return codes
