"""What the application itself needs before it runs: its database, its static files, its demonstration."""

from __future__ import annotations

from pathlib import Path

import application_database
import python_environment
import stamps
from clone import Clone
from commands import run_logged, run_on_terminal
from console import StepError, say, step

STATIC_STAMP = "static-files"
DEMONSTRATION_USERS = ("admin", "engineer", "analyst", "crew", "clerk", "cashier", "manager")
DEMONSTRATION_PASSWORD = "tarmoq-demo"


def application_directories(clone: Clone) -> list[Path]:
    return sorted(path.parent for path in clone.root.glob("*/apps.py"))


def manage(clone: Clone, name: str, *arguments: str, failure: str, remedy: str) -> None:
    """Run a command of manage.py with its output in a log."""
    command = [clone.tool("python"), "manage.py", *arguments]
    run_logged(clone, name, command, failure=failure, remedy=remedy)


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
    application_database.bring_up_to_date(clone)
    collect_static_files(clone)
