"""A private Mosquitto that listens on a port of 127.0.0.1 only and keeps sessions and messages on disk."""

from __future__ import annotations

import os
import pwd
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import Any

import environment_file
from clone import Clone
from console import StepError, step
from placement import OperatingUser, make_private_directory

HOST = "127.0.0.1"
START_SECONDS = 30
STOP_SECONDS = 60
PROGRAM = "/usr/sbin/mosquitto"
# Mosquitto acknowledges a message before it is on disk; this is how long it may take to get there.
AUTOSAVE_SECONDS = 5

CONFIGURATION = """\
# Written by the set-up. Open to programs of this machine alone, hence without passwords.
listener {port} {host}
allow_anonymous true
user {user}
persistence true
persistence_location {directory}/
autosave_interval {autosave}
# A client that is away loses nothing; and one that takes thousands a second is not slowed down.
max_queued_messages 0
max_inflight_messages 20000
message_size_limit 1048576
connection_messages false
log_dest stderr
log_type error
log_type warning
log_type notice
"""


class MosquittoServer:
    """One Mosquitto: its directory (which is also its working directory), port, pid file and log."""

    def __init__(self, directory: Path, port: int, pid_file: Path, log: Path) -> None:
        self.directory = directory
        self.port = port
        self.pid_file = pid_file
        self.log = log
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"mqtt://{HOST}:{self.port}"

    def process_id(self) -> int | None:
        """The number of the running server, or None; a stale pid file's number may be another program's."""
        try:
            number = int(self.pid_file.read_text())
            works_in = Path(f"/proc/{number}/cwd").readlink()
            program = Path(f"/proc/{number}/comm").read_text().strip()
        except (OSError, ValueError):
            return None
        return number if works_in == self.directory.resolve() and program == "mosquitto" else None

    def answers(self) -> bool:
        """Whether the server greets a client."""
        return greets(HOST, self.port)

    def start(self) -> bool:
        """Start the server when it is not running; whether this call started it."""
        if self.process_id() is not None and self.answers():
            return False
        with step("Mosquitto: starting"):
            make_private_directory(self.directory, self._operating_user())
            process = None
            if self.process_id() is None:
                if not _is_free(self.port):
                    self.port = free_port()
                process = self._process = self._launch()
                self.pid_file.write_text(f"{process.pid}\n")
            try:
                self._wait_until_ready(process)
            except BaseException:
                if process is not None:
                    process.terminate()
                    process.wait(60)
                raise
        return True

    def _wait_until_ready(self, process: subprocess.Popen[bytes] | None) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not self.answers():
            ended = process is not None and process.poll() is not None
            if ended or time.monotonic() > deadline:
                raise StepError(
                    "Mosquitto does not start",
                    log=self.log,
                    remedy="see the end of the log; a damaged mosquitto.db must be put aside",
                )
            time.sleep(0.05)

    def _operating_user(self) -> OperatingUser:
        """The caller; but root in another user's clone keeps to that user, who could not go on otherwise."""
        if os.geteuid() == 0 and self.directory.is_dir() and (owner := self.directory.stat().st_uid) != 0:
            account = pwd.getpwuid(owner)
            return OperatingUser(account.pw_name, owner, frozenset({account.pw_gid}))
        return OperatingUser(None, os.geteuid(), frozenset())

    def _launch(self) -> subprocess.Popen[bytes]:
        owner = self._operating_user()
        configuration = self.directory / "mosquitto.conf"
        configuration.write_text(
            CONFIGURATION.format(
                port=self.port,
                host=HOST,
                user=pwd.getpwuid(owner.uid).pw_name,
                directory=self.directory,
                autosave=AUTOSAVE_SECONDS,
            ),
            encoding="utf-8",
        )
        account: dict[str, Any] = {}
        if owner.name is not None:
            os.chown(configuration, owner.uid, -1)
            account = {"user": owner.uid, "group": min(owner.groups), "extra_groups": []}
        with self.log.open("ab") as stream:
            return subprocess.Popen(
                [PROGRAM, "-c", str(configuration)],
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=subprocess.STDOUT,
                cwd=self.directory,
                start_new_session=True,
                **account,
            )

    def stop(self) -> bool:
        """Stop the server (it writes its file first); whether it had been running."""
        number = self.process_id()
        if number is None:
            return False
        with step("Mosquitto: stopping"):
            try:
                os.kill(number, signal.SIGTERM)
            except PermissionError as error:
                raise StepError(
                    f"Mosquitto (process {number}) is another user's", remedy="use sudo"
                ) from error
            deadline = time.monotonic() + STOP_SECONDS
            while self.process_id() is not None and not _is_zombie(number):
                if time.monotonic() > deadline:
                    raise StepError(f"Mosquitto (process {number}) does not stop", log=self.log)
                time.sleep(0.02)
            self.pid_file.unlink(missing_ok=True)
            if self._process is not None:
                self._process.wait()
                self._process = None
        return True


def _is_zombie(number: int) -> bool:
    try:
        return Path(f"/proc/{number}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except (OSError, IndexError):
        return True


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def greets(host: str, port: int, seconds: float = 2) -> bool:
    """Whether an MQTT broker answers CONNECT (3.1.1) with CONNACK, accepting or refusing."""
    variable = b"\x00\x04MQTT\x04\x02\x00\x0a" + b"\x00\x00"
    try:
        with socket.create_connection((host, port), seconds) as connection:
            connection.sendall(b"\x10" + bytes([len(variable)]) + variable)
            return connection.recv(4).startswith(b"\x20")
    except OSError:
        return False


def private_mosquitto(clone: Clone) -> MosquittoServer:
    """The Mosquitto of this clone; its port is the one it had last, in `.local/environment`."""
    known = environment_file.read(clone.environment_file).get("MQTT_URL", "")
    port = known.rpartition(":")[2]
    return MosquittoServer(
        clone.local / "mosquitto",
        int(port) if port.isdigit() else free_port(),
        clone.run / "mosquitto.pid",
        clone.log / "mosquitto.log",
    )
