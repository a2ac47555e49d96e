"""Who asks for a tile, found together with the tile: a map asks for dozens at once, and each is one query.

Django reads a request's session, then its user, then we the user's roles and the tile. Here the user whom a session (or
a token) had the last time is only a guess with which all of it is read at once. It counts when the session is still
what it was then, the user's password too, or the token is still valid and theirs; and the user is active. Otherwise the
request goes the usual way. Nothing is believed for any time.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock

from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY
from django.http import HttpRequest
from django.utils.crypto import constant_time_compare

from assets.tiles.selectors.tiles import Credential, FoundTile, TileQuery
from assets.tiles.services.tile_cache import look_up_tile
from gis_core.access import NotVisible
from gis_core.database.scope import enter, of_user
from gis_core.models import User
from gis_core.services.tokens import token_digest

_MAXIMUM_REMEMBERED = 10_000


@dataclass(frozen=True)
class _Remembered:
    """A credential's user, and a session as it was, when Django last held it to be the user's."""

    user_id: int
    session_data: str | None
    session_hash: str


_remembered: dict[str, _Remembered] = {}
_lock = Lock()


def find_for_credential(request: HttpRequest, query: TileQuery, known: Sequence[str]) -> FoundTile | None:
    """The tile for the user whom the request's session or token had before; None when the usual way has to be gone."""
    credential = _credential(request)
    guess = _remembered.get(_name(credential)) if credential is not None else None
    if credential is None or guess is None:
        return None
    if credential.token_digest is not None and settings.SECOND_FACTOR_ROLES:
        # Whether a password alone made the token says the usual way.
        return None
    try:
        found = look_up_tile(guess.user_id, query, known=known, credential=credential)
    except NotVisible:
        return None
    if not _is_theirs(found, credential, guess):
        return None
    # What has to be made for them is made of what they may see.
    enter(of_user(guess.user_id))
    return found


def _is_theirs(found: FoundTile, credential: Credential, guess: _Remembered) -> bool:
    if credential.token_digest is not None:
        return found.holds_token
    session_hash = User(password=found.password).get_session_auth_hash()
    is_same_session = found.session_data is not None and found.session_data == guess.session_data
    return is_same_session and constant_time_compare(session_hash, guess.session_hash)


def find_and_remember(request: HttpRequest, query: TileQuery, known: Sequence[str]) -> FoundTile:
    """The tile for `request.user`, who is authenticated; their session or token is remembered as a guess.

    Raises NotVisible as `look_up` does.
    """
    credential = _credential(request)
    user_id = request.user.pk
    if credential is None or user_id is None:
        return look_up_tile(user_id, query, known=known)
    found = look_up_tile(user_id, query, known=known, credential=credential)
    if credential.token_digest is not None:
        guess = _Remembered(user_id, None, "")
    else:
        guess = _Remembered(user_id, found.session_data, request.session.get(HASH_SESSION_KEY, ""))
    with _lock:
        if len(_remembered) >= _MAXIMUM_REMEMBERED:
            _remembered.clear()
        _remembered[_name(credential)] = guess
    return found


def _credential(request: HttpRequest) -> Credential | None:
    """What alone says who asks, as far as it is read here; None: the usual way."""
    header = request.headers.get("Authorization", "")
    if header:
        scheme, _, secret = header.partition(" ")
        return Credential(token_digest=token_digest(secret.strip())) if scheme.lower() == "bearer" else None
    if settings.SESSION_ENGINE != "django.contrib.sessions.backends.db":
        return None
    session_key = request.COOKIES.get(settings.SESSION_COOKIE_NAME)
    # A session's key is 32 letters and digits; anything else is no affair of the database's.
    return Credential(session_key=session_key) if session_key and session_key.isalnum() else None


def _name(credential: Credential) -> str:
    """A credential's name among those remembered, from which it cannot be told."""
    return hashlib.sha256(repr(credential).encode()).hexdigest()
