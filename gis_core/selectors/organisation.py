"""Divisions, enterprises, users, jobs and audit events: by code for commands, scoped for viewers."""

import difflib
from uuid import UUID

from django.db.models import F, Func, QuerySet, TextField, Value
from django.db.models.functions import Cast, Concat
from django.utils.translation import gettext_noop as _

from gis_core.access import (
    Capability,
    NotVisible,
    Viewer,
    divisions_of,
    granted_paths,
    is_unrestricted,
    visible,
)
from gis_core.errors import ReportedError
from gis_core.models import ApiToken, AuditEvent, Division, Enterprise, Job, RoleAssignment, Street, User
from gis_core.sentences import Sentence


def division_by_code(code: str) -> Division:
    """The division with this code; ReportedError, with the codes nearest to it, when there is none."""
    division = Division.objects.filter(code=code).first()
    if division is None:
        known = list(Division.objects.order_by("path").values_list("code", flat=True))
        near = difflib.get_close_matches(code.upper(), known, n=5, cutoff=0.4)
        hint = f" Near it are: {', '.join(near)}." if near else ""
        raise ReportedError(
            Sentence(
                _("There is no division {code}.{hint} `manage.py list_divisions` shows all."),
                code=code,
                hint=hint,
            ),
            code="unknown_division",
        )
    return division


def enterprise_by_code(code: str) -> Enterprise:
    """The enterprise with this code; ReportedError, naming those there are, when there is none."""
    enterprise = Enterprise.objects.select_related("division").filter(code=code).first()
    if enterprise is None:
        known = ", ".join(Enterprise.objects.values_list("code", flat=True)[:20]) or "none yet"
        raise ReportedError(
            Sentence(_("There is no enterprise {code}; known: {known}."), code=code, known=known),
            code="unknown_enterprise",
        )
    return enterprise


def user_by_name(username: str | None) -> User | None:
    """The user with this name, None for no name; ReportedError when the name is nobody's."""
    if not username:
        return None
    user = User.objects.filter(username=username, is_active=True).first()
    if user is None:
        raise ReportedError(
            Sentence(_("There is no active user {username}."), username=username), code="unknown_user"
        )
    return user


def user_who_may(username: str, capability: Capability, division: Division) -> User:
    """The active user with this name who holds the capability in the division, as on a page; else ReportedError."""
    user = user_by_name(username)
    if user is None or not divisions_of(user, capability).filter(pk=division.pk).exists():
        raise ReportedError(
            Sentence(
                _("{username} may not do this in {division}."), username=username, division=division.name
            ),
            code="not_allowed",
        )
    return user


def users_managed_by(viewer: Viewer) -> QuerySet[User]:
    """The users whose home and all of whose roles lie where the viewer manages users, without superusers."""
    users = User.objects.order_by("username")
    if is_unrestricted(viewer):
        return users
    own = divisions_of(viewer, Capability.MANAGE_USERS)
    beyond = RoleAssignment.objects.exclude(division__in=own.values("pk"))
    users = users.filter(is_superuser=False, home_division__in=own.values("pk"))
    return users.exclude(pk__in=beyond.values("user"))


def tokens_of(username: str | None) -> QuerySet[ApiToken]:
    """All API tokens, or those of one user, by user, the newest first."""
    tokens = ApiToken.objects.select_related("user__home_division").order_by("user__username", "-pk")
    return tokens.filter(user__username=username) if username else tokens


def token_by_uid(uid: str) -> ApiToken:
    """The token with this uid, or with the only uid that begins so; ReportedError when there is none."""
    found = list(
        ApiToken.objects.annotate(text=Cast("uid", TextField())).filter(text__startswith=uid.lower())[:2]
    )
    if len(uid) < 8 or len(found) != 1:
        raise ReportedError(
            Sentence(
                _(
                    "There is no one token {uid}; `manage.py tokens` shows their uids (8 characters are enough)."
                ),
                uid=uid,
            ),
            code="unknown_token",
        )
    return found[0]


def own_tokens(user: User) -> QuerySet[ApiToken]:
    """A user's API tokens, the newest first."""
    return ApiToken.objects.filter(user=user).order_by("-pk")


def own_token(user: User, uid: UUID) -> ApiToken:
    """One of a user's API tokens; NotVisible when it is not his."""
    token = own_tokens(user).filter(uid=uid).first()
    if token is None:
        raise NotVisible("no token of this user")
    return token


def divisions_visible_to(viewer: Viewer) -> QuerySet[Division]:
    """The viewer's divisions and all below them."""
    return divisions_of(viewer, Capability.VIEW_DIVISIONS)


def streets_visible_to(viewer: Viewer) -> QuerySet[Street]:
    """Streets of the viewer's divisions."""
    return visible(Street.objects.select_related("division"), viewer, Capability.VIEW_DIVISIONS)


def streets_named(streets: QuerySet[Street], text: str) -> QuerySet[Street]:
    """Those of which each word typed begins a word of the name, however either is spelt; all where nothing is typed."""
    words = Func(F("name"), function="search_words", output_field=TextField())
    streets = streets.annotate(words=Concat(Value(" "), words, output_field=TextField()))
    for word in text.split():
        typed = Func(Value(word), function="search_words", output_field=TextField())
        streets = streets.filter(words__contains=Concat(Value(" "), typed, output_field=TextField()))
    return streets


def enterprises_visible_to(viewer: Viewer) -> QuerySet[Enterprise]:
    """Enterprises of the viewer's divisions."""
    return visible(Enterprise.objects.select_related("division"), viewer, Capability.VIEW_DIVISIONS)


def jobs_visible_to(viewer: Viewer) -> QuerySet[Job]:
    """Jobs of the viewer's divisions, newest first."""
    return visible(Job.objects.select_related("division", "created_by"), viewer, Capability.VIEW_JOBS)


def job_visible_to(viewer: Viewer, uid: UUID) -> Job:
    """One job: of a division whose jobs the viewer may see, or the viewer's own; raises NotVisible.

    One's own is seen as long as one works in its division, whatever one may see of others' jobs.
    """
    jobs = Job.objects.select_related("division", "created_by").filter(uid=uid)
    own = visible(jobs.filter(created_by=viewer.pk), viewer, Capability.VIEW_DIVISIONS)
    found = visible(jobs, viewer, Capability.VIEW_JOBS).first() or own.first()
    if found is None:
        raise NotVisible("no such job")
    return found


def may_cancel(viewer: Viewer, job: Job) -> bool:
    """Whether the job is the viewer's own, or one of a division that the viewer administers."""
    if job.created_by_id == viewer.pk and viewer.pk is not None:
        return True
    administered = divisions_of(viewer, Capability.MANAGE_USERS)
    return administered.filter(pk=job.division_id).exists()


def audit_events_visible_to(viewer: Viewer) -> QuerySet[AuditEvent]:
    """The audit trail of the viewer's divisions."""
    events = AuditEvent.objects.select_related("division", "user")
    return visible(events, viewer, Capability.VIEW_AUDIT)


def seen_paths(viewer: Viewer, capability: Capability) -> list[str]:
    """The beginnings of the division paths in which the viewer holds a capability; of an unrestricted one, all."""
    return [""] if is_unrestricted(viewer) else granted_paths(viewer, capability)


def sees_into(viewer: Viewer, division: Division, capability: Capability) -> bool:
    """Whether a division is the viewer's, or one above them: of that, only what is theirs is summed."""
    return any(
        division.path.startswith(path) or path.startswith(division.path)
        for path in seen_paths(viewer, capability)
    )


def division_seen_into(viewer: Viewer, code: str, capability: Capability) -> Division:
    """A division that `sees_into`; NotVisible otherwise."""
    division = Division.objects.defer("boundary").filter(code=code).first()
    if division is None or not sees_into(viewer, division, capability):
        raise NotVisible("no such division")
    return division


def divisions_down_to(division: Division) -> list[Division]:
    """The division and those above it, from the top down."""
    codes = division.path.rstrip(".").split(".")
    return list(Division.objects.filter(code__in=codes).defer("boundary").order_by("level"))
