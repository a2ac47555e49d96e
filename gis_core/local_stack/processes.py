"""Supervision of what `make run` runs: start, watch, restart, stop, and never leave anything behind."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from clone import Clone
from commands import STOP_SECONDS, application_environment, die_with_parent, stop_group
from console import StepError, say, step, tail

HOST = "127.0.0.1"
HEALTH_PATH = "/healthz/"
READY_SECONDS = 90
WATCH_SECONDS = 0.5
SERVERS_WATCH_SECONDS = 2.0
# A child that dies this often within the window is not restarted any more.
DEATHS_ALLOWED = 5
DEATHS_ALLOWED_BEFORE_READY = 2
DEATH_WINDOW_SECONDS = 120.0
LONGEST_BACK_OFF_SECONDS = 30.0
LOG_LIMIT_BYTES = 20_000_000


def parse_port(text: str | None, default: int = 8000) -> int:
    """The port to serve on; StepError when the text is no port."""
    if not text:
        return default
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 65535:
        raise StepError(
            f"PORT={text} is not a port", remedy="give a number from 1 to 65535: make run PORT=8001"
        )
    return int(text)


def port_is_free(port: int) -> bool:
    """Whether a server could listen on the port of 127.0.0.1 now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As gunicorn does: a port whose last connections are only fading away is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
            probe.listen(1)
        except PermissionError as error:
            raise StepError(
                f"port {port} is not allowed to this user", remedy="make run PORT=8000"
            ) from error
        except OSError:
            return False
    return True


def require_free_port(port: int) -> None:
    """Refuse at once when the port is taken; nothing long has been done yet."""
    if not port_is_free(port):
        raise StepError(
            f"port {port} is in use by another program",
            remedy=f"choose another one: make run PORT={port + 1}",
        )


def is_healthy(port: int, seconds: float = 2.0) -> bool:
    """Whether the web server answers on its health address."""
    # No proxy: it is this machine, whatever http_proxy says.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"http://{HOST}:{port}{HEALTH_PATH}", timeout=seconds) as answer:
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError, ValueError):
        return False


def back_off_seconds(deaths: int) -> float:
    """How long to wait before the restart after the n-th death in the window: 1, 2, 4 ... seconds."""
    return float(min(2 ** max(0, deaths - 1), LONGEST_BACK_OFF_SECONDS))


@dataclass
class Child:
    """One supervised program with its log and its recent deaths (monotonic seconds)."""

    name: str
    command: Sequence[str]
    log: Path
    process: subprocess.Popen[bytes] | None = None
    deaths: list[float] = field(default_factory=list)
    restart_at: float = 0.0

    def start(self, directory: Path) -> None:
        if self.log.exists() and self.log.stat().st_size > LOG_LIMIT_BYTES:
            self.log.replace(self.log.with_suffix(".log.1"))
        with self.log.open("ab") as stream:
            self.process = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=subprocess.STDOUT,
                cwd=directory,
                env=application_environment(),
                start_new_session=True,
                preexec_fn=die_with_parent,  # noqa: PLW1509 - this program has one thread
            )

    def record_death(self, now: float) -> int:
        """Note a death; how many there were within the window."""
        self.deaths = [moment for moment in self.deaths if now - moment < DEATH_WINDOW_SECONDS] + [now]
        return len(self.deaths)


def children_of(clone: Clone, port: int, *, with_demonstration: bool = False) -> list[Child]:
    """The web server, the workers, the clock and the feeds, in the order of their start.

    `with_demonstration`: and what sends values for the demonstration's devices, for servers of the clone's own only.
    """
    celery = [clone.tool("celery"), "-A", "gis_core.celery_app"]
    web = [clone.tool("gunicorn"), "gis_core.wsgi:application", "--bind", f"{HOST}:{port}"]
    web += [
        "--worker-class",
        "gis_core.web_worker.HealthFirstWorker",
        "--workers",
        "2",
        "--threads",
        "16",
        "--graceful-timeout",
        "10",
    ]
    # Filters of features (CQL2) are long; gunicorn's largest limit is still a limit.
    web += ["--limit-request-line", "8190"]
    worker = [*celery, "worker", "--concurrency", "2", "--loglevel", "INFO"]
    # The two need nothing of each other: looking for neighbours would only cost a second.
    worker += ["--without-mingle", "--without-gossip"]
    urgent = [*worker, "--hostname", "urgent@%h", "--queues", "urgent"]
    worker += ["--hostname", "worker@%h"]
    beat = [*celery, "beat", "--schedule", str(clone.run / "celerybeat-schedule"), "--loglevel", "INFO"]
    children = [
        Child("web", web, clone.log / "web.log"),
        Child("worker", worker, clone.log / "worker.log"),
        Child("urgent", urgent, clone.log / "urgent.log"),
        Child("beat", beat, clone.log / "beat.log"),
        Child("mqtt", [clone.tool("python"), "manage.py", "ingest_mqtt"], clone.log / "mqtt.log"),
        Child("poll", [clone.tool("python"), "manage.py", "poll"], clone.log / "poll.log"),
    ]
    if with_demonstration:
        command = [clone.tool("python"), "manage.py", "feed_demonstration"]
        children.append(Child("demonstration", command, clone.log / "demonstration.log"))
    return children


class Supervisor:
    """Runs the children until it is interrupted, and keeps `mend_servers` checking what they depend on."""

    def __init__(
        self, clone: Clone, port: int, children: list[Child], mend_servers: Callable[[], None]
    ) -> None:
        self.clone = clone
        self.port = port
        self.children = children
        self.mend_servers = mend_servers
        self.ready = False

    def start(self) -> None:
        """Start all children and wait until the web server answers."""
        with step("starting the web server, the worker, the clock and the feeds"):
            for child in self.children:
                child.start(self.clone.root)
            deadline = time.monotonic() + READY_SECONDS
            while not is_healthy(self.port):
                self.watch_children()
                if time.monotonic() > deadline:
                    raise StepError(
                        f"the web server did not answer on {HEALTH_PATH} within {READY_SECONDS} s",
                        log=self.clone.log / "web.log",
                        remedy="see the log; make doctor tells what is missing",
                    )
                time.sleep(0.1)
        self.ready = True

    def watch(self) -> None:
        """Watch until an exception (an interrupt, or a child that cannot be kept alive) ends it."""
        next_look = time.monotonic()
        while True:
            self.watch_children()
            if time.monotonic() >= next_look:
                self.mend_servers()
                next_look = time.monotonic() + SERVERS_WATCH_SECONDS
            time.sleep(WATCH_SECONDS)

    def watch_children(self) -> None:
        """Look at every child once: record a death, restart when its pause is over."""
        now = time.monotonic()
        for child in self.children:
            if child.process is None:
                if now >= child.restart_at:
                    child.start(self.clone.root)
                    say(f"  {child.name}: started again")
                continue
            code = child.process.poll()
            if code is None:
                continue
            # What the dead process may have left in its group would hold the port or take its tasks.
            stop_group(child.process, seconds=1)
            child.process = None
            self._bury(child, code, now)

    def _bury(self, child: Child, code: int, now: float) -> None:
        deaths = child.record_death(now)
        how = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
        allowed = DEATHS_ALLOWED if self.ready else DEATHS_ALLOWED_BEFORE_READY
        if deaths > allowed:
            raise StepError(
                f"{child.name} ended {deaths} times within {DEATH_WINDOW_SECONDS:.0f} s ({how}); giving up",
                log=child.log,
                remedy="correct what the log names, then make run; make doctor tells what is missing",
            )
        pause = back_off_seconds(deaths)
        child.restart_at = now + pause
        say(f"\n  {child.name} ended unexpectedly ({how}); the end of {child.log}:")
        for line in tail(child.log, 20).splitlines():
            say(f"  | {line}")
        say(f"  {child.name}: will be started again in {pause:.0f} s")

    def stop(self) -> None:
        """Stop the children, last started first: no new work, then the work, then the pages."""
        running = [child for child in self.children if child.process is not None]
        if not running:
            return
        with step("stopping the feeds, the clock, the worker and the web server"):
            # Only the leaders are asked: a worker lets its children finish what they are doing.
            for child in reversed(running):
                if child.process is not None:
                    child.process.terminate()
            deadline = time.monotonic() + STOP_SECONDS
            for child in reversed(running):
                if child.process is not None:
                    _wait_and_clear(child.process, deadline)
                    child.process = None


def _wait_and_clear(process: subprocess.Popen[bytes], deadline: float) -> None:
    """Wait for the leader until the deadline, then end whatever its group still holds."""
    with suppress(subprocess.TimeoutExpired):
        process.wait(max(0.1, deadline - time.monotonic()))
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(5)
