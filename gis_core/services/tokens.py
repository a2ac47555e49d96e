"""API tokens: made once, shown once, kept as a digest, good for a while."""

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_noop as _

from gis_core.errors import ReportedError
from gis_core.models import ApiToken, User
from gis_core.sentences import Sentence
from gis_core.services.audit import record_change

USUAL_DAYS = 90
MOST_OF_A_USER = 50
# Of a secret, 32 random bytes in base64: all that were ever made have it.
SHORTEST_SECRET = 43
# Use is set down this often: a GIS client asks for hundreds of tiles a minute.
USE_NOTED_EVERY = timedelta(minutes=1)


def token_digest(secret: str) -> str:
    """The SHA-256 under which a token is stored, hexadecimal."""
    return hashlib.sha256(secret.encode()).hexdigest()


def valid_tokens() -> Q:
    """Tokens that are neither ended nor expired."""
    return Q(revoked_at=None) & (Q(expires_at=None) | Q(expires_at__gt=timezone.now()))


@transaction.atomic
def make_token(
    *, user: User, name: str, acting_user: User | None, expires_at: datetime | None = None
) -> tuple[ApiToken, str]:
    """Make a token for `user`, for 90 days when nothing is said; return the row and the secret, shown once.

    Raises ReportedError (`too_many_tokens`) when the user has 50 that are good.
    """
    if user.api_tokens.filter(valid_tokens()).count() >= MOST_OF_A_USER:
        raise ReportedError(
            Sentence(
                _("{user} has {most_of_a_user} tokens already; end those that nobody uses."),
                user=user.username,
                most_of_a_user=MOST_OF_A_USER,
            ),
            code="too_many_tokens",
        )
    secret = secrets.token_urlsafe(32)
    token = ApiToken.objects.create(
        user=user,
        name=name,
        digest=token_digest(secret),
        expires_at=expires_at or timezone.now() + timedelta(days=USUAL_DAYS),
    )
    record_change(
        acting_user=acting_user,
        action="make token",
        subject=token,
        division=user.home_division,
        new_values={"user": user.username, "name": name},
    )
    # What the database gave it, too.
    token.refresh_from_db()
    return token, secret


@transaction.atomic
def revoke_token(*, token: ApiToken, acting_user: User | None) -> None:
    """Make a token useless from now on; the row stays as evidence. Twice is as good as once."""
    if not ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=timezone.now()):
        return
    token.refresh_from_db()
    record_change(
        acting_user=acting_user,
        action="revoke token",
        subject=token,
        division=token.user.home_division,
        new_values={"user": token.user.username, "name": token.name},
    )


@transaction.atomic
def expire_token(*, token: ApiToken, days: int, acting_user: User | None) -> None:
    """Let a token end in some days from now; never later than it would anyway."""
    until = timezone.now() + timedelta(days=days)
    if token.revoked_at is not None or (token.expires_at is not None and token.expires_at <= until):
        raise ReportedError(Sentence(_("This token ends earlier already.")), code="ends_earlier")
    old, token.expires_at = token.expires_at, until
    token.save(update_fields=["expires_at"])
    record_change(
        acting_user=acting_user,
        action="expire token",
        subject=token,
        division=token.user.home_division,
        old_values={"expires_at": old.isoformat() if old else None},
        new_values={"user": token.user.username, "expires_at": until.isoformat()},
    )


def note_use(token: ApiToken) -> None:
    """Set down that a token was used, at most once a minute."""
    now = timezone.now()
    if token.last_used_at is None or abs(now - token.last_used_at) > USE_NOTED_EVERY:
        ApiToken.objects.filter(pk=token.pk).update(last_used_at=now)


class TokensEndWithPassword:
    """Among the validators of passwords, of which Django tells each that a password was changed, however it was.

    Whoever changes his password because somebody knows it must not leave that person a token.
    """

    def validate(self, password: str, user: Any = None) -> None:
        """Every password will do."""

    def get_help_text(self) -> str:
        """Nothing to observe."""
        return ""

    def password_changed(self, password: str, user: Any = None) -> None:
        """End the user's tokens."""
        if user is None or user.pk is None:
            return
        for token in ApiToken.objects.select_related("user__home_division").filter(
            user_id=user.pk, revoked_at=None
        ):
            revoke_token(token=token, acting_user=None)
