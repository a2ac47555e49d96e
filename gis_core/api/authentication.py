"""Who is asking: a session, an API token sent as Bearer or Basic, or a user's name and password sent as Basic.

Basic carries the token as its password (the user name may be empty, but when given it must be the token's user),
or as its user name with an empty password, since GIS clients differ in which field they offer. What is no token is
the user's own password, with the same limit of wrong guesses as the page where people log in.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable
from threading import Lock
from urllib.parse import urlsplit

from axes.handlers.proxy import AxesProxyHandler
from django.conf import settings
from django.contrib.auth import authenticate
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_noop
from rest_framework import exceptions
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from gis_core import password_login
from gis_core.api.problems import problem_at
from gis_core.client_address import client_network
from gis_core.models import ApiToken, User
from gis_core.password_login import refused
from gis_core.security_log import log_security
from gis_core.selectors.sign_in import has_second_factor, lacks_second_factor, must_have_second_factor
from gis_core.sentences import said
from gis_core.services.login_limits import LoginRefused, TooManyFailures
from gis_core.services.tokens import SHORTEST_SECRET, note_use, token_digest, valid_tokens

_CHALLENGE = 'Bearer realm="tarmoq", Basic realm="tarmoq"'
_SAFE_METHODS = ("GET", "HEAD", "OPTIONS", "TRACE")
# Below these, views ask for credentials of their own: a network server sends its source's token, a provider of payments
# its login, not a user's.
_OWN_CREDENTIALS = ("/api/v1/feeds/lorawan/", "/pay/")
_MAXIMUM_REMEMBERED = 10_000


class InvalidCredentials(Exception):
    """An Authorization header was sent, but neither a valid token nor a user's password is in it."""


def user_of_header(request: HttpRequest) -> User | None:
    """The user of the Authorization header; None when there is none; InvalidCredentials when it is wrong."""
    header = request.headers.get("Authorization", "")
    if not header:
        return None
    scheme, _, value = header.partition(" ")
    if scheme.lower() == "bearer":
        user = _user_of_token(value.strip(), expected_username="")
        if user is None:
            raise InvalidCredentials(said(gettext_noop("The API token is unknown, expired or revoked.")))
        return user
    if scheme.lower() != "basic":
        raise InvalidCredentials(
            said(gettext_noop("Send the API token as Bearer, or user and password as Basic."))
        )
    try:
        username, _, password = base64.b64decode(value.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise InvalidCredentials(
            said(gettext_noop("The Basic credentials are not base64 of user:password."))
        ) from None
    user = _user_of_token(password or username, expected_username=username if password else "")
    if user is None and username and password:
        user = _user_of_password(request, username, password)
    if user is None:
        raise InvalidCredentials(
            said(gettext_noop("No active user has this password, and no valid API token is in it."))
        )
    return user


def _user_of_token(secret: str, *, expected_username: str) -> User | None:
    if len(secret) < SHORTEST_SECRET:
        # A password: whoever sends many wrong ones costs no look into the database.
        return None
    token = (
        ApiToken.objects.select_related("user")
        .filter(valid_tokens(), digest=token_digest(secret), user__is_active=True)
        .first()
    )
    if token is None or (expected_username and expected_username != token.user.username):
        return None
    if lacks_second_factor(token.user):
        # Made by a password alone, which is not enough any more. Whoever holds the token may learn that.
        raise InvalidCredentials(
            said(
                gettext_noop(
                    "This user's role needs a second factor, and this API token was made without one: "
                    "set it up on the page, then make a new token."
                )
            )
        )
    note_use(token)
    return token.user


# Names of passwords that were found right, each made of the password and its stored hash, so that a new password
# makes the old one unknown again. Hashing a password takes a tenth of a second by intention, and a GIS client sends
# it with each of hundreds of requests.
_found_right: set[bytes] = set()
_lock = Lock()


def _user_of_password(request: HttpRequest, username: str, password: str) -> User | None:
    """The active user of a name and password; raises LoginRefused when it is not looked at."""
    if "\x00" in username:
        return None
    password_login.login_limits.require_allowance(client_network(request))
    credentials = {"username": username}
    if not AxesProxyHandler.is_allowed(request, credentials):
        raise _locked()
    known = User.objects.filter(username=username, is_active=True).first()
    if known is not None and _name_of(known, password) in _found_right:
        return _of_password_alone(known)
    user = authenticate(request, username=username, password=password)
    if getattr(request, "axes_locked_out", False):
        raise _locked()
    if not isinstance(user, User):
        return None
    with _lock:
        if len(_found_right) >= _MAXIMUM_REMEMBERED:
            _found_right.clear()
        _found_right.add(_name_of(user, password))
    log_security("logged in", request, user=user.username, way="basic")
    return _of_password_alone(user)


def _of_password_alone(user: User) -> User:
    """The user, unless the password alone is not enough; only who knows it learns that."""
    if user.one_time_until is not None:
        raise InvalidCredentials(
            said(gettext_noop("This password serves once: log in on the page and choose your own."))
        )
    if has_second_factor(user):
        raise InvalidCredentials(
            said(gettext_noop("This user has a second factor: send an API token in place of the password."))
        )
    if must_have_second_factor(user):
        raise InvalidCredentials(
            said(
                gettext_noop(
                    "This user's role needs a second factor: set it up on the page, then send an API token."
                )
            )
        )
    return user


def _locked() -> TooManyFailures:
    """Too many wrong passwords came from this address for this name."""
    wait_s = int(settings.AXES_COOLOFF_TIME * 3600)
    return TooManyFailures(
        said(gettext_noop("Too many wrong passwords; wait before trying again.")), retry_after_s=wait_s
    )


def _name_of(user: User, password: str) -> bytes:
    """What a right password is remembered as, from which it cannot be told."""
    key = settings.SECRET_KEY.encode()
    return hmac.digest(key, f"{user.pk}\0{user.password}\0{password}".encode(), hashlib.sha256)


def _is_sent_by_another_site(request: HttpRequest) -> bool:
    """Whether a browser sends this for a page of another site: it adds remembered Basic credentials by itself."""
    if request.method in _SAFE_METHODS:
        return False
    if not request.headers.get("Authorization", "").lower().startswith("basic"):
        return False
    origin = request.headers.get("Origin")
    is_foreign = origin is not None and urlsplit(origin).netloc != request.get_host()
    return is_foreign or request.headers.get("Sec-Fetch-Site", "none") not in ("same-origin", "none")


class TokenMiddleware:
    """Gives plain views the header's user as `request.user`; wrong credentials get 401 everywhere."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path.startswith(_OWN_CREDENTIALS):
            return self._get_response(request)
        try:
            user = user_of_header(request)
        except LoginRefused as error:
            return refused(request, error)
        except InvalidCredentials as error:
            log_security("credentials refused", request, reason=str(error))
            response = problem_at(request.path_info, 401, "InvalidCredentials", str(error))
            response["WWW-Authenticate"] = _CHALLENGE
            return response
        if user is not None:
            if _is_sent_by_another_site(request):
                return problem_at(
                    request.path_info,
                    403,
                    "OtherSite",
                    said(gettext_noop("Pages of other sites cannot change anything here.")),
                )
            request.user = user
            request.token_user = user  # type: ignore[attr-defined]
        return self._get_response(request)


class TokenAuthentication(BaseAuthentication):
    """Django REST framework's view of the same; a request with such a header needs no CSRF cookie."""

    def authenticate(self, request: Request) -> tuple[User, None] | None:
        user = getattr(request._request, "token_user", None)
        if user is not None and not user.is_active:
            raise exceptions.AuthenticationFailed(said(gettext_noop("This user is not active.")))
        return (user, None) if user is not None else None

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="tarmoq"'
