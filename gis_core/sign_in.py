"""Sessions as we keep them: how long they last, what they may open, and whether their user was just here."""

import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth import login, logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from gis_core.api.problems import API_PREFIXES, problem_at
from gis_core.confirmation import CONFIRMED
from gis_core.models import User
from gis_core.second_wall import enter_scope_of
from gis_core.selectors.sign_in import lacks_second_factor
from gis_core.services.open_sessions import note_session, rename_session
from gis_core.services.passkeys import Origin

_BACKEND = "gis_core.password_login.LimitedPasswordBackend"
_BEGAN, _SEEN = "began_at", "seen_at"
# What a user may open who has yet to choose a password or to set up a second factor.
_OPEN = ("/me/", "/me/password/", "/me/confirm/", "/logout/", "/favicon.ico")
_OPEN_PREFIXES = ("/i18n/", "/static/")
_SETTING_UP = ("/me/second-factor/", "/me/passkeys/")


def begin_session(request: HttpRequest, user: User) -> None:
    """Log somebody in who has shown all that they must: a new session, which begins now."""
    enter_scope_of(user)
    login(request, user, backend=_BACKEND)
    now = int(time.time())
    request.session.update({_BEGAN: now, CONFIRMED: now})
    _note(request, user, now)


def note_confirmation(request: HttpRequest) -> None:
    """The user has just given the password again: the session gets another key."""
    before = request.session.session_key or ""
    request.session.cycle_key()
    rename_session(before, request.session.session_key or "")
    request.session[CONFIRMED] = int(time.time())


def safe_next(request: HttpRequest, fallback: str) -> str:
    """Where the form's `next` leads, as long as it is here."""
    asked = request.POST.get("next") or request.GET.get("next") or ""
    is_here = url_has_allowed_host_and_scheme(
        asked, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return asked if is_here else fallback


def origin_of(request: HttpRequest) -> Origin:
    """Where the browser has the page from, as passkeys are bound to it."""
    address = f"{request.scheme}://{request.get_host()}"
    return Origin(host=urlsplit(address).hostname or "", address=address)


class SignedInMiddleware:
    """Ends sessions that are too old, notes those in use, and holds back users who lack something.

    A session ends after `SESSION_IDLE_S` without a request and after `SESSION_LONGEST_S` in any case. Both are in its
    row's end, which all that read sessions look at.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if settings.SESSION_COOKIE_NAME not in request.COOKIES or getattr(request, "token_user", None):
            return self._get_response(request)
        if request.path_info.startswith("/healthz/"):
            return self._get_response(request)
        user = request.user
        if not isinstance(user, User):
            return self._get_response(request)
        if not _goes_on(request):
            logout(request)
            return self._get_response(request)
        path = request.path_info
        if path not in _OPEN and not path.startswith(_OPEN_PREFIXES):
            lacking = _lacking(user, path)
            if lacking is not None:
                return _held_back(request, *lacking)
        return self._get_response(request)


def _goes_on(request: HttpRequest) -> bool:
    """Whether the session is young enough; if so its end is moved, and it is noted, once a while."""
    now = int(time.time())
    session = request.session
    began_at: int = session.setdefault(_BEGAN, now)
    if began_at + settings.SESSION_LONGEST_S <= now:
        return False
    if abs(now - session.get(_SEEN, 0)) >= settings.SESSION_NOTED_EVERY_S:
        user: Any = request.user
        _note(request, user, now)
    return True


def _note(request: HttpRequest, user: User, now: int) -> None:
    """Move the session's end, and set down that it is in use."""
    session = request.session
    left_s = session[_BEGAN] + settings.SESSION_LONGEST_S - now
    session[_SEEN] = now
    session.set_expiry(min(settings.SESSION_IDLE_S, left_s))
    note_session(
        user=user,
        session_key=session.session_key or "",
        address=request.META.get("REMOTE_ADDR", ""),
        browser=request.headers.get("User-Agent", ""),
    )


def _lacking(user: User, path: str) -> tuple[str, str] | None:
    """What the user has to do before this path: a code for programs, and what the page says; None for nothing."""
    if user.one_time_until is not None:
        return "PasswordMustChange", "one-time"
    if path.startswith(_SETTING_UP):
        return None
    if lacks_second_factor(user):
        return "SecondFactorMissing", "needs-second-factor"
    return None


def _held_back(request: HttpRequest, code: str, said: str) -> HttpResponse:
    if request.path_info.startswith(API_PREFIXES):
        return problem_at(request.path_info, 403, code, "Open /me/ in a browser first.")
    return redirect(f"{reverse('me')}?said={said}")
