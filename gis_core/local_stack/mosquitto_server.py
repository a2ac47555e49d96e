"""A private Mosquitto that listens on a port of 127.0.0.1 only and keeps sessions and messages on disk."""

from __future__ import annotations

import os
import pwd
import socket
from pathlib import Path

import environment_file
from clone import Clone
from placement import OperatingUser
from private_server import PrivateServer

HOST = "127.0.0.1"
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


class MosquittoServer(PrivateServer):
    """One Mosquitto on a port of this machine."""

    name = "Mosquitto"
    process_name = "mosquitto"
    remedy = "see the end of the log; a damaged mosquitto.db must be put aside"

    def __init__(self, directory: Path, port: int, pid_file: Path, log: Path) -> None:
        super().__init__(directory, pid_file, log)
        self.port = port

    @property
    def url(self) -> str:
        return f"mqtt://{HOST}:{self.port}"

    def answers(self) -> bool:
        """Whether the server greets a client."""
        return greets(HOST, self.port)

    def _prepare(self, owner: OperatingUser) -> list[str]:
        if not _is_free(self.port):
            self.port = free_port()
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
        if owner.name is not None:
            os.chown(configuration, owner.uid, -1)
        return [PROGRAM, "-c", str(configuration)]


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
