"""A private Redis that listens on nothing but a unix socket and keeps its queue on disk."""

from __future__ import annotations

import os
import pwd
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import Any

from clone import Clone
from console import StepError, step
from placement import OperatingUser, make_private_directory, place_redis_socket

START_SECONDS = 60
STOP_SECONDS = 60


class RedisServer:
    """One Redis: its directory (which is also its working directory), socket, pid file and log."""

    def __init__(self, directory: Path, socket_path: Path, pid_file: Path, log: Path) -> None:
        self.directory = directory
        self.socket_path = socket_path
        self.pid_file = pid_file
        self.log = log

    def process_id(self) -> int | None:
        """The number of the running server, or None; a stale pid file's number may be another program's."""
        try:
            number = int(self.pid_file.read_text())
            works_in = Path(f"/proc/{number}/cwd").readlink()
            program = Path(f"/proc/{number}/comm").read_text().strip()
        except (OSError, ValueError):
            return None
        return number if works_in == self.directory.resolve() and program == "redis-server" else None

    def answers(self) -> bool:
        """Whether the server answers a PING (while it loads its file it does not)."""
        return ping(self.socket_path)

    def start(self) -> bool:
        """Start the server when it is not running; whether this call started it."""
        if self.process_id() is not None and self.answers():
            return False
        with step("Redis: starting"):
            own = self._operating_user()
            make_private_directory(self.directory, own)
            make_private_directory(self.socket_path.parent, own)
            process = None
            if self.process_id() is None:
                self.socket_path.unlink(missing_ok=True)
                self.pid_file.unlink(missing_ok=True)
                process = self._launch()
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
                    "Redis does not start",
                    log=self.log,
                    remedy="see the end of the log; a damaged file is mended with redis-check-aof --fix",
                )
            time.sleep(0.05)

    def _operating_user(self) -> OperatingUser:
        """The caller; but root in another user's clone keeps to that user, who could not go on otherwise."""
        if os.geteuid() == 0 and self.directory.is_dir() and (owner := self.directory.stat().st_uid) != 0:
            account = pwd.getpwuid(owner)
            return OperatingUser(account.pw_name, owner, frozenset({account.pw_gid}))
        return OperatingUser(None, os.geteuid(), frozenset())

    def _launch(self) -> subprocess.Popen[bytes]:
        command = [
            *("redis-server", "--port", "0", "--bind", "127.0.0.1", "--daemonize", "no"),
            *("--unixsocket", str(self.socket_path), "--unixsocketperm", "700"),
            *("--dir", str(self.directory), "--appendonly", "yes", "--save", ""),
            *("--pidfile", str(self.pid_file), "--maxmemory-policy", "noeviction"),
        ]
        owner = self._operating_user()
        account: dict[str, Any] = {}
        if owner.name is not None:
            account = {"user": owner.uid, "group": min(owner.groups), "extra_groups": []}
        with self.log.open("ab") as stream:
            return subprocess.Popen(
                command,
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
        with step("Redis: stopping"):
            try:
                os.kill(number, signal.SIGTERM)
            except PermissionError as error:
                raise StepError(f"Redis (process {number}) is another user's", remedy="use sudo") from error
            deadline = time.monotonic() + STOP_SECONDS
            while self.process_id() is not None and not _is_zombie(number):
                if time.monotonic() > deadline:
                    raise StepError(f"Redis (process {number}) does not stop", log=self.log)
                time.sleep(0.02)
            self.pid_file.unlink(missing_ok=True)
        return True


def _is_zombie(number: int) -> bool:
    try:
        return Path(f"/proc/{number}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except (OSError, IndexError):
        return True


def ping(socket_path: Path) -> bool:
    """Whether a Redis behind a unix socket answers a PING."""
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(2)
            connection.connect(str(socket_path))
            connection.sendall(b"PING\r\n")
            return connection.recv(64).startswith(b"+PONG")
    except OSError:
        return False


def private_redis(clone: Clone) -> RedisServer:
    """The Redis of this clone."""
    return RedisServer(
        clone.local / "redis", place_redis_socket(clone), clone.run / "redis.pid", clone.log / "redis.log"
    )
