"""What users sign in with, and where they are signed in."""

from django.conf import settings
from django.contrib.sessions.models import Session
from django.db.models import QuerySet
from django.utils import timezone

from gis_core.access import roles_of
from gis_core.models import OpenSession, Passkey, SecondFactor, User

EVERY_ROLE = "all"


def has_second_factor(user: User) -> bool:
    """Whether the user has one that counts: an authenticator or a passkey."""
    return has_authenticator(user) or Passkey.objects.filter(user=user).exists()


def has_authenticator(user: User) -> bool:
    """Whether the user has an authenticator that counts."""
    return SecondFactor.objects.filter(user=user).exclude(confirmed_at=None).exists()


def own_passkeys(user: User) -> QuerySet[Passkey]:
    """The user's passkeys, the first made first."""
    return Passkey.objects.filter(user=user).order_by("pk")


def must_have_second_factor(user: User) -> bool:
    """Whether one of the user's roles is among those of the setting."""
    demanded = settings.SECOND_FACTOR_ROLES
    return bool(demanded) and (EVERY_ROLE in demanded or not set(demanded).isdisjoint(roles_of(user)))


def lacks_second_factor(user: User) -> bool:
    """Whether the user must have a second factor and has none that counts."""
    return must_have_second_factor(user) and not has_second_factor(user)


def open_sessions_of(user: User) -> QuerySet[OpenSession]:
    """The user's sessions that are not over, the last used first."""
    going = Session.objects.filter(expire_date__gt=timezone.now())
    return OpenSession.objects.filter(user=user, session_key__in=going.values("session_key")).order_by(
        "-last_seen_at"
    )
