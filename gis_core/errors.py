"""Errors meant for people: what is wrong, where, and what to do."""

from collections.abc import Sequence
from typing import Any

from gis_core.sentences import in_words


class ReportedError(Exception):
    """A failure the user can act on. Commands print it and exit 1; the API answers 400 with it.

    `details` is a list of findings, each a dict (for files: `line`, `element`, `reason`).
    """

    def __init__(self, message: str, *, code: str = "error", details: Sequence[dict[str, Any]] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.details = list(details)

    def as_dict(self) -> dict[str, Any]:
        """For the asker, in the active language; `message` itself stays English."""
        details = [{name: in_words(value) for name, value in detail.items()} for detail in self.details]
        return {"error": {"code": self.code, "message": in_words(self.message), "details": details}}


class StaleVersion(ReportedError):
    """Somebody changed the row since the asker read it. The API answers 412 with the row as it is."""

    def __init__(self, message: str, *, element: str, uid: str, version: int) -> None:
        super().__init__(
            message,
            code="stale_version",
            details=[{"element": f"{element} {uid}", "reason": f"its version is {version}"}],
        )
        self.element = element
        self.uid = uid
        self.version = version
