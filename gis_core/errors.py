"""Errors meant for people: what is wrong, where, and what to do."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.utils.translation import gettext_noop as _

from gis_core.sentences import Sentence, in_words

# Where files of a server lie, ours or the system's; addresses of the API begin otherwise.
_ROOTS = "bin|boot|dev|etc|home|lib\\w*|media|mnt|opt|proc|root|run|sbin|srv|sys|tmp|usr|var"
_SERVER_PATH = re.compile(
    rf"(?<![\w/.:-])(?:/(?:{_ROOTS})|{re.escape(str(Path(__file__).resolve().parents[1]))})(?:/[^\s'\",;:)<>]+)+"
)
# PostgreSQL tells the row that stood in the way, whosesoever it is.
_DATABASE_ASIDE = re.compile(r"\s*\b(?:DETAIL|HINT|CONTEXT|QUERY|LINE \d+):.*", re.DOTALL)


def without_insides(text: str) -> str:
    """A text for people elsewhere: of paths on this server the last part only, of the database its first sentence."""
    return _SERVER_PATH.sub(lambda found: found[0].rpartition("/")[2], _DATABASE_ASIDE.sub("", text))


def outward(value: Any) -> Any:
    """A document for people elsewhere, every text in it without insides."""
    if isinstance(value, str):
        return without_insides(value)
    if isinstance(value, dict):
        return {name: outward(inner) for name, inner in value.items()}
    return [outward(inner) for inner in value] if isinstance(value, list) else value


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
            details=[
                {
                    "element": f"{element} {uid}",
                    "reason": Sentence(_("its version is {version}"), version=version),
                }
            ],
        )
        self.element = element
        self.uid = uid
        self.version = version
