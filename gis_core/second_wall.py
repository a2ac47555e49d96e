"""Each request's scope in the database: nothing until its user is known, then what the user's roles reach (ADR 26)."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from gis_core.database.scope import (
    NOTHING,
    SessionScope,
    enter,
    of_division,
    of_user,
    scope_of_the_moment,
    working_in,
)
from gis_core.models import User


def enter_scope_of(viewer: Any) -> None:
    """From here to the end of the request the database shows what this user's roles reach; nothing to strangers."""
    enter(of_user(viewer.pk) if isinstance(viewer, User) else NOTHING)


def enter_scope_of_division(division_id: int) -> None:
    """The same for a device, whose credentials are those of a division."""
    enter(of_division(division_id))


class SecondWallMiddleware:
    """Stands before all others that ask the database. Those see what has no division: users, sessions, tokens."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        with working_in(NOTHING):
            response: Any = self._get_response(request)
            scope = scope_of_the_moment()
            if response.streaming and scope is not None:
                # It is made while it is sent, which is after this.
                response.streaming_content = _made_in(scope, response.streaming_content)
        return response  # type: ignore[no-any-return]

    def process_view(self, request: HttpRequest, *_view: Any) -> None:
        """All middleware have been passed: whoever asks is known."""
        # A lazy object of the session's; the class that it passes for is the user's.
        enter_scope_of(request.user)


def _made_in(scope: SessionScope, parts: Iterable[bytes]) -> Iterator[bytes]:
    remaining = iter(parts)
    while True:
        with working_in(scope):
            try:
                part = next(remaining)
            except StopIteration:
                return
        yield part
