"""A Mosquitto of the tests' own, and a publisher that waits until the broker has acknowledged."""

import importlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

ROOT = Path(__file__).resolve().parents[3]
# Whoever stands for many devices in the tests may do all; devices of their own names are let in by `add_login`.
TESTER, PASSWORD = "tester", "a-password-of-the-tests"
_TESTER_ACL = f"\nuser {TESTER}\ntopic readwrite #\n"


def server_module(name: str) -> ModuleType:
    """A module of gis_core/local_stack, which are top-level ones there."""
    directory = str(ROOT / "gis_core" / "local_stack")
    sys.path.append(directory)
    try:
        return importlib.import_module(name)
    finally:
        sys.path.remove(directory)


def make_broker(directory: Path) -> Any:
    """A broker (not started) with its files in `directory`, configured as the private one is."""
    module = server_module("mosquitto_server")
    (directory / "data").mkdir(exist_ok=True, mode=0o700)
    return module.MosquittoServer(
        directory / "data",
        module.free_port(),
        directory / "mosquitto.pid",
        directory / "mosquitto.log",
        passwords={module.PRODUCT: PASSWORD, TESTER: PASSWORD},
        more_acl=_TESTER_ACL,
    )


def product_url(port: int) -> str:
    """The address that the product has in MQTT_URL, with its own login and no more rights than it ships with."""
    return f"mqtt://tarmoq:{PASSWORD}@127.0.0.1:{port}"


def publisher(port: int) -> paho.Client:
    client = paho.Client(CallbackAPIVersion.VERSION2)
    client.username_pw_set(TESTER, PASSWORD)
    client.max_inflight_messages_set(1000)
    client.connect("127.0.0.1", port)
    client.loop_start()
    return client


def publish(port: int, messages: Iterable[tuple[str, Any]]) -> int:
    """Publish with QoS 1 and wait for every acknowledgement; how many they were."""
    client = publisher(port)
    infos = [client.publish(topic, _payload(payload), qos=1) for topic, payload in messages]
    for info in infos:
        info.wait_for_publish(30)
        assert info.is_published()
    close(client)
    return len(infos)


def close(client: paho.Client) -> None:
    """Disconnect, and wait until the client's thread has closed its socket."""
    client.disconnect()
    wait_until(lambda: client.socket() is None, 10)
    client.loop_stop()


def _payload(payload: Any) -> bytes:
    return payload if isinstance(payload, bytes) else json.dumps(payload).encode()


def start_ingester(port: int, database: str, *arguments: str, log: Path) -> subprocess.Popen[bytes]:
    """`manage.py ingest_mqtt` in a process of its own on a database of this server."""
    return start_command("ingest_mqtt", "--url", product_url(port), *arguments, database=database, log=log)


def start_command(*words: str, database: str, log: Path) -> subprocess.Popen[bytes]:
    environment = {
        **os.environ,
        "DATABASE_URL": database,
        "DJANGO_SETTINGS_MODULE": "gis_core.settings.local",
    }
    environment["PYTHONWARNINGS"] = "ignore"
    # Simulators of devices run on this machine.
    environment["TARMOQ_POLL_LOOPBACK"] = "1"
    with log.open("ab") as stream:
        return subprocess.Popen(
            [sys.executable, str(ROOT / "manage.py"), *words],
            cwd=ROOT,
            env=environment,
            stdout=stream,
            stderr=subprocess.STDOUT,
        )


def wait_until(condition: Any, seconds: float = 90.0, every: float = 0.05) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(every)
    return True
