"""Polling of Modbus TCP devices and OPC UA servers, each source a task of its own.

supervisor process --starts again--> worker process --starts again--> a task for each source --back-off--> device
"""

import asyncio
import logging
import math
import random
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, Protocol, TypeVar
from urllib.parse import urlsplit

from asyncua import Client as OpcUaClient
from asyncua import ua
from asyncua.crypto.security_policies import SecurityPolicyNone
from django.db import DatabaseError, close_old_connections, connection
from django.utils import timezone
from django.utils.translation import gettext_noop as _
from pymodbus.client import AsyncModbusTcpClient
from pymodbus.exceptions import ModbusException

from gis_core.errors import ReportedError
from gis_core.sentences import Sentence
from sensors.feeds.services.device_addresses import UNREACHABLE, Allowed, allowed_address
from sensors.feeds.services.device_passwords import password_of
from sensors.feeds.services.live import Batch, Heartbeat, store
from sensors.feeds.services.quarantine import Refusal
from sensors.feeds.services.sources import register_of
from sensors.models import FeedKind, FeedPoint, FeedSource
from sensors.series.services.observation_arrays import microseconds

logger = logging.getLogger(__name__)
logging.getLogger("asyncua").setLevel(logging.ERROR)
logging.getLogger("pymodbus").setLevel(logging.CRITICAL)

POLLED = (FeedKind.MODBUS, FeedKind.OPCUA)
FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 60.0
_RELOAD_S = 15.0
_TIMEOUT_S = 5.0
T = TypeVar("T")


class DeviceError(Exception):
    """The device answered with an error, or not at all."""


class Device(Protocol):
    """A connection to what is polled."""

    async def connect(self) -> None: ...

    async def read(self, point: FeedPoint) -> float:
        """The value at a point's address; raises DeviceError for this point alone."""
        ...

    async def close(self) -> None: ...


class ModbusDevice:
    """A Modbus TCP device: settings host, port (502), unit (1), timeout_s."""

    def __init__(self, source: FeedSource, where: Allowed) -> None:
        settings = source.settings
        self._unit = settings.get("unit", 1)
        self._client = AsyncModbusTcpClient(
            where.address,
            port=where.port,
            timeout=settings.get("timeout_s", _TIMEOUT_S),
            retries=1,
            # We come back ourselves, with a pause that grows.
            reconnect_delay=0,
        )

    async def connect(self) -> None:
        if not await self._client.connect():
            raise ConnectionError("the device does not answer")

    async def read(self, point: FeedPoint) -> float:
        table, register, type_, is_swapped = register_of(point.address)
        try:
            if table in ("coil", "discrete"):
                read = self._client.read_coils if table == "coil" else self._client.read_discrete_inputs
                answer = await read(register, count=1, device_id=self._unit)
                if not answer.isError():
                    return float(answer.bits[0])
            else:
                data_type = self._client.DATATYPE[type_.upper()]
                read = (
                    self._client.read_holding_registers
                    if table == "holding"
                    else self._client.read_input_registers
                )
                answer = await read(register, count=data_type.value[1], device_id=self._unit)
                if not answer.isError():
                    number = self._client.convert_from_registers(
                        answer.registers, data_type, word_order="little" if is_swapped else "big"
                    )
                    return float(number)  # type: ignore[arg-type]
        except ModbusException as error:
            # No answer: the connection is of no more use.
            raise ConnectionError(str(error)) from error
        raise DeviceError(
            Sentence(
                _("{address}: the device answers with exception {exception_code}"),
                address=point.address,
                exception_code=answer.exception_code,
            )
        )

    async def close(self) -> None:
        self._client.close()


class _GuardedOpcUaClient(OpcUaClient):
    """Sends no password that others on the way could read, unless the operator allowed that for the address."""

    plain_passwords = False

    def _add_user_auth(
        self, params: ua.ActivateSessionParameters, username: str | None, password: str | None
    ) -> None:
        policy = self.server_policy(ua.UserTokenType.UserName).SecurityPolicyUri
        is_encrypted = bool(policy) and policy != SecurityPolicyNone.URI
        is_channel_encrypted = self.security_policy.Mode == ua.MessageSecurityMode.SignAndEncrypt
        if password and not (is_encrypted or is_channel_encrypted or self.plain_passwords):
            raise ReportedError(
                Sentence(
                    _(
                        "The server asks for the password without encryption. An operator may allow that for "
                        "its network: manage.py device_network allow --plain-passwords."
                    )
                ),
                code="plain_password",
            )
        super()._add_user_auth(params, username, password)


class OpcUaDevice:
    """An OPC UA server: settings url, user, timeout_s; its password by `device_passwords`."""

    def __init__(self, source: FeedSource, where: Allowed) -> None:
        settings = source.settings
        host = f"[{where.address}]" if ":" in where.address else where.address
        url = urlsplit(settings["url"])._replace(netloc=f"{host}:{where.port}").geturl()
        self._client = _GuardedOpcUaClient(url, timeout=settings.get("timeout_s", _TIMEOUT_S))
        self._client.plain_passwords = where.plain_passwords
        if settings.get("user"):
            self._client.set_user(settings["user"])
            self._client.set_password(password_of(source))

    async def connect(self) -> None:
        await self._client.connect()

    async def read(self, point: FeedPoint) -> float:
        answer = await self._client.get_node(point.address).read_data_value(raise_on_bad_status=False)
        if answer.StatusCode is not None and not answer.StatusCode.is_good():
            if "Connection" in answer.StatusCode.name or "Session" in answer.StatusCode.name:
                raise ConnectionError(answer.StatusCode.name)
            raise DeviceError(
                Sentence(_("{address}: {status}"), address=point.address, status=answer.StatusCode.name)
            )
        value = answer.Value.Value if answer.Value is not None else None
        if not isinstance(value, bool | int | float):
            raise DeviceError(
                Sentence(
                    _("{address}: {type} is not a number"), address=point.address, type=type(value).__name__
                )
            )
        return float(value)

    async def close(self) -> None:
        await self._client.disconnect()


def device_of(source: FeedSource, where: Allowed) -> Device:
    """The device of a source, not connected. ReportedError when its password may not be used."""
    return ModbusDevice(source, where) if source.kind == FeedKind.MODBUS else OpcUaDevice(source, where)


class PollingWorker:
    """Polls the active sources in this process until it is stopped."""

    def __init__(self, *, codes: Sequence[str] = (), is_restart: bool = False) -> None:
        self._codes = list(codes)
        self._is_restart = is_restart
        # One thread, since a connection to the database belongs to one.
        self._pool = ThreadPoolExecutor(1)
        self._stopping = threading.Event()

    def stop(self) -> None:
        """End `run`."""
        self._stopping.set()

    async def run(self) -> None:
        """Poll until `stop`; sources that are added or taken away are noticed within some seconds."""
        tasks: dict[tuple[int, str], asyncio.Task[None]] = {}
        next_look = 0.0
        while not self._stopping.is_set():
            if time.monotonic() >= next_look:
                await self._renew(tasks)
                next_look = time.monotonic() + _RELOAD_S
            await asyncio.sleep(0.1)
        for task in tasks.values():
            task.cancel()
        await asyncio.gather(*tasks.values(), return_exceptions=True)
        await self._in_database(_close_connection)
        self._pool.shutdown()

    async def _renew(self, tasks: dict[tuple[int, str], asyncio.Task[None]]) -> None:
        try:
            sources = await self._in_database(lambda: _sources(self._codes))
        except Exception:  # noqa: BLE001 - whatever it is, the next look comes
            logger.warning("the list of sources cannot be read; polling goes on")
            return
        # What is in a source and its points is part of its name: a changed one is another one.
        wanted = {
            (source.pk, repr((source.settings, source.interval_s, _points_key(points)))): (source, points)
            for source, points in sources
        }
        for key in [key for key in tasks if key not in wanted]:
            tasks.pop(key).cancel()
        for key, (source, points) in wanted.items():
            if key not in tasks:
                tasks[key] = asyncio.create_task(self._keep_polling(source, points))

    async def _keep_polling(self, source: FeedSource, points: Sequence[FeedPoint]) -> None:
        """Poll a source for ever: when its polling dies, of whatever, it is started again after a growing pause."""
        heartbeat = Heartbeat(source)
        pause_s, is_restart = FIRST_PAUSE_S, self._is_restart
        try:
            while True:
                began = time.monotonic()
                try:
                    await self._in_database(lambda again=is_restart: heartbeat.start(is_restart=again))  # type: ignore[misc]
                    await self._poll(source, points, heartbeat)
                except Exception as error:  # noqa: BLE001 - a poller never ends by itself
                    logger.warning("polling of %s failed: %s: %s", source.code, type(error).__name__, error)
                    said = _said(error)
                    with suppress(Exception):
                        await self._in_database(lambda words=said: heartbeat.fail(words))  # type: ignore[misc]
                if time.monotonic() - began > 10 * pause_s:
                    pause_s = FIRST_PAUSE_S
                # Many pollers of one dead switch must not come back all at once.
                await asyncio.sleep(pause_s * random.uniform(0.5, 1.5))  # noqa: S311 - no secret
                pause_s, is_restart = min(pause_s * 2, LONGEST_PAUSE_S), True
        finally:
            with suppress(Exception):
                await self._in_database(heartbeat.stop)

    async def _poll(self, source: FeedSource, points: Sequence[FeedPoint], heartbeat: Heartbeat) -> None:
        device = device_of(source, await self._in_database(lambda: allowed_address(source)))
        try:
            await _connect(device, source)
            next_poll = time.monotonic()
            while True:
                batch = await _read_all(source, points, device)
                await self._in_database(lambda some=batch: _store(some, heartbeat))  # type: ignore[misc]
                next_poll = max(next_poll + source.interval_s, time.monotonic())
                await asyncio.sleep(max(0.0, next_poll - time.monotonic()))
        finally:
            with suppress(Exception):
                await asyncio.wait_for(device.close(), _TIMEOUT_S)

    async def _in_database(self, work: Callable[[], T]) -> T:
        def run() -> T:
            close_old_connections()
            return work()

        return await asyncio.get_running_loop().run_in_executor(self._pool, run)


def _close_connection() -> None:
    """That of the thread that calls; each has its own."""
    connection.close()


def _sources(codes: Sequence[str]) -> list[tuple[FeedSource, list[FeedPoint]]]:
    sources = (
        FeedSource.objects.filter(kind__in=POLLED, is_active=True).select_related("division").order_by("pk")
    )
    if codes:
        sources = sources.filter(code__in=codes)
    return [
        (source, list(source.points.filter(datastream__deleted_at=None).order_by("pk"))) for source in sources
    ]


def _points_key(points: Sequence[FeedPoint]) -> list[Any]:
    return [(point.pk, point.address, point.datastream_id, point.scale, point.shift) for point in points]


async def _connect(device: Device, source: FeedSource) -> None:
    """Connect; whatever goes wrong on the way is told to the operator's log, and to others in one sentence."""
    try:
        await asyncio.wait_for(device.connect(), _TIMEOUT_S * 2)
    except ReportedError:
        raise
    except Exception as error:
        logger.info("%s: %s: %s", source.code, type(error).__name__, error)
        raise ConnectionError(UNREACHABLE) from error


async def _read_all(source: FeedSource, points: Sequence[FeedPoint], device: Device) -> Batch:
    """One value of every point, all stamped with the beginning of the poll."""
    batch = Batch(source, messages=1)
    time_us = microseconds(timezone.now()) // 1000 * 1000
    for point in points:
        context = {"address": point.address}
        try:
            value = await device.read(point) * point.scale + point.shift
        except DeviceError as error:
            batch.refusals.append(Refusal(b"", "device_error", str(error), context))
            continue
        if not math.isfinite(value):
            batch.refusals.append(
                Refusal(str(value).encode(), "bad_value", "the value is not a number", context)
            )
            continue
        assert point.datastream_id is not None
        batch.values.append((point.datastream_id, time_us, value))
        batch.origins.append((str(value).encode(), context))
    return batch


def _store(batch: Batch, heartbeat: Heartbeat) -> None:
    loaded = store(batch)
    heartbeat.count(batch, loaded)
    if batch.refusals and not batch.values:
        heartbeat.fail(batch.refusals[0].reason)
        return
    heartbeat.beat()


def _said(error: Exception) -> str:
    """An error as people may read it: what we refuse in our words, anything of the network in one sentence."""
    if isinstance(error, ReportedError):
        return error.message[:300]
    if isinstance(error, DatabaseError):
        return "The values could not be stored; the server's log says why."
    return UNREACHABLE


def supervise(command: Sequence[str], is_stopping: Callable[[], bool]) -> int:
    """Run the worker as a process of its own and start it again when it dies; how often that was."""
    deaths, pause_s = 0, FIRST_PAUSE_S
    while not is_stopping():
        words = [*command, "--restarted"] if deaths else list(command)
        began = time.monotonic()
        process = subprocess.Popen(words)  # noqa: S603 - our own program
        while process.poll() is None and not is_stopping():
            time.sleep(0.1)
        if is_stopping():
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            break
        deaths += 1
        pause_s = (
            FIRST_PAUSE_S if time.monotonic() - began > LONGEST_PAUSE_S else min(pause_s * 2, LONGEST_PAUSE_S)
        )
        logger.warning(
            "the poller ended (exit code %s); starting it again in %.0f s", process.returncode, pause_s
        )
        deadline = time.monotonic() + pause_s
        while time.monotonic() < deadline and not is_stopping():
            time.sleep(0.1)
    return deaths
