"""API tokens: made once, shown once, kept as a digest."""

import hashlib
import secrets
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from gis_core.models import ApiToken, User
from gis_core.services.audit import record_change


def token_digest(secret: str) -> str:
    """The SHA-256 under which a token is stored, hexadecimal."""
    return hashlib.sha256(secret.encode()).hexdigest()


@transaction.atomic
def make_token(
    *, user: User, name: str, acting_user: User | None, expires_at: datetime | None = None
) -> tuple[ApiToken, str]:
    """Make a token for `user`; return the row and the secret, which cannot be shown again."""
    secret = secrets.token_urlsafe(32)
    token = ApiToken.objects.create(user=user, name=name, digest=token_digest(secret), expires_at=expires_at)
    record_change(
        acting_user=acting_user,
        action="make token",
        subject=token,
        division=None,
        new_values={"user": user.username, "name": name},
    )
    return token, secret


@transaction.atomic
def revoke_token(*, token: ApiToken, acting_user: User | None) -> None:
    """Make a token useless from now on; the row stays as evidence."""
    token.revoked_at = timezone.now()
    token.save(update_fields=["revoked_at"])
    record_change(
        acting_user=acting_user,
        action="revoke token",
        subject=token,
        division=None,
        new_values={"name": token.name},
    )
