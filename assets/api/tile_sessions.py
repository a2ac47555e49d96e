"""Who asks for a tile, found together with the tile: a map asks for dozens at once, and each is one query.

Django reads a request's session, then its user, then we the user's roles and the tile. Here the user whom a session had the
last time is only a guess with which all four are read at once; it counts when the session still is what it was then, the
user's password too, and the user is active. Otherwise the request goes the usual way. Nothing is believed for any time.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock

from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY
from django.http import HttpRequest
from django.utils.crypto import constant_time_compare

from assets.selectors.tiles import FoundTile, TileQuery
from assets.services.tile_cache import look_up_tile
from gis_core.access import NotVisible
from gis_core.models import User

_MAXIMUM_REMEMBERED = 10_000


@dataclass(frozen=True)
class _Remembered:
    """A session as it was when Django last held it to be the user's."""

    user_id: int
    session_data: str
    session_hash: str


_remembered: dict[str, _Remembered] = {}
_lock = Lock()


def find_for_session(request: HttpRequest, query: TileQuery, known: Sequence[str]) -> FoundTile | None:
    """The tile for the user whom the request's session had before; None when the usual way has to be gone.

    Raises NotVisible as `look_up` does, once the session is held to be the user's.
    """
    session_key = _session_key(request)
    guess = _remembered.get(session_key) if session_key else None
    if guess is None:
        return None
    try:
        found = look_up_tile(guess.user_id, query, known=known, session_key=session_key)
    except NotVisible:
        return None
    session_hash = User(password=found.password).get_session_auth_hash()
    if found.session_data != guess.session_data or not constant_time_compare(session_hash, guess.session_hash):
        return None
    return found


def find_and_remember(request: HttpRequest, query: TileQuery, known: Sequence[str]) -> FoundTile:
    """The tile for `request.user`, who is authenticated; their session is remembered as a guess."""
    session_key = _session_key(request)
    user_id = request.user.pk
    found = look_up_tile(user_id, query, known=known, session_key=session_key)
    if session_key and found.session_data is not None:
        guess = _Remembered(user_id, found.session_data, request.session.get(HASH_SESSION_KEY, ""))
        with _lock:
            if len(_remembered) >= _MAXIMUM_REMEMBERED:
                _remembered.clear()
            _remembered[session_key] = guess
    return found


def _session_key(request: HttpRequest) -> str | None:
    """The key of the session that alone says who asks: none beside a token, or where sessions are kept elsewhere."""
    if hasattr(request, "token_user") or settings.SESSION_ENGINE != "django.contrib.sessions.backends.db":
        return None
    return request.COOKIES.get(settings.SESSION_COOKIE_NAME)
