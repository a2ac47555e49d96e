"""Where users are signed in: noted, listed, ended."""

from datetime import timedelta
from uuid import UUID

from django.contrib.sessions.models import Session
from django.db import transaction
from django.utils import timezone

from gis_core.access import NotVisible
from gis_core.models import OpenSession, User
from gis_core.selectors.sign_in import open_sessions_of
from gis_core.services.audit import record_change


def note_session(*, user: User, session_key: str, address: str, browser: str) -> None:
    """Set down that a session is in use."""
    now = timezone.now()
    OpenSession.objects.update_or_create(
        session_key=session_key,
        defaults={"last_seen_at": now, "address": address[:45], "browser": browser[:200]},
        create_defaults={
            "user": user,
            "began_at": now,
            "last_seen_at": now,
            "address": address[:45],
            "browser": browser[:200],
        },
    )


def rename_session(before: str, after: str) -> None:
    """A session has another key from now on."""
    OpenSession.objects.filter(session_key=before).update(session_key=after)


@transaction.atomic
def end_session(*, user: User, uid: UUID, acting_user: User) -> None:
    """End one of the user's sessions; NotVisible when it is not theirs."""
    found = open_sessions_of(user).filter(uid=uid).first()
    if found is None:
        raise NotVisible("no session of this user")
    _end(user, [found.session_key], acting_user)


@transaction.atomic
def end_sessions(*, user: User, acting_user: User | None, but_for: str | None = None) -> int:
    """End all of a user's sessions, but for one; how many there were."""
    keys = [key for key in open_sessions_of(user).values_list("session_key", flat=True) if key != but_for]
    if keys:
        _end(user, keys, acting_user)
    return len(keys)


def forget_ended_sessions() -> int:
    """Remove sessions that are over, and what was noted of them; how many."""
    ended, _by_model = Session.objects.filter(expire_date__lt=timezone.now()).delete()
    past = OpenSession.objects.filter(last_seen_at__lt=timezone.now() - timedelta(hours=1))
    past.exclude(session_key__in=Session.objects.values("session_key")).delete()
    return ended


def _end(user: User, keys: list[str], acting_user: User | None) -> None:
    Session.objects.filter(session_key__in=keys).delete()
    OpenSession.objects.filter(session_key__in=keys).delete()
    record_change(
        acting_user=acting_user,
        action="end sessions",
        subject=user,
        division=user.home_division,
        new_values={"user": user.username, "sessions": len(keys)},
    )
