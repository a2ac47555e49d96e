"""A private Mosquitto that listens on a port of 127.0.0.1 only and keeps sessions and messages on disk.

Everybody logs in. The product's own password and the demonstration's are in `.local/environment`, those of devices are
made by `make device`; who may do what stands in docs/mosquitto/tarmoq.acl, which is for other brokers too.
"""

from __future__ import annotations

import base64
import hashlib
import os
import pwd
import re
import secrets
import signal
import socket
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

import environment_file
from clone import Clone
from console import StepError
from placement import OperatingUser
from private_server import PrivateServer

HOST = "127.0.0.1"
PROGRAM = "/usr/sbin/mosquitto"
# Mosquitto acknowledges a message before it is on disk; this is how long it may take to get there.
AUTOSAVE_SECONDS = 5

ACL_FILE = Path(__file__).parents[2] / "docs" / "mosquitto" / "tarmoq.acl"
# Names that programs of ours log in with; devices have others.
PRODUCT, DEMONSTRATION = "tarmoq", "demonstration"
DEMONSTRATION_URL = "TARMOQ_DEMONSTRATION_MQTT_URL"
# The demonstration stands for many devices.
DEMONSTRATION_ACL = f"\nuser {DEMONSTRATION}\ntopic write tarmoq/observations/#\n"
_HASHED_TIMES = 101

CONFIGURATION = """\
# Written by the set-up.
listener {port} {host}
allow_anonymous false
password_file {directory}/passwords
acl_file {directory}/acl
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

    def __init__(
        self,
        directory: Path,
        port: int,
        pid_file: Path,
        log: Path,
        *,
        passwords: Mapping[str, str],
        more_acl: str = "",
    ) -> None:
        """`passwords` of programs by their names; `more_acl` is added to the file that ships."""
        super().__init__(directory, pid_file, log)
        self.port = port
        self.passwords = dict(passwords)
        self.more_acl = more_acl

    def url_of(self, name: str) -> str:
        """The address with a program's name and password."""
        return f"mqtt://{quote(name, safe='')}:{quote(self.passwords[name], safe='')}@{HOST}:{self.port}"

    def lets_everybody_in(self) -> bool:
        """Whether it runs as releases before passwords started it."""
        configuration = self.directory / "mosquitto.conf"
        return (
            self.process_id() is not None
            and configuration.is_file()
            and "allow_anonymous true" in configuration.read_text(encoding="utf-8")
        )

    def add_login(self, name: str, password: str) -> None:
        """Let somebody log in with a name, or with another password than before; a running broker knows at once."""
        if not re.fullmatch(r"[A-Za-z0-9_.-]{1,80}", name) or name in self.passwords:
            raise StepError(
                f"{name!r} cannot be the name of a device",
                remedy="give the code of its datastream or regulator: letters, digits, points and dashes",
            )
        self._write_passwords({name: password}, self._operating_user())
        number = self.process_id()
        if number is not None:
            os.kill(number, signal.SIGHUP)

    def answers(self) -> bool:
        """Whether the server greets a client."""
        return greets(HOST, self.port)

    def _prepare(self, owner: OperatingUser) -> list[str]:
        if not _is_free(self.port):
            self.port = free_port()
        configuration = CONFIGURATION.format(
            port=self.port,
            host=HOST,
            user=pwd.getpwuid(owner.uid).pw_name,
            directory=self.directory,
            autosave=AUTOSAVE_SECONDS,
        )
        self._write("acl", ACL_FILE.read_text(encoding="utf-8") + self.more_acl, owner)
        self._write_passwords(self.passwords, owner)
        return [PROGRAM, "-c", str(self._write("mosquitto.conf", configuration, owner))]

    def _write_passwords(self, passwords: Mapping[str, str], owner: OperatingUser) -> None:
        """Set some passwords in the file and keep the others."""
        path = self.directory / "passwords"
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        kept = [line for line in lines if line.partition(":")[0] not in passwords and ":" in line]
        new = [f"{name}:{hashed(password)}" for name, password in passwords.items()]
        self._write("passwords", "\n".join([*kept, *new]) + "\n", owner)

    def _write(self, name: str, text: str, owner: OperatingUser) -> Path:
        """A file of the broker's directory, readable by its owner only."""
        path, making = self.directory / name, self.directory / f"{name}.{os.getpid()}"
        with os.fdopen(
            os.open(making, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8"
        ) as stream:
            stream.write(text)
        if owner.name is not None:
            os.chown(making, owner.uid, -1)
        making.replace(path)
        return path


def hashed(password: str) -> str:
    """A password as Mosquitto 2 keeps it: PBKDF2 with SHA-512, whose rounds matter little for random passwords."""
    salt = secrets.token_bytes(12)
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, _HASHED_TIMES)
    return f"$7${_HASHED_TIMES}${base64.b64encode(salt).decode()}${base64.b64encode(digest).decode()}"


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
    """The Mosquitto of this clone; its port and passwords are those it had last, in `.local/environment`."""
    known = environment_file.read(clone.environment_file)
    address = urlsplit(known.get("MQTT_URL", ""))
    return MosquittoServer(
        clone.local / "mosquitto",
        address.port or free_port(),
        clone.run / "mosquitto.pid",
        clone.log / "mosquitto.log",
        passwords={
            name: unquote(urlsplit(known.get(variable, "")).password or "") or secrets.token_urlsafe(24)
            for name, variable in ((PRODUCT, "MQTT_URL"), (DEMONSTRATION, DEMONSTRATION_URL))
        },
        more_acl=DEMONSTRATION_ACL,
    )
