"""Writing the audit trail. Called by services inside the transaction of the change itself."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from typing import Any

from django.db import connection, models

from gis_core.database.scope import EVERYTHING, NOTHING, scope_of_the_moment, working_in
from gis_core.models import AuditEvent, Division, User

_by_command: ContextVar[bool] = ContextVar("the changes come by a command", default=False)


@contextmanager
def recorded_as_by_command() -> Iterator[None]:
    """The rows of this block say that a command named who acts: nobody asked for that person's password."""
    token = _by_command.set(True)
    try:
        yield
    finally:
        _by_command.reset(token)


def record_change(
    *,
    acting_user: User | None,
    action: str,
    subject: models.Model,
    division: Division | None,
    old_values: dict[str, Any] | None = None,
    new_values: dict[str, Any] | None = None,
    subject_id: str | None = None,
) -> AuditEvent:
    """Append one audit row. Must run inside the change's own transaction, so that they stand or fall together.

    `subject_id` names the subject for readers (a code, a number); by default its uid or primary key.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("an audit row is written in the transaction of its change")
    if _by_command.get():
        new_values = {**(new_values or {}), "way": "by command"}
    identity = subject_id or str(getattr(subject, "uid", None) or subject.pk)
    # Whoever logs in is not known to the second wall yet, and what no person did may be of no division.
    is_shown = acting_user is not None and scope_of_the_moment() is not NOTHING
    with nullcontext() if is_shown else working_in(EVERYTHING):
        return AuditEvent.objects.create(
            user=acting_user,
            action=action,
            object_type=subject._meta.label,
            object_id=identity,
            division=division,
            old_values=old_values,
            new_values=new_values,
        )
