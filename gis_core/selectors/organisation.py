"""Divisions, enterprises, users, jobs and audit events: by code for commands, scoped for viewers."""

import difflib
from uuid import UUID

from django.db.models import QuerySet

from gis_core.access import Capability, NotVisible, Viewer, divisions_of, visible
from gis_core.errors import ReportedError
from gis_core.models import ApiToken, AuditEvent, Division, Enterprise, Job, Street, User


def division_by_code(code: str) -> Division:
    """The division with this code; ReportedError, with the codes nearest to it, when there is none."""
    division = Division.objects.filter(code=code).first()
    if division is None:
        known = list(Division.objects.order_by("path").values_list("code", flat=True))
        near = difflib.get_close_matches(code.upper(), known, n=5, cutoff=0.4)
        hint = f" Near it are: {', '.join(near)}." if near else ""
        raise ReportedError(
            f"There is no division {code}.{hint} `manage.py list_divisions` shows all.",
            code="unknown_division",
        )
    return division


def enterprise_by_code(code: str) -> Enterprise:
    """The enterprise with this code; ReportedError, naming those there are, when there is none."""
    enterprise = Enterprise.objects.select_related("division").filter(code=code).first()
    if enterprise is None:
        known = ", ".join(Enterprise.objects.values_list("code", flat=True)[:20]) or "none yet"
        raise ReportedError(f"There is no enterprise {code}; known: {known}.", code="unknown_enterprise")
    return enterprise


def user_by_name(username: str | None) -> User | None:
    """The user with this name, None for no name; ReportedError when the name is nobody's."""
    if not username:
        return None
    user = User.objects.filter(username=username, is_active=True).first()
    if user is None:
        raise ReportedError(f"There is no active user {username}.", code="unknown_user")
    return user


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
