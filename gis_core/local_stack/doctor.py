"""`make doctor`: what is installed, running, free and reachable, and what to do about what is not."""

from __future__ import annotations

import json
import os
import shutil
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

import application_database
import environment_file
import external_servers
import front_end
import locks
import processes
import python_environment
import schema_files
import servers
import system_packages
from clone import Clone
from commands import application_environment, capture
from console import StepError, say
from mosquitto_server import private_mosquitto
from postgres_cluster import EXTENSIONS, private_cluster
from redis_server import private_redis

GIB = 1024**3
DISK_NEEDED_GIB = 2.0
MEMORY_NEEDED_GIB = 1.0


@dataclass(frozen=True)
class Diagnosis:
    """One row of the table. `ok` is None for what is neither right nor wrong (a web server at rest)."""

    group: str
    name: str
    ok: bool | None
    detail: str
    remedy: str = ""


def examine(clone: Clone, port: int) -> list[Diagnosis]:
    """Look at everything; changes nothing."""
    findings = [*_packages(), *_environments(clone), *_resources(clone), *_servers(clone)]
    findings += _database(clone)
    findings += _passwords(clone)
    findings += _web(clone, port)
    return findings


def _packages() -> list[Diagnosis]:
    installed = system_packages.installed_versions()
    return [
        Diagnosis(
            "installed", name, name in installed, installed.get(name, "missing"), "make setup installs it"
        )
        for name in system_packages.PACKAGES
    ]


def _environments(clone: Clone) -> list[Diagnosis]:
    code, version, _ = capture([clone.tool("python"), "--version"])
    current = python_environment.is_current(clone)
    python = version if code == 0 else "missing"
    if code == 0 and not current:
        python += ", not as requirements.lock says"
    node_directory = front_end.node_directory(clone)
    node = capture([str(node_directory / "node"), "--version"])[1] if node_directory else ""
    pages = front_end.is_current(clone)
    return [
        Diagnosis("installed", ".venv", current, python, "make setup makes it"),
        Diagnosis("installed", "node", bool(node), node or "missing", "make setup installs it into .venv"),
        Diagnosis(
            "installed",
            "pages",
            pages,
            "built" if pages else "not built from the present sources",
            "make setup",
        ),
    ]


def _resources(clone: Clone) -> list[Diagnosis]:
    disk_gib = shutil.disk_usage(clone.root).free / GIB
    memory_gib = _available_memory_bytes() / GIB
    return [
        Diagnosis(
            "free",
            "disk",
            disk_gib >= DISK_NEEDED_GIB,
            f"{disk_gib:.1f} GiB at {clone.root}",
            f"free some: {DISK_NEEDED_GIB:.0f} GiB are needed",
        ),
        Diagnosis(
            "free",
            "memory",
            memory_gib >= MEMORY_NEEDED_GIB,
            f"{memory_gib:.1f} GiB",
            f"end other programs: {MEMORY_NEEDED_GIB:.0f} GiB is needed",
        ),
    ]


def _passwords(clone: Clone) -> list[Diagnosis]:
    """Whether a list of breached passwords is named, and can be read."""
    values = {**environment_file.read(clone.environment_file), **os.environ}
    path = values.get("TARMOQ_BREACHED_PASSWORDS", "")
    if not path:
        return [Diagnosis("reachable", "breached passwords", None, "no list is set (docs/security.md)")]
    readable = os.access(path, os.R_OK)
    detail = path if readable else f"{path} cannot be read"
    return [
        Diagnosis("reachable", "breached passwords", readable, detail, "correct TARMOQ_BREACHED_PASSWORDS")
    ]


def _available_memory_bytes() -> int:
    for line in Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    return 0


def _servers(clone: Clone) -> list[Diagnosis]:
    findings = []
    if servers.uses_private_database():
        try:
            cluster = private_cluster(clone)
            process, made = cluster.postmaster(), cluster.exists()
            state = f"process {process}, socket in {cluster.socket_directory}" if process else "stopped"
            findings.append(
                Diagnosis(
                    "running", "postgresql", process is not None, state if made else "not made", "make up"
                )
            )
        except (StepError, OSError) as error:
            findings.append(
                Diagnosis("running", "postgresql", False, str(error), "make setup, as the clone's owner")
            )
    if servers.uses_private_broker():
        redis = private_redis(clone)
        process = redis.process_id()
        state = f"process {process}, socket {redis.socket_path}" if process else "stopped"
        findings.append(Diagnosis("running", "redis", process is not None, state, "make up"))
    if servers.uses_private_mqtt():
        mosquitto = private_mosquitto(clone)
        process = mosquitto.process_id()
        state = f"process {process}, port {mosquitto.port}" if process else "stopped"
        findings.append(Diagnosis("running", "mosquitto", process is not None, state, "make up"))
    values = {**environment_file.read(clone.environment_file), **os.environ}
    broker = values.get("CELERY_BROKER_URL", "")
    problem = external_servers.broker_problem(broker) if broker else "no address yet"
    address = external_servers.without_password(broker)
    remedy = "make up" if servers.uses_private_broker() else "start it, or correct CELERY_BROKER_URL"
    findings.append(Diagnosis("reachable", "broker", problem is None, problem or address, remedy))
    mqtt = values.get("MQTT_URL", "")
    problem = external_servers.mqtt_problem(mqtt) if mqtt else "no address yet"
    address = external_servers.without_password(mqtt)
    remedy = "make up" if servers.uses_private_mqtt() else "start it, or correct MQTT_URL"
    findings.append(Diagnosis("reachable", "mqtt", problem is None, problem or address, remedy))
    return findings


def _database(clone: Clone) -> list[Diagnosis]:
    remedy = "make up" if servers.uses_private_database() else "start it, or correct DATABASE_URL"
    try:
        address = application_database.address(clone)
        missing = external_servers.missing_extensions(address)
    except StepError as failure:
        return [Diagnosis("reachable", "database", False, failure.message.splitlines()[0], remedy)]
    there = [name for name in EXTENSIONS if name not in missing]
    detail = f"missing: {', '.join(missing)}" if missing else ", ".join(there)
    findings = [
        Diagnosis("reachable", "database", True, external_servers.without_password(address)),
        Diagnosis(
            "reachable", "extensions", not missing, detail, "a superuser makes them: CREATE EXTENSION ..."
        ),
    ]
    findings += _roles(address)
    command = [clone.tool("python"), "manage.py", "migrate", "--check"]
    code, output, errors = capture(
        ["env", "-C", str(clone.root), *command], environment=application_environment(), seconds=60
    )
    said = (errors or output).splitlines()
    detail = (
        "all applied" if code == 0 else (said[-1] if said and "Error" in said[-1] else "some are not applied")
    )
    findings.append(Diagnosis("reachable", "migrations", code == 0, detail, "make setup applies them"))
    is_current = application_database.state(clone).code == schema_files.code_hash(clone.root)
    detail = "those of the code" if is_current else "not those of the code"
    findings.append(
        Diagnosis("reachable", "functions and triggers", is_current, detail, "make setup installs them")
    )
    return findings


def _roles(address: str) -> list[Diagnosis]:
    """Whether the application owns what it works on; nothing is said of a database without tables."""
    code, answer = external_servers.query(
        address,
        "SELECT pg_has_role(relowner, 'USAGE') FROM pg_class WHERE oid = to_regclass('public.gis_core_auditevent')",
    )
    if code != 0 or not answer:
        return []
    is_owner = answer == "t"
    detail = (
        "the application owns its tables: its password switches off all guards of the ledger and the history"
        if is_owner
        else "the application owns nothing"
    )
    remedy = "make a role of its own for it and set DATABASE_MIGRATION_URL (docs/operations.md, Two roles)"
    return [Diagnosis("reachable", "roles", not is_owner, detail, remedy)]


def _web(clone: Clone, port: int) -> list[Diagnosis]:
    runners = locks.holders(clone, locks.RUN)
    port_file = clone.run / "port"
    if runners and port_file.is_file():
        serving = int(port_file.read_text())
        healthy = processes.is_healthy(serving)
        detail = f"http://{processes.HOST}:{serving} {'answers' if healthy else 'does not answer'}"
        detail += f", make run is process {runners[0]}"
        return [Diagnosis("reachable", "web", healthy, detail, f"see {clone.log}/web.log")]
    free = processes.port_is_free(port)
    return [
        Diagnosis("free", f"port {port}", free, "free" if free else "in use", f"make run PORT={port + 1}"),
        Diagnosis("reachable", "web", None, "not running (make run starts it)"),
    ]


def report(clone: Clone, port: int, *, as_json: bool = False) -> int:
    """Print the table (or JSON) and return the exit code: 1 when something is wrong."""
    findings = examine(clone, port)
    wrong = [finding for finding in findings if finding.ok is False]
    if as_json:
        json.dump(
            {"ok": not wrong, "findings": [asdict(finding) for finding in findings]}, sys.stdout, indent=1
        )
        say()
        return 1 if wrong else 0
    width = max(len(finding.name) for finding in findings)
    group = ""
    for finding in sorted(
        findings, key=lambda finding: ["installed", "running", "free", "reachable"].index(finding.group)
    ):
        if finding.group != group:
            group = finding.group
            say(group)
        mark = {True: "ok", False: "WRONG", None: "-"}[finding.ok]
        say(f"  {finding.name:<{width}}  {mark:<5}  {finding.detail}")
        if finding.ok is False and finding.remedy:
            say(f"  {'':<{width}}         -> {finding.remedy}")
    say(f"\n{len(wrong)} wrong" if wrong else "\nnothing is wrong")
    return 1 if wrong else 0
