"""Gives each request an id, writes down how it was answered, and keeps answers out of caches."""

import re
import time
import uuid
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from gis_core.security_log import log_access, log_security, request_id, user_of

HEADER = "X-Request-ID"
_GIVEN = re.compile(r"[A-Za-z0-9._-]{8,64}")
# Asked for by programs that watch and by every page; they tell nothing.
_UNLOGGED = ("/healthz/", settings.STATIC_URL, "/favicon.ico")
_REFUSALS = {401: "not authenticated", 403: "refused", 404: "not found or not theirs", 429: "too many"}


class RequestLogMiddleware:
    """Comes right after the client's address is known, around all that answers."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.headers.get(HEADER, "")
        name = given if _GIVEN.fullmatch(given) else uuid.uuid4().hex
        reset = request_id.set(name)
        began = time.monotonic()
        try:
            response = self._get_response(request)
            response[HEADER] = name
            # What says nothing of its own is kept by no browser and no proxy: nearly all of it is somebody's.
            response.headers.setdefault("Cache-Control", "no-store")
            if not request.path_info.startswith(_UNLOGGED):
                _write_down(request, response, time.monotonic() - began)
            return response
        finally:
            request_id.reset(reset)


def _write_down(request: HttpRequest, response: HttpResponse, seconds: float) -> None:
    facts = {"status": response.status_code, "ms": round(seconds * 1000, 1)}
    if not response.streaming:
        facts["bytes"] = len(response.content)
    log_access(request, **facts)
    if response.status_code in _REFUSALS and (user_of(request) or response.status_code in (401, 429)):
        log_security(_REFUSALS[response.status_code], request, status=response.status_code)
