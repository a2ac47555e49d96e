"""Pollers against the simulators of their libraries, on this machine."""

import asyncio
import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from asyncua import Server, ua
from asyncua.server.user_managers import User, UserRole
from django.db import connection, connections
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from gis_core.models import Division
from sensors.feeds.services import polling
from sensors.feeds.services.device_addresses import UNREACHABLE, allow_network
from sensors.feeds.services.polling import PollingWorker
from sensors.feeds.services.sources import save_source
from sensors.models import DeviceNetwork, FeedSource, FeedState, Observation, QuarantinedRow
from tests.conftest import make_district
from tests.databases import application_url
from tests.sensors.feeds.brokers import start_command, wait_until
from tests.sensors.feeds.conftest import make_stream

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def in_thread(start: Any) -> Iterator[None]:
    """An asyncio server in a thread; `start` is a coroutine that returns one to stop it."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    stop = asyncio.run_coroutine_threadsafe(start(), loop).result(30)
    try:
        yield
    finally:
        with suppress(Exception):
            asyncio.run_coroutine_threadsafe(stop(), loop).result(30)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


def modbus(port: int):
    async def start():
        registers = [
            SimData(0, values=[215], datatype=DataType.UINT16),
            SimData(1, values=[-7], datatype=DataType.INT16),
            SimData(2, values=[3.25], datatype=DataType.FLOAT32),
            SimData(10, values=[0, 1], datatype=DataType.REGISTERS),
        ]
        server = ModbusTcpServer(SimDevice(1, simdata=registers), address=("127.0.0.1", port))
        await server.serve_forever(background=True)
        return server.shutdown

    return in_thread(start)


def opcua(port: int, values: dict[str, float], user_manager: Any = None):
    async def start():
        server = Server(user_manager=user_manager)
        await server.init()
        server.set_endpoint(f"opc.tcp://127.0.0.1:{port}/tarmoq/")
        server.set_security_policy([ua.SecurityPolicyType.NoSecurity])
        space = await server.register_namespace("tarmoq")
        for name, value in values.items():
            await server.nodes.objects.add_variable(ua.NodeId(ua.String(name), ua.Int16(space)), name, value)
        await server.start()
        return server.stop

    return in_thread(start)


@contextmanager
def polled() -> Iterator[None]:
    worker = PollingWorker()
    thread = threading.Thread(target=lambda: asyncio.run(worker.run()))
    thread.start()
    try:
        yield
    finally:
        worker.stop()
        thread.join(20)
        connections.close_all()
        assert not thread.is_alive()


@pytest.fixture
def district_with_streams(committing_database: None) -> Division:
    district = make_district("QIBRAY", "Qibray tumani")
    allow_network(network="127.0.0.1", division=district, acting_user=None)
    for code in ("P1", "P2", "P3", "P4"):
        make_stream(district, code)
    return district


def make_source(
    division: Division, kind: str, settings: dict[str, Any], points: dict[str, str], **values: Any
) -> None:
    save_source(
        code=kind,
        name="",
        kind=kind,
        division=division,
        settings=settings,
        interval_s=0.2,
        points=[{"address": address, "datastream": code, **values} for address, code in points.items()],
        acting_user=None,
    )


def latest() -> dict[str, float]:
    return dict(Observation.objects.order_by("time").values_list("datastream__code", "value"))


def test_registers_of_a_modbus_device_are_polled_and_a_lost_one_is_found_again(
    district_with_streams, monkeypatch
):
    monkeypatch.setattr(polling, "FIRST_PAUSE_S", 0.2)
    port = free_port()
    points = {
        "holding:0:uint16": "P1",
        "holding:1:int16": "P2",
        "holding:2:float32": "P3",
        "holding:10:uint32:swapped": "P4",
    }
    make_source(
        district_with_streams,
        "modbus",
        {"host": "127.0.0.1", "port": port, "timeout_s": 1},
        points,
        scale=0.5,
    )
    with polled():
        with modbus(port):
            assert wait_until(lambda: len(latest()) == 4)
            assert latest() == {"P1": 107.5, "P2": -3.5, "P3": 1.625, "P4": 32768.0}
        assert wait_until(lambda: FeedState.objects.get(source__code="modbus").state == "failing")
        count = Observation.objects.count()
        with modbus(port):
            assert wait_until(lambda: Observation.objects.count() > count)
    state = FeedState.objects.get(source__code="modbus")
    assert state.restarts >= 1
    assert state.last_error == UNREACHABLE
    assert state.last_success_at
    assert state.state == "stopped"


def test_nodes_of_an_opc_ua_server_are_polled_and_bad_ones_set_aside(district_with_streams):
    port = free_port()
    points = {"ns=2;s=Pressure": "P1", "ns=2;s=Running": "P2", "ns=2;s=Nothing": "P3"}
    make_source(district_with_streams, "opcua", {"url": f"opc.tcp://127.0.0.1:{port}/tarmoq/"}, points)
    with opcua(port, {"Pressure": 4.5, "Running": True}), polled():
        assert wait_until(lambda: len(latest()) == 2)
    assert latest() == {"P1": 4.5, "P2": 1.0}
    row = QuarantinedRow.objects.get()
    assert (row.code, row.context) == ("device_error", {"address": "ns=2;s=Nothing"})


def test_a_stored_source_sends_no_variable_but_the_feeds(district_with_streams, monkeypatch):
    """A row from before the names were restricted, or written by SQL."""
    sent: list[str | None] = []

    class Watcher:
        def get_user(self, iserver, username=None, password=None, certificate=None):
            sent.append(password)
            return User(role=UserRole.User)

    monkeypatch.setenv("TARMOQ_SECRET_KEY", "the-secret")
    monkeypatch.setattr(polling, "FIRST_PAUSE_S", 0.2)
    port = free_port()
    monkeypatch.setenv("TARMOQ_FEED_UA", "the-password")
    monkeypatch.setenv("TARMOQ_FEED_UA_FOR", f"opcua 127.0.0.1:{port}")
    settings = {
        "url": f"opc.tcp://127.0.0.1:{port}/tarmoq/",
        "user": "poller",
        "password_env": "TARMOQ_FEED_UA",
    }
    make_source(district_with_streams, "opcua", settings, {"ns=2;s=Pressure": "P1"})
    FeedSource.objects.update(settings=settings | {"password_env": "TARMOQ_SECRET_KEY"})

    def failure() -> str:
        return FeedState.objects.get(source__code="opcua").last_error

    with opcua(port, {"Pressure": 4.5}, Watcher()):
        with polled():
            assert wait_until(lambda: "TARMOQ_FEED_" in failure())
        assert sent == []
        FeedSource.objects.update(settings=settings)
        # This server takes passwords without encryption, which only an operator may allow.
        with polled():
            assert wait_until(lambda: "without encryption" in failure())
        assert sent == []
        DeviceNetwork.objects.update(plain_passwords=True)
        with polled():
            assert wait_until(lambda: latest() == {"P1": 4.5})
    assert sent[0] == "the-password"


def test_a_worker_that_is_killed_is_started_again_and_seen(district_with_streams, tmp_path: Path):
    port = free_port()
    make_source(
        district_with_streams, "modbus", {"host": "127.0.0.1", "port": port}, {"holding:0:uint16": "P1"}
    )

    def state() -> FeedState:
        connection.close()
        return FeedState.objects.get(source__code="modbus")

    with modbus(port):
        supervisor = start_command("poll", database=application_url(), log=tmp_path / "poll.log")
        try:
            assert wait_until(lambda: state().inserted > 0, 60), (tmp_path / "poll.log").read_text()
            first = state()
            assert first.process_id is not None
            os.kill(first.process_id, signal.SIGKILL)
            killed_at = time.monotonic()
            assert wait_until(
                lambda: state().process_id != first.process_id and state().inserted > first.inserted, 60
            )
            print(f"poller: killed and polling again after {time.monotonic() - killed_at:.1f} s")
        finally:
            supervisor.terminate()
            supervisor.wait(30)
    assert state().restarts == 1
    assert state().state == "stopped"
