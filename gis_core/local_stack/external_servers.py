"""Servers that were named in the environment: never started or changed, only checked."""

from __future__ import annotations

import socket
import ssl
from urllib.parse import unquote, urlsplit, urlunsplit

from commands import capture
from console import StepFailed, step
from postgres_cluster import EXTENSIONS, PROGRAMS, libpq_environment

REACH_SECONDS = 5
DEFAULT_PORTS = {"redis": 6379, "rediss": 6379, "amqp": 5672, "amqps": 5671}


def without_password(address: str) -> str:
    """The address with the password hidden, for messages."""
    parts = urlsplit(address)
    if not parts.password:
        return address
    network = parts.netloc.replace(f":{parts.password}@", ":***@", 1)
    return urlunsplit(parts._replace(netloc=network))


def libpq_address(address: str) -> str:
    """The same database address in the form that psql understands."""
    scheme, separator, rest = address.partition("://")
    if not separator or scheme not in {"postgis", "postgres", "postgresql"}:
        raise StepFailed(
            f"DATABASE_URL is not a PostGIS address: {without_password(address)}",
            remedy="use postgis://USER:PASSWORD@HOST:PORT/DATABASE, or unset it for a private database",
        )
    return f"postgresql://{rest}"


def query(address: str, statement: str) -> tuple[int, str]:
    """Run SQL on an addressed database: exit code, and the rows (or the error)."""
    command = [str(PROGRAMS / "psql"), "-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1"]
    code, output, errors = capture(
        [*command, "-d", libpq_address(address), "-c", statement], environment=libpq_environment(), seconds=60
    )
    return code, output if code == 0 else errors


def missing_extensions(address: str) -> list[str]:
    """Extensions that the database lacks."""
    code, answer = query(address, "SELECT extname FROM pg_extension")
    if code != 0:
        raise StepFailed(
            f"the database of DATABASE_URL cannot be reached: {answer}",
            remedy="start it or correct DATABASE_URL; unset it to use a private database",
        )
    there = set(answer.split())
    return [extension for extension in EXTENSIONS if extension not in there]


def check_database(address: str) -> None:
    """Check that the database is reachable and has the extensions; make the missing ones when allowed."""
    with step(f"database: checking {without_password(address)}"):
        refused = []
        for extension in missing_extensions(address):
            code, answer = query(address, f"CREATE EXTENSION IF NOT EXISTS {extension} CASCADE")
            if code != 0:
                refused.append((extension, answer))
        if refused:
            statements = " ".join(f"CREATE EXTENSION {name} CASCADE;" for name, _ in refused)
            raise StepFailed(
                f"the database of DATABASE_URL lacks extensions and refuses to make them: {refused[0][1]}",
                remedy=f"let a superuser of that server run in that database: {statements}",
            )


def check_broker(address: str) -> None:
    """Check that the broker accepts a connection and, for Redis, answers."""
    with step(f"broker: checking {without_password(address)}"):
        problem = broker_problem(address)
        if problem:
            raise StepFailed(
                f"the broker of CELERY_BROKER_URL cannot be used: {problem}",
                remedy="start it or correct CELERY_BROKER_URL; unset it to use a private Redis",
            )


def broker_problem(address: str) -> str | None:
    """Why a broker cannot be used, or None when it can."""
    parts = urlsplit(address)
    try:
        port = parts.port or DEFAULT_PORTS.get(parts.scheme)
        if parts.scheme in {"redis+socket", "unix"}:
            connection = socket.socket(socket.AF_UNIX)
            connection.settimeout(REACH_SECONDS)
            connection.connect(unquote(parts.path))
        elif port:
            connection = socket.create_connection((parts.hostname or "localhost", port), REACH_SECONDS)
        else:
            return f"unknown kind of broker: {parts.scheme or address}"
        with connection:
            if parts.scheme == "rediss":
                connection = ssl.create_default_context().wrap_socket(
                    connection, server_hostname=parts.hostname
                )
            return (
                _redis_problem(connection, parts.username, parts.password)
                if "amqp" not in parts.scheme
                else None
            )
    except (OSError, ValueError) as error:
        return str(error)


def _redis_problem(connection: socket.socket, user: str | None, password: str | None) -> str | None:
    if password:
        words = [word for word in (unquote(user or ""), unquote(password)) if word]
        if not _redis_call(connection, "AUTH", *words).startswith("+"):
            return "the password was refused"
    answer = _redis_call(connection, "PING")
    return None if answer.startswith("+PONG") else f"answered {answer[:80]!r} to PING"


def _redis_call(connection: socket.socket, *words: str) -> str:
    encoded = [word.encode() for word in words]
    parts = [b"*%d\r\n" % len(encoded), *(b"$%d\r\n%s\r\n" % (len(word), word) for word in encoded)]
    connection.sendall(b"".join(parts))
    return connection.recv(200).decode("utf-8", "replace").strip()
