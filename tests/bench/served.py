"""Ours and tipg, each served over HTTP on localhost from the benchmark's database, and one client for both."""

import http.client
import os
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from urllib.parse import quote

from django.db import connection

from tests.databases import application_url

ROOT = Path(__file__).resolve().parents[2]
PEER = ROOT / ".local" / "peers" / "tipg"
_READY_SECONDS = 60


@dataclass(frozen=True)
class Server:
    """A server on 127.0.0.1 and the headers that its requests carry."""

    name: str
    port: int
    headers: Mapping[str, str]

    def get(self, path: str, **headers: str) -> tuple[float, int, bytes, Mapping[str, str]]:
        """Seconds, status, body and headers of one request on a connection of its own."""
        client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        began = time.perf_counter()
        client.request("GET", path, headers={**self.headers, **headers})
        answer = client.getresponse()
        body = answer.read()
        taken = time.perf_counter() - began
        client.close()
        return taken, answer.status, body, dict(answer.getheaders())

    def per_second(
        self, requests: Sequence[tuple[str, Mapping[str, str]]], *, seconds: float = 4.0, clients: int = 4
    ) -> float:
        """Answers a second to `clients` connections that are kept and ask without pause."""
        counts = [0] * clients
        ends = time.perf_counter() + seconds

        def ask(number: int) -> None:
            client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
            turn = number
            while time.perf_counter() < ends:
                path, headers = requests[turn % len(requests)]
                turn += 1
                client.request("GET", path, headers={**self.headers, **headers})
                answer = client.getresponse()
                answer.read()
                assert answer.status in (200, 304), f"{self.name}: {answer.status} for {path}"
                counts[number] += 1
            client.close()

        threads = [threading.Thread(target=ask, args=(number,)) for number in range(clients)]
        began = time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return sum(counts) / (time.perf_counter() - began)


@contextmanager
def ours(token: str) -> Iterator[Server]:
    """Gunicorn as `make run` starts it, on the database that Django is connected to."""
    sys.path.insert(0, str(ROOT / "gis_core" / "local_stack"))
    # The set-up's modules are top-level ones, which mypy does not find from here.
    clone, processes = import_module("clone"), import_module("processes")

    port = _free_port()
    command = [str(part) for part in processes.children_of(clone.Clone(ROOT), port)[0].command]
    environment = {
        **os.environ,
        "DATABASE_URL": application_url(),
        "DJANGO_SETTINGS_MODULE": "gis_core.settings.local",
    }
    with _running("ours", command, environment, port, "/healthz/"):
        yield Server("ours", port, {"Authorization": f"Bearer {token}", "Accept-Encoding": "gzip"})


@contextmanager
def tipg() -> Iterator[Server | None]:
    """tipg in an environment of its own below .local; None, with a word why, where it cannot be had."""
    program = PEER / "bin" / "uvicorn"
    if not program.exists():
        steps = (
            [sys.executable, "-m", "venv", str(PEER)],
            [str(PEER / "bin" / "pip"), "install", "-q", "tipg", "uvicorn"],
        )
        for step in steps:
            done = subprocess.run(step, capture_output=True, text=True, timeout=600, check=False)
            if done.returncode != 0:
                print(f"tipg cannot be installed here, so it is left out: {done.stderr.strip()[-200:]}")
                yield None
                return
    port = _free_port()
    environment = {
        **os.environ,
        "DATABASE_URL": _owners_url(),
        "TIPG_DB_SCHEMAS": '["public"]',
        # It cuts at 10,000 features without a word otherwise.
        "TIPG_MAX_FEATURES_PER_TILE": "10000000",
    }
    command = [str(program), "tipg.main:app", "--port", str(port), "--log-level", "warning"]
    with _running("tipg", command, environment, port, "/healthz"):
        yield Server("tipg", port, {"Accept-Encoding": "gzip"})


@contextmanager
def _running(
    name: str, command: Sequence[str], environment: Mapping[str, str], port: int, health: str
) -> Iterator[None]:
    log = ROOT / ".local" / "log" / f"bench-{name}.log"
    with log.open("w") as stream:
        process = subprocess.Popen(command, cwd=ROOT, env=dict(environment), stdout=stream, stderr=stream)
        try:
            _wait(Server(name, port, {}), health, process, log)
            yield
        finally:
            process.terminate()
            process.wait(20)


def _wait(server: Server, health: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    ends = time.monotonic() + _READY_SECONDS
    while time.monotonic() < ends:
        if process.poll() is not None:
            break
        try:
            if server.get(health)[1] == 200:
                return
        except OSError:
            time.sleep(0.2)
    raise RuntimeError(f"{server.name} did not start; see {log}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _owners_url() -> str:
    """What a peer uses, which makes functions of its own."""
    described = connection.settings_dict
    user = quote(described["USER"] or "", safe="")
    if described["PASSWORD"]:
        user += ":" + quote(described["PASSWORD"], safe="")
    host = quote(described["HOST"] or "localhost", safe="")
    return f"postgresql://{user}@{host}:{described['PORT'] or 5432}/{quote(described['NAME'], safe='')}"


def median_ms(server: Server, paths: Sequence[str]) -> tuple[float, int]:
    """Median milliseconds of asking each path once, and the largest body in bytes."""
    answers = [server.get(path) for path in paths]
    assert all(answer[1] == 200 for answer in answers), [answer[1] for answer in answers]
    return statistics.median(answer[0] for answer in answers) * 1000, max(
        len(answer[2]) for answer in answers
    )
