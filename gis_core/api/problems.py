"""Errors outside Django REST framework as RFC 9457 has them, and never as a page for programs that ask an API."""

import json
from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

PROBLEM = "application/problem+json"
# Addresses below these are for programs.
SENSORTHINGS_PREFIX = "/sta/"
API_PREFIXES = ("/api/", "/ogc/", SENSORTHINGS_PREFIX, "/tiles/")
_TITLES = {
    400: _("Bad request"),
    401: _("Not logged in"),
    403: _("Refused"),
    404: _("Not found"),
    405: _("Method not allowed"),
    406: _("Not acceptable"),
    409: _("Conflict"),
    422: _("Cannot be processed"),
    429: _("Too many guesses"),
    500: _("Fault"),
    503: _("Too expensive"),
}
# What Django itself answers with a page, and what is said in its place.
_WORDS = {
    400: ("BadRequest", _("The request cannot be read.")),
    403: ("Refused", _("The request is refused: a session changes something only with its CSRF token.")),
    404: ("NotFound", _("Not found.")),
    405: ("MethodNotAllowed", _("This address does not take that method.")),
    500: ("Fault", _("The server has a fault; its log says which.")),
}


def problem(status: int, code: str, description: str) -> HttpResponse:
    """An error as RFC 9457 and OGC's exception schema have it, in one object."""
    document = {
        "type": "about:blank",
        "title": gettext(_TITLES.get(status, _("Error"))),
        "status": status,
        "detail": description,
        "code": code,
        "description": description,
    }
    return HttpResponse(json.dumps(document, ensure_ascii=False), status=status, content_type=PROBLEM)


def problem_at(path: str, status: int, code: str, description: str) -> HttpResponse:
    """An error in the form of the interface that the path belongs to; SensorThings has one of its own."""
    if not path.startswith(SENSORTHINGS_PREFIX):
        return problem(status, code, description)
    text = json.dumps(sensorthings_error(status, description), ensure_ascii=False)
    return HttpResponse(text, status=status, content_type="application/json")


def sensorthings_error(status: int, message: str) -> dict[str, Any]:
    """The body of an error of SensorThings."""
    return {"code": status, "type": "error", "message": message}


class ProblemMiddleware:
    """Turns the error pages below the APIs' addresses into problems; headers such as Allow stay."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self._get_response(request)
        if (
            response.status_code not in _WORDS
            or not request.path_info.startswith(API_PREFIXES)
            or not response.get("Content-Type", "text/html").startswith("text/html")
        ):
            return response
        code, words = _WORDS[response.status_code]
        answer = problem_at(request.path_info, response.status_code, code, gettext(words))
        for name in ("Allow", "Vary", "Cache-Control"):
            if response.has_header(name):
                answer[name] = response[name]
        answer.cookies = response.cookies
        return answer
