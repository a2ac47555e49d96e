"""Running other programs: with the output in a log, on the terminal, or captured."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from clone import Clone
from console import StepError

STOP_SECONDS = 15
PR_SET_PDEATHSIG = 1

# Descriptors of locks that the programs of a step keep open with us: when we are killed with -9, such a one
# goes on for a while, and the next set-up has to wait for its end instead of working beside it.
step_locks: set[int] = set()


def die_with_parent() -> None:
    """In a child, before its program starts: be told to end when we die, even by kill -9."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


# What belongs to another Python or to make. Without compiled files kept, each of our programs would compile all of
# Django and of us anew, which doubles the time of every start.
_NOT_OURS = {
    *("PYTHONHOME", "PYTHONPATH", "VIRTUAL_ENV", "PYTHONDONTWRITEBYTECODE"),
    *("MAKEFLAGS", "MFLAGS", "MAKELEVEL"),
}


def application_environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment for programs of `.venv`: ours, without what belongs to another Python."""
    environment = {name: value for name, value in os.environ.items() if name not in _NOT_OURS}
    environment["PYTHONUNBUFFERED"] = "1"
    environment.update(extra or {})
    return environment


def stop_group(process: subprocess.Popen[bytes], seconds: float = STOP_SECONDS) -> None:
    """End a process started in its own session, and its children: politely, then by force."""
    for signal_number, patience in ((signal.SIGTERM, seconds), (signal.SIGKILL, 5.0)):
        try:
            os.killpg(process.pid, signal_number)
        except (ProcessLookupError, PermissionError):
            break
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            continue
    process.poll()


def run_logged(
    clone: Clone,
    name: str,
    command: Sequence[str],
    *,
    failure: str,
    remedy: str = "",
    cwd: Path | None = None,
    environment: Mapping[str, str] | None = None,
    append: bool = False,
) -> None:
    """Run a program with its output in `.local/log/<name>.log`; raise StepError when it fails.

    It runs in a session of its own so that an interrupt ends it with all its children, and none is left.
    """
    log = clone.log / f"{name}.log"
    with log.open("ab" if append else "wb") as stream:
        stream.write(f"$ {' '.join(command)}\n".encode())
        stream.flush()
        try:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=subprocess.STDOUT,
                cwd=cwd or clone.root,
                env=dict(environment) if environment is not None else application_environment(),
                start_new_session=True,
                pass_fds=tuple(step_locks),
            )
        except OSError as error:
            raise StepError(f"{failure}: {error}", log=log, remedy=remedy) from error
        try:
            code = process.wait()
        except BaseException:
            stop_group(process)
            raise
    if code != 0:
        raise StepError(f"{failure} (exit code {code})", log=log, remedy=remedy)


def run_on_terminal(
    clone: Clone, command: Sequence[str], *, environment: Mapping[str, str] | None = None
) -> int:
    """Run a program that talks to the terminal itself (tests, the demonstration); its exit code.

    It stays in our process group, so Ctrl-C reaches it directly and it can end by itself.
    """
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        cwd=clone.root,
        env=dict(environment) if environment is not None else application_environment(),
        preexec_fn=die_with_parent,  # noqa: PLW1509 - this program has one thread
    )
    try:
        return process.wait()
    except BaseException as interruption:
        if not isinstance(interruption, KeyboardInterrupt):
            process.terminate()
        try:
            process.wait(STOP_SECONDS)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
        raise


def capture(
    command: Sequence[str], *, environment: Mapping[str, str] | None = None, seconds: float = 30
) -> tuple[int, str, str]:
    """Exit code, output and errors of a short command; 127 when it cannot be run, 124 when too slow."""
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            text=True,
            errors="replace",
            timeout=seconds,
            env=dict(environment) if environment is not None else None,
        )
    except subprocess.TimeoutExpired:
        return 124, "", f"no answer within {seconds:.0f} s"
    except OSError as error:
        return 127, "", str(error)
    return done.returncode, done.stdout.strip(), done.stderr.strip()
