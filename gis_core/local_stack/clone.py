"""The paths of one clone, and the short name that keeps it apart from other clones on the machine."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from console import StepError


@dataclass(frozen=True)
class Clone:
    """One working copy. Everything that the set-up makes lies below `local`, except where noted."""

    root: Path

    @property
    def local(self) -> Path:
        return self.root / ".local"

    @property
    def log(self) -> Path:
        return self.local / "log"

    @property
    def run(self) -> Path:
        return self.local / "run"

    @property
    def stamps(self) -> Path:
        return self.local / "stamps"

    @property
    def environment_file(self) -> Path:
        return self.local / "environment"

    @property
    def virtual_environment(self) -> Path:
        return self.root / ".venv"

    @property
    def short_hash(self) -> str:
        """Ten hexadecimal digits of the clone's real path: equal in every run, different in every clone."""
        return hashlib.sha256(os.fsencode(self.root)).hexdigest()[:10]

    def tool(self, name: str) -> str:
        """The path of a program in `.venv`."""
        return str(self.virtual_environment / "bin" / name)

    def make_directories(self) -> None:
        """Make `.local` and the directories in it that the set-up writes to.

        `.local` itself is open to traversal because the operating system's postgres user must reach its
        cluster below it; what is private (log, run, stamps) is closed one level further down.
        """
        try:
            self.local.mkdir(exist_ok=True)
            if self.local.stat().st_uid == os.geteuid():
                self.local.chmod(0o755)
            for directory in (self.log, self.run, self.stamps):
                directory.mkdir(exist_ok=True)
                if directory.stat().st_uid == os.geteuid():
                    directory.chmod(0o700)
        except PermissionError as error:
            raise self._not_ours(error) from error
        if not all(os.access(directory, os.W_OK) for directory in (self.local, self.log, self.run)):
            raise self._not_ours(None)

    def require_access(self) -> None:
        """Refuse to look at a clone whose state belongs to another user."""
        if self.run.is_dir() and not os.access(self.run, os.R_OK | os.X_OK):
            raise self._not_ours(None)

    def _not_ours(self, error: OSError | None) -> StepError:
        detail = f" ({error})" if error else ""
        return StepError(
            f"{self.local} is not open to this user{detail}",
            remedy="it was made by another user: work as that user (or with sudo), or `sudo make clean`",
        )


def this_clone() -> Clone:
    """The clone that this file belongs to."""
    return Clone(Path(__file__).resolve().parents[2])
