"""What the person at the terminal sees: one line for each step, and what to do when one fails."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

TAIL_LINES = 25


class StepError(Exception):
    """A step could not be done.

    `message` says what failed, `log` is the file with the details (or None) and `remedy` says what to do.
    """

    def __init__(self, message: str, *, log: Path | None = None, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.log = log
        self.remedy = remedy


class Interrupted(BaseException):
    """SIGTERM or SIGHUP arrived; like KeyboardInterrupt it must unwind every `finally`."""

    def __init__(self, signal_number: int) -> None:
        super().__init__(signal_number)
        self.signal_number = signal_number


def say(text: str = "") -> None:
    """Print one line at once, even into a pipe."""
    # The terminal may be gone (SIGHUP). Stopping the servers matters more than the message.
    with suppress(OSError):
        print(text, flush=True)


@contextmanager
def step(title: str) -> Iterator[None]:
    """Print `title`, run the block, and end the line with its outcome and duration."""
    began = time.monotonic()
    with suppress(OSError):
        print(f"  {title} ... ", end="", flush=True)
    try:
        yield
    except StepError:
        say("FAILED")
        raise
    except BaseException:
        say("interrupted")
        raise
    say(f"ok ({time.monotonic() - began:.1f} s)")


def tail(log: Path, lines: int = TAIL_LINES) -> str:
    """The last lines of a log file, or an empty text when it cannot be read."""
    try:
        with log.open("rb") as stream:
            size = stream.seek(0, 2)
            stream.seek(max(0, size - 64_000))
            text = stream.read().decode("utf-8", "replace")
    except OSError:
        return ""
    return "\n".join(text.splitlines()[-lines:])


def report_failure(failure: StepError) -> None:
    """Say what failed, show the end of its log, and say where the log is and what to do."""
    error = sys.stderr
    print(f"\nFAILED: {failure.message}", file=error)
    if failure.log is not None:
        end = tail(failure.log)
        if end:
            print("".join(f"  | {line}\n" for line in end.splitlines()), end="", file=error)
        print(f"  log:        {failure.log}", file=error)
    if failure.remedy:
        print(f"  what to do: {failure.remedy}", file=error)
    error.flush()
