"""`.venv` with exactly the packages of `requirements.lock`, each checked against its hash."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import stamps
from clone import Clone
from commands import application_environment, capture, run_logged
from console import StepError, say, step

STAMP = "python"
LOG = "python"
VERSION = (3, 11)
REMEDY = "see that the package index can be reached (pip's own configuration applies), then try again"


def base_python() -> str:
    """The interpreter that `.venv` is made with: ours, or the one below ours when we run in a venv."""
    if sys.version_info[:2] != VERSION:
        found = shutil.which("python3.11")
        if found is None:
            raise StepError(
                f"Python 3.11 is needed, this is {sys.version.split()[0]}",
                remedy="install it (Debian 12: apt-get install python3 python3-venv)",
            )
        return found
    return str(getattr(sys, "_base_executable", None) or sys.executable)


def lock_hash(clone: Clone) -> str:
    """What `.venv` was made from: the lock, and its own path, because its programs name it."""
    return stamps.hash_of([clone.root / "requirements.lock"], str(clone.virtual_environment), root=clone.root)


def is_current(clone: Clone) -> bool:
    """Whether `.venv` is whole and belongs to this lock and this place."""
    return os.access(clone.tool("python"), os.X_OK) and stamps.is_current(clone, STAMP, lock_hash(clone))


def install(clone: Clone) -> None:
    """Make or bring up to date `.venv`; does nothing when the stamp says that it is whole."""
    if is_current(clone):
        return
    if not (clone.root / "requirements.lock").is_file():
        raise StepError("requirements.lock is missing", remedy="restore it: git checkout requirements.lock")
    stamps.remove(clone, STAMP)
    (clone.log / f"{LOG}.log").unlink(missing_ok=True)
    usable = _is_usable(clone)
    if not usable:
        _make(clone, clone.virtual_environment, "Python: making .venv")
    uv = _uv(clone)
    with step("Python: installing the packages of requirements.lock"):
        try:
            _sync(clone, uv)
        except StepError:
            if not usable:
                raise
            # What was there may be damaged in a way that no tool mends; a fresh one is always right.
            say("that .venv cannot be mended, making it again")
            _make(clone, clone.virtual_environment, "Python: making .venv again")
            _sync(clone, uv)
    stamps.write(clone, STAMP, lock_hash(clone))


def _is_usable(clone: Clone) -> bool:
    """Whether `.venv` is a working Python 3.11 that was made at this place (a copy names its origin)."""
    code, output, _ = capture([clone.tool("python"), "-c", "import sys, pip; print(*sys.version_info[:2])"])
    if code != 0 or output != f"{VERSION[0]} {VERSION[1]}":
        return False
    try:
        activate = (clone.virtual_environment / "bin" / "activate").read_text(
            encoding="utf-8", errors="replace"
        )
    except OSError:
        return False
    lines = (line.strip().replace('"', "").replace("'", "") for line in activate.splitlines())
    return f"VIRTUAL_ENV={clone.virtual_environment}" in lines


def _make(clone: Clone, directory: Path, title: str) -> None:
    with step(title):
        if directory.is_symlink():
            directory.unlink()
        elif directory.exists():
            shutil.rmtree(directory)
        run_logged(
            clone,
            LOG,
            [base_python(), "-m", "venv", str(directory)],
            failure=f"{directory} could not be made",
            remedy="install the package python3-venv, then try again",
            append=True,
        )


def _uv(clone: Clone) -> str | None:
    """The path of uv, in a tiny environment of its own since the lock does not name it; None without it."""
    directory = clone.local / "uv"
    program = directory / "bin" / "uv"
    if capture([str(program), "--version"])[0] == 0:
        return str(program)
    _make(clone, directory, "Python: making a place for uv")
    with step("Python: installing uv"):
        try:
            run_logged(
                clone,
                LOG,
                [str(directory / "bin" / "python"), "-m", "pip", "install", "--quiet", "uv"],
                failure="uv could not be installed",
                append=True,
            )
        except StepError:
            say("not possible, pip will do")
            return None
    return str(program)


def _sync(clone: Clone, uv: str | None) -> None:
    """Install with uv; with pip when uv fails, for pip may know a mirror that uv does not."""
    lock = str(clone.root / "requirements.lock")
    python = clone.tool("python")
    if uv is not None:
        try:
            run_logged(
                clone,
                LOG,
                [uv, "pip", "sync", "--require-hashes", "--python", python, lock],
                failure="uv could not install the packages",
                environment=application_environment({"UV_PYTHON_DOWNLOADS": "never", "UV_NO_PROGRESS": "1"}),
                append=True,
            )
        except StepError:
            say("uv failed, pip tries ... ")
        else:
            return
    run_logged(
        clone,
        LOG,
        [python, "-m", "pip", "install", "--require-hashes", "--no-input", "-r", lock],
        failure="the packages of requirements.lock could not be installed",
        remedy=REMEDY,
        append=True,
    )
