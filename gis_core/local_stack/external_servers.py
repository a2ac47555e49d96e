"""Servers that were named in the environment: never started or changed, only checked."""

from __future__ import annotations

import os
import socket
import ssl
from urllib.parse import unquote, urlsplit, urlunsplit

from commands import capture
from console import StepError, step
from postgres_cluster import EXTENSIONS, PROGRAMS, TEMPLATE, libpq_environment

REACH_SECONDS = 5
MQTT_PORTS = {"mqtt": 1883, "mqtts": 8883}
DEFAULT_PORTS = {"redis": 6379, "rediss": 6379, "amqp": 5672, "amqps": 5671}


def migrating_address() -> str:
    """The address of whoever owns the tables of a database that the environment names; one role may be both."""
    return os.environ.get("DATABASE_MIGRATION_URL") or os.environ["DATABASE_URL"]


def without_password(address: str) -> str:
    """The address with the password hidden, for messages."""
    parts = urlsplit(address)
    if not parts.password:
        return address
    network = parts.netloc.replace(f":{parts.password}@", ":***@", 1)
    return urlunsplit(parts._replace(netloc=network))


def split_password(address: str) -> tuple[str, str]:
    """The address without its password, and the password: other users can read a command's words."""
    parts = urlsplit(address)
    if not parts.password:
        return address, ""
    network = parts.netloc.replace(f":{parts.password}@", "@", 1)
    return urlunsplit(parts._replace(netloc=network)), unquote(parts.password)


def libpq_address(address: str) -> str:
    """The same database address in the form that psql understands."""
    scheme, separator, rest = address.partition("://")
    if not separator or scheme not in {"postgis", "postgres", "postgresql"}:
        raise StepError(
            f"DATABASE_URL is not a PostGIS address: {without_password(address)}",
            remedy="use postgis://USER:PASSWORD@HOST:PORT/DATABASE, or unset it for a private database",
        )
    return f"postgresql://{rest}"


def query(address: str, statement: str) -> tuple[int, str]:
    """Run SQL on an addressed database: exit code, and the rows (or the error)."""
    bare, password = split_password(libpq_address(address))
    environment = libpq_environment()
    if password:
        environment["PGPASSWORD"] = password
    command = [str(PROGRAMS / "psql"), "-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1"]
    code, output, errors = capture(
        [*command, "-d", bare, "-c", statement], environment=environment, seconds=60
    )
    return code, output if code == 0 else errors


def missing_extensions(address: str) -> list[str]:
    """Extensions that the database lacks."""
    code, answer = query(address, "SELECT extname FROM pg_extension")
    if code != 0:
        raise StepError(
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
            raise StepError(
                f"the database of DATABASE_URL lacks extensions and refuses to make them: {refused[0][1]}",
                remedy=f"let a superuser of that server run in that database: {statements}",
            )


def check_test_template(address: str) -> None:
    """Check that the server has the template that the test database is cloned from, and may clone it."""
    with step("database: looking for the tests' template"):
        code, answer = query(address, f"SELECT 1 FROM pg_database WHERE datname = '{TEMPLATE}'")
        if code != 0 or answer != "1":
            statements = " ".join(f"CREATE EXTENSION {name} CASCADE;" for name in EXTENSIONS)
            raise StepError(
                f"the server of DATABASE_URL has no database {TEMPLATE}, from which the tests make theirs",
                remedy=f"let a superuser run: CREATE DATABASE {TEMPLATE} IS_TEMPLATE true; then in it: "
                f"{statements} and give the user of DATABASE_MIGRATION_URL the right CREATEDB and the role of "
                "DATABASE_URL (GRANT the one TO the other); or unset DATABASE_URL",
            )


def check_broker(address: str) -> None:
    """Check that the broker accepts a connection and, for Redis, answers."""
    with step(f"broker: checking {without_password(address)}"):
        problem = broker_problem(address)
        if problem:
            raise StepError(
                f"the broker of CELERY_BROKER_URL cannot be used: {problem}",
                remedy="start it or correct CELERY_BROKER_URL; unset it to use a private Redis",
            )


def check_mqtt(address: str) -> None:
    """Check that the MQTT broker accepts a connection."""
    with step(f"MQTT: checking {without_password(address)}"):
        problem = mqtt_problem(address)
        if problem:
            raise StepError(
                f"the broker of MQTT_URL cannot be used: {problem}",
                remedy="start it or correct MQTT_URL (mqtt://user:password@host:1883), or unset it for a private one",
            )


def mqtt_problem(address: str) -> str | None:
    """Why an MQTT broker cannot be reached, or None when it can."""
    parts = urlsplit(address)
    try:
        if parts.scheme not in MQTT_PORTS:
            return f"unknown kind of address: {parts.scheme or address}"
        port = parts.port or MQTT_PORTS[parts.scheme]
        socket.create_connection((parts.hostname or "localhost", port), REACH_SECONDS).close()
    except (OSError, ValueError) as error:
        return str(error)
    return None


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
