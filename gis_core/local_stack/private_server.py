"""A private server of a clone: started in a directory of its own, found again by its pid file, stopped."""

from __future__ import annotations

import os
import pwd
import signal
import subprocess
import time
from abc import ABC, abstractmethod
from pathlib import Path
from typing import ClassVar

from console import StepError, step
from placement import OperatingUser, make_private_directory

START_SECONDS = 60
STOP_SECONDS = 60


class PrivateServer(ABC):
    """One server: its directory (which is also its working directory), pid file and log."""

    name: ClassVar[str]
    process_name: ClassVar[str]
    # What to do when it does not start.
    remedy: ClassVar[str]

    def __init__(self, directory: Path, pid_file: Path, log: Path) -> None:
        self.directory = directory
        self.pid_file = pid_file
        self.log = log
        self._process: subprocess.Popen[bytes] | None = None

    @abstractmethod
    def answers(self) -> bool:
        """Whether the server answers a client (while it loads its files it may not)."""

    @abstractmethod
    def _prepare(self, owner: OperatingUser) -> list[str]:
        """Make what the server needs beside its directory; the command that starts it."""

    def process_id(self) -> int | None:
        """The number of the running server, or None; a stale pid file's number may be another program's."""
        try:
            number = int(self.pid_file.read_text())
            works_in = Path(f"/proc/{number}/cwd").readlink()
            program = Path(f"/proc/{number}/comm").read_text().strip()
        except (OSError, ValueError):
            return None
        return number if works_in == self.directory.resolve() and program == self.process_name else None

    def start(self) -> bool:
        """Start the server when it is not running; whether this call started it."""
        if self.process_id() is not None and self.answers():
            return False
        with step(f"{self.name}: starting"):
            owner = self._operating_user()
            make_private_directory(self.directory, owner)
            process = None
            if self.process_id() is None:
                process = self._process = self._launch(owner)
            try:
                self._wait_until_ready(process)
            except BaseException:
                if process is not None:
                    process.terminate()
                    process.wait(60)
                raise
        return True

    def stop(self) -> bool:
        """Stop the server (it writes its file first); whether it had been running."""
        number = self.process_id()
        if number is None:
            return False
        with step(f"{self.name}: stopping"):
            try:
                os.kill(number, signal.SIGTERM)
            except PermissionError as error:
                raise StepError(
                    f"{self.name} (process {number}) is another user's", remedy="use sudo"
                ) from error
            deadline = time.monotonic() + STOP_SECONDS
            while self.process_id() is not None and not _is_zombie(number):
                if time.monotonic() > deadline:
                    raise StepError(f"{self.name} (process {number}) does not stop", log=self.log)
                time.sleep(0.02)
            self.pid_file.unlink(missing_ok=True)
            if self._process is not None:
                self._process.wait()
                self._process = None
        return True

    def _wait_until_ready(self, process: subprocess.Popen[bytes] | None) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not self.answers():
            ended = process is not None and process.poll() is not None
            if ended or time.monotonic() > deadline:
                raise StepError(f"{self.name} does not start", log=self.log, remedy=self.remedy)
            time.sleep(0.05)

    def _operating_user(self) -> OperatingUser:
        """The caller; but root in another user's clone keeps to that user, who could not go on otherwise."""
        if os.geteuid() == 0 and self.directory.is_dir() and (owner := self.directory.stat().st_uid) != 0:
            account = pwd.getpwuid(owner)
            return OperatingUser(account.pw_name, owner, frozenset({account.pw_gid}))
        return OperatingUser(None, os.geteuid(), frozenset())

    def _launch(self, owner: OperatingUser) -> subprocess.Popen[bytes]:
        self.pid_file.unlink(missing_ok=True)
        if self._process is not None:
            # One that was killed is still ours to take leave of.
            self._process.wait()
        command = self._prepare(owner)
        with self.log.open("ab") as stream:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=subprocess.STDOUT,
                cwd=self.directory,
                start_new_session=True,
                **owner.process_arguments,
            )
        # Not every server writes it itself, or may.
        self.pid_file.write_text(f"{process.pid}\n")
        return process


def _is_zombie(number: int) -> bool:
    try:
        return Path(f"/proc/{number}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except (OSError, IndexError):
        return True
