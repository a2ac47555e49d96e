"""Security events and accesses as structured lines, each with the id of its request.

`tarmoq.security` tells who logged in, who was refused, and what was asked for that is not theirs; `tarmoq.access` tells
every request. Passwords, tokens, codes and query strings (in which people are searched for) are in neither. The list of
events is in docs/security.md.
"""

import json
import logging
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.http import HttpRequest

request_id: ContextVar[str] = ContextVar("request_id", default="")
_security = logging.getLogger("tarmoq.security")
_access = logging.getLogger("tarmoq.access")
_LONGEST = 200


def log_security(event: str, request: HttpRequest | None, **facts: Any) -> None:
    """One event of security, by whom and from where as far as the request tells."""
    _security.info(event, extra={"facts": {**_of_request(request), **facts}})


def log_access(request: HttpRequest, **facts: Any) -> None:
    """One request that was answered."""
    _access.info("request", extra={"facts": {**_of_request(request), **facts}})


def user_of(request: HttpRequest) -> str:
    """The name of who asks, as far as it was looked up already."""
    user = getattr(request, "token_user", None) or getattr(request, "_cached_user", None)
    return user.get_username() if user is not None and user.is_authenticated else ""


def way_of(request: HttpRequest) -> str:
    """How the user was told, or tried to be: `session`, `bearer`, `basic`, or nothing."""
    scheme = request.headers.get("Authorization", "").partition(" ")[0].lower()
    if scheme in ("bearer", "basic"):
        return scheme
    return "session" if user_of(request) else ""


def _of_request(request: HttpRequest | None) -> dict[str, Any]:
    if request is None:
        return {}
    return {
        "user": user_of(request),
        "way": way_of(request),
        "address": request.META.get("REMOTE_ADDR", ""),
        "method": request.method or "",
        "path": request.path_info[:_LONGEST],
    }


def _logged_in(request: HttpRequest, user: Any, **_more: Any) -> None:
    log_security("logged in", request, user=user.get_username())


def _logged_out(request: HttpRequest, user: Any, **_more: Any) -> None:
    if user is not None:
        log_security("logged out", request, user=user.get_username())


def _login_failed(credentials: dict[str, Any], request: HttpRequest | None = None, **_more: Any) -> None:
    log_security("login failed", request, user=str(credentials.get("username", ""))[:_LONGEST])


def connect_signals() -> None:
    """Hear of every log-in, whatever page or program it comes by."""
    user_logged_in.connect(_logged_in, dispatch_uid="security_log")
    user_logged_out.connect(_logged_out, dispatch_uid="security_log")
    user_login_failed.connect(_login_failed, dispatch_uid="security_log")


class JsonLines(logging.Formatter):
    """One JSON object a line: `at` (UTC), `level`, `logger`, `event`, `request_id`, and the facts of the event."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "event": record.getMessage(),
        }
        if request_id.get():
            line["request_id"] = request_id.get()
        line.update(getattr(record, "facts", {}))
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


class PlainLines(logging.Formatter):
    """A line for people; facts follow as JSON, so that nothing that was sent can begin a line of its own."""

    def format(self, record: logging.LogRecord) -> str:
        text = super().format(record)
        facts = getattr(record, "facts", None)
        if not facts:
            return text
        return (
            f"{text} {json.dumps({'request_id': request_id.get(), **facts}, ensure_ascii=False, default=str)}"
        )
