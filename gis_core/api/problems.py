"""Errors outside Django REST framework as RFC 9457 has them, and never as a page for programs that ask an API."""

import json
from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse

PROBLEM = "application/problem+json"
# Addresses below these are for programs.
SENSORTHINGS_PREFIX = "/sta/"
API_PREFIXES = ("/api/", "/ogc/", SENSORTHINGS_PREFIX, "/tiles/")
_TITLES = {
    400: "Bad request",
    401: "Not logged in",
    403: "Refused",
    404: "Not found",
    405: "Method not allowed",
    406: "Not acceptable",
    409: "Conflict",
    422: "Cannot be processed",
    429: "Too many guesses",
    500: "Fault",
    503: "Too expensive",
}
# What Django itself answers with a page, and what is said in its place.
_WORDS = {
    400: ("BadRequest", "The request cannot be read."),
    403: ("Refused", "The request is refused: a session changes something only with its CSRF token."),
    404: ("NotFound", "Not found."),
    405: ("MethodNotAllowed", "This address does not take that method."),
    500: ("Fault", "The server has a fault; its log says which."),
}


def problem(status: int, code: str, description: str) -> HttpResponse:
    """An error as RFC 9457 and OGC's exception schema have it, in one object."""
    document = {
        "type": "about:blank",
        "title": _TITLES.get(status, "Error"),
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
        answer = problem_at(request.path_info, response.status_code, *_WORDS[response.status_code])
        for name in ("Allow", "Vary", "Cache-Control"):
            if response.has_header(name):
                answer[name] = response[name]
        answer.cookies = response.cookies
        return answer
