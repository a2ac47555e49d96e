"""What the application itself needs before it runs: its tables, its static files, its demonstration."""

from __future__ import annotations

import os
from pathlib import Path

import environment_file
import external_servers
import front_end
import python_environment
import stamps
from clone import Clone
from commands import run_logged, run_on_terminal
from console import StepError, say, step

MIGRATIONS_STAMP = "migrations"
STATIC_STAMP = "static-files"
DEMONSTRATION_USERS = ("admin", "engineer", "analyst", "crew", "clerk", "manager")
DEMONSTRATION_PASSWORD = "tarmoq-demo"


def database_address(clone: Clone) -> str:
    """The address that the application will use."""
    address = os.environ.get("DATABASE_URL") or environment_file.read(clone.environment_file).get(
        "DATABASE_URL"
    )
    if not address:
        raise StepError("there is no database address", remedy="make up")
    return address


def application_directories(clone: Clone) -> list[Path]:
    return sorted(path.parent for path in clone.root.glob("*/apps.py"))


def source_files(clone: Clone) -> list[Path]:
    """Python and SQL of every application, without this package and whatever is not ours."""
    found: list[Path] = []
    for top in application_directories(clone):
        for path, directories, names in os.walk(top):
            directories[:] = [
                name
                for name in directories
                if name not in {"local_stack", "node_modules", "__pycache__", "static"}
            ]
            found += (Path(path) / name for name in names if name.endswith((".py", ".sql")))
    return found


def manage(clone: Clone, name: str, *arguments: str, failure: str, remedy: str) -> None:
    """Run a command of manage.py with its output in a log."""
    command = [clone.tool("python"), "manage.py", *arguments]
    run_logged(clone, name, command, failure=failure, remedy=remedy)


def _database_state(clone: Clone) -> tuple[str, str]:
    """What identifies the database, and which migrations it has; empty texts when it does not say."""
    address = database_address(clone)
    identity = (
        "SELECT (pg_control_system()).system_identifier, oid "
        "FROM pg_database WHERE datname = current_database()"
    )
    applied = "SELECT count(*), max(id), md5(string_agg(app || name, ',' ORDER BY id)) FROM django_migrations"
    answers = [external_servers.query(address, statement) for statement in (identity, applied)]
    who, what = (answer if code == 0 else "" for code, answer in answers)
    return who, what


def migrate(clone: Clone) -> None:
    """Apply the migrations.

    Skipped only when the code is what it was, the database is the same one, and it still has the same
    migrations. All code counts, not the migrations alone: SQL files are installed again by `migrate`.
    """
    code = stamps.hash_of(source_files(clone), python_environment.lock_hash(clone), root=clone.root)
    identity, applied = _database_state(clone)
    stamp = stamps.read(clone, MIGRATIONS_STAMP)
    if (
        identity
        and applied
        and (stamp.get("hash"), stamp.get("database"), stamp.get("applied"))
        == (
            code,
            identity,
            applied,
        )
    ):
        return
    stamps.remove(clone, MIGRATIONS_STAMP)
    with step("database: applying the migrations"):
        manage(
            clone,
            "migrate",
            "migrate",
            "--no-input",
            failure="the migrations could not be applied",
            remedy="each migration is all or nothing: correct what the log names, then try again",
        )
    identity, applied = _database_state(clone)
    if identity and applied:
        stamps.write(clone, MIGRATIONS_STAMP, code, database=identity, applied=applied)


def collect_static_files(clone: Clone) -> None:
    """Gather the static files that the web server hands out, when any of them changed."""
    files = [
        path
        for top in application_directories(clone)
        for path in (top / "static").rglob("*")
        if path.is_file() and "node_modules" not in path.parts
    ]
    files += (clone.root / "gis_core" / "settings").glob("*.py")
    files_hash = stamps.hash_of(files, python_environment.lock_hash(clone), root=clone.root)
    if (clone.local / "static").is_dir() and stamps.is_current(clone, STATIC_STAMP, files_hash):
        return
    stamps.remove(clone, STATIC_STAMP)
    with step("static files: collecting"):
        manage(
            clone,
            "collectstatic",
            "collectstatic",
            "--no-input",
            "--clear",
            failure="the static files could not be collected",
            remedy="see the log, then try again",
        )
    stamps.write(clone, STATIC_STAMP, files_hash)


def load_demonstration(clone: Clone) -> None:
    """Load the demonstration into an empty database; its progress is shown on the terminal."""
    say("  demonstration: loading it if the database is empty")
    code = run_on_terminal(clone, [clone.tool("python"), "manage.py", "demo", "--if-empty"])
    if code != 0:
        raise StepError(
            f"the demonstration could not be loaded (exit code {code})",
            remedy="see its message above; it is loaded as a whole or not at all, so just try again",
        )


def describe_users() -> None:
    say(f"  users    {', '.join(DEMONSTRATION_USERS)}; password {DEMONSTRATION_PASSWORD}")


def prepare(clone: Clone) -> None:
    """Everything that needs the database and `.venv`, in order."""
    migrate(clone)
    collect_static_files(clone)


def is_built(clone: Clone) -> bool:
    """Whether `.venv` and the pages are there and current (for doctor)."""
    return python_environment.is_current(clone) and front_end.is_current(clone)
