"""Who is asking: a session, or an API token sent as Bearer or Basic.

Basic carries the token as its password (the user name may be empty, but when given it must be the token's user),
or as its user name with an empty password, since GIS clients differ in which field they offer.
"""

import base64
import binascii
from collections.abc import Callable

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from rest_framework import exceptions
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from gis_core.models import ApiToken, User
from gis_core.services.tokens import token_digest


class InvalidCredentials(Exception):
    """An Authorization header was sent, but no valid token is in it."""


def user_of_token(header: str) -> User | None:
    """The user of an Authorization header; None when the header is empty; InvalidCredentials when it is wrong."""
    if not header:
        return None
    scheme, _, value = header.partition(" ")
    if scheme.lower() == "bearer":
        return _user_of_secret(value.strip(), expected_username="")
    if scheme.lower() == "basic":
        try:
            username, _, password = base64.b64decode(value.strip(), validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            raise InvalidCredentials("The Basic credentials are not base64 of user:token.") from None
        return _user_of_secret(password or username, expected_username=username if password else "")
    raise InvalidCredentials("Send the API token as Bearer or as the password of Basic.")


def _user_of_secret(secret: str, *, expected_username: str) -> User:
    token = (
        ApiToken.objects.select_related("user")
        .filter(digest=token_digest(secret), revoked_at=None, user__is_active=True)
        .filter(Q(expires_at=None) | Q(expires_at__gt=timezone.now()))
        .first()
    )
    if token is None or (expected_username and expected_username != token.user.username):
        raise InvalidCredentials("The API token is unknown, expired or revoked.")
    return token.user


class TokenMiddleware:
    """Gives plain views the token's user as `request.user`; a wrong token gets 401 everywhere."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        try:
            user = user_of_token(request.headers.get("Authorization", ""))
        except InvalidCredentials as error:
            response = HttpResponse(str(error), status=401, content_type="text/plain")
            response["WWW-Authenticate"] = 'Bearer realm="tarmoq", Basic realm="tarmoq"'
            return response
        if user is not None:
            request.user = user
            request.token_user = user  # type: ignore[attr-defined]
        return self._get_response(request)


class TokenAuthentication(BaseAuthentication):
    """Django REST framework's view of the same; a request with a token needs no CSRF cookie."""

    def authenticate(self, request: Request) -> tuple[User, None] | None:
        user = getattr(request._request, "token_user", None)
        if user is not None and not user.is_active:
            raise exceptions.AuthenticationFailed("This user is not active.")
        return (user, None) if user is not None else None

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="tarmoq"'
