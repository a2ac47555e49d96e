"""Where every password is looked at: the page's log-in, that of the registers, Basic of the APIs, a session's own."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth.backends import ModelBackend
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from gis_core.api.problems import API_PREFIXES, problem_at
from gis_core.client_address import client_network
from gis_core.models import User
from gis_core.security_log import log_security
from gis_core.services.login_counts import Limits, counts_of
from gis_core.services.login_limits import LoginLimits, LoginRefused, TooManyFailures

_limits = Limits()
login_limits = LoginLimits(_limits, counts_of(_limits, settings.LOGIN_COUNTS_URL))


class LimitedPasswordBackend(ModelBackend):
    """Django's own, within the limits of `login_limits`. Comes after that of django-axes."""

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **other: Any,
    ) -> Any:
        """The user, or None; raises LoginRefused, which `LoginRefusedMiddleware` answers."""
        if username is None or password is None:
            return None
        if request is None:
            # A command of whoever runs the server.
            return super().authenticate(request, username=username, password=password, **other)
        with login_limits.attempt(client_network(request)) as attempt:
            user = super().authenticate(request, username=username, password=password, **other)
            if isinstance(user, User):
                attempt.succeed()
        return user


class LoginRefusedMiddleware:
    """Answers a page whose password was not looked at: 429 or 503, with the seconds to wait."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self._get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        return refused(request, exception) if isinstance(exception, LoginRefused) else None


def refused(request: HttpRequest, error: LoginRefused) -> HttpResponse:
    """The answer to somebody whose password was not looked at."""
    log_security("login refused", request, retry_after_s=error.retry_after_s)
    status, code = (429, "TooManyGuesses") if isinstance(error, TooManyFailures) else (503, "Busy")
    if request.path_info.startswith(API_PREFIXES):
        response = problem_at(request.path_info, status, code, error.message)
    else:
        context = {"is_busy": status == 503, "wait_minutes": -(-error.retry_after_s // 60)}
        response = render(request, "login_refused.html", context, status=status)
    response["Retry-After"] = str(error.retry_after_s)
    response["Cache-Control"] = "no-store"
    return response
