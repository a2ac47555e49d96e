"""A private Redis that listens on nothing but a unix socket and keeps its queue on disk."""

from __future__ import annotations

import socket
from pathlib import Path

from clone import Clone
from placement import OperatingUser, make_private_directory, place_redis_socket
from private_server import PrivateServer


class RedisServer(PrivateServer):
    """One Redis behind a unix socket."""

    name = "Redis"
    process_name = "redis-server"
    remedy = "see the end of the log; a damaged file is mended with redis-check-aof --fix"

    def __init__(self, directory: Path, socket_path: Path, pid_file: Path, log: Path) -> None:
        super().__init__(directory, pid_file, log)
        self.socket_path = socket_path

    def answers(self) -> bool:
        """Whether the server answers a PING (while it loads its file it does not)."""
        return ping(self.socket_path)

    def _prepare(self, owner: OperatingUser) -> list[str]:
        make_private_directory(self.socket_path.parent, owner)
        self.socket_path.unlink(missing_ok=True)
        return [
            *("redis-server", "--port", "0", "--bind", "127.0.0.1", "--daemonize", "no"),
            *("--unixsocket", str(self.socket_path), "--unixsocketperm", "700"),
            *("--dir", str(self.directory), "--appendonly", "yes", "--save", ""),
            *("--pidfile", str(self.pid_file), "--maxmemory-policy", "noeviction"),
        ]


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
