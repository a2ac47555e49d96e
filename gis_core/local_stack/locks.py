"""Locks between the programs of one clone. The kernel drops them when their holder dies, however it dies."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import commands
from clone import Clone
from console import StepError, say

# run: one `make run`.  tests: one `make test`, `prove` or `bench`.  setup: whoever changes what is installed.
# servers: shared by everything that uses the private servers, exclusive for stopping them.
RUN, TESTS, SETUP, SERVERS = "run", "tests", "setup", "servers"
SETUP_WAIT_SECONDS = 1800
SERVERS_WAIT_SECONDS = 180


def lock_path(clone: Clone, name: str) -> Path:
    return clone.run / f"{name}.lock"


def parse_holders(lines: list[str], inode: int) -> list[int]:
    """Process numbers that hold a lock on a file, from the lines of /proc/locks.

    A holder's line reads `1: FLOCK  ADVISORY  WRITE 1234 08:01:5678 0 EOF`; one that waits has `->` second.
    """
    fields = (line.split() for line in lines)
    return [
        int(field[4])
        for field in fields
        if len(field) >= 6 and field[1] == "FLOCK" and field[5].rpartition(":")[2] == str(inode)
    ]


def holders(clone: Clone, name: str) -> list[int]:
    """Process numbers, other than ours, that hold the lock."""
    try:
        inode = lock_path(clone, name).stat().st_ino
        lines = Path("/proc/locks").read_text().splitlines()
    except OSError:
        return []
    return [number for number in parse_holders(lines, inode) if number not in {0, os.getpid()}]


def try_lock(descriptor: int, *, shared: bool = False) -> bool:
    """Take the lock (or change it from shared to exclusive) when that is possible at once; whether it was."""
    try:
        fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def held(
    clone: Clone, name: str, *, refusal: str, remedy: str = "", shared: bool = False, wait_seconds: float = 0
) -> Iterator[int]:
    """Hold a lock during the block; its file descriptor.

    When another process has it: wait for `wait_seconds`, saying so, then raise StepError with `refusal`.
    """
    clone.make_directories()
    descriptor = os.open(lock_path(clone, name), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        deadline = time.monotonic() + wait_seconds
        told = False
        while not try_lock(descriptor, shared=shared):
            who = ", ".join(map(str, holders(clone, name))) or "unknown"
            if time.monotonic() >= deadline:
                raise StepError(f"{refusal} (process {who})", remedy=remedy)
            if not told:
                say(f"  waiting: {refusal} (process {who})")
                told = True
            time.sleep(0.2)
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def setting_up(clone: Clone) -> Iterator[None]:
    """Hold the set-up lock; waits for another process of this clone that is at it."""
    with held(
        clone,
        SETUP,
        refusal="another make of this clone is setting up",
        remedy="wait for it or end that process, then try again",
        wait_seconds=SETUP_WAIT_SECONDS,
    ) as descriptor:
        commands.step_locks.add(descriptor)
        try:
            yield
        finally:
            commands.step_locks.discard(descriptor)


@contextmanager
def using_servers(clone: Clone) -> Iterator[int]:
    """Hold the private servers' lock as one user of several; nobody stops them meanwhile."""
    with held(
        clone,
        SERVERS,
        refusal="the servers of this clone are being stopped",
        remedy="try again",
        shared=True,
        wait_seconds=SERVERS_WAIT_SECONDS,
    ) as descriptor:
        yield descriptor


@contextmanager
def stopping_servers(clone: Clone) -> Iterator[None]:
    """Hold the private servers' lock alone; refused while anything uses them."""
    with held(
        clone,
        SERVERS,
        refusal="the servers of this clone are in use",
        remedy="end that first: Ctrl-C in its terminal, or `kill` with the number",
    ):
        yield
