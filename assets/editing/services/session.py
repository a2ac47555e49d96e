"""The frame of every edit: one transaction, one lock, one audit row, and all that must follow from a change."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from assets.editing.services.codes import FreeCodes
from assets.editing.services.dirt import mark_dirty_areas, mark_network_dirty
from assets.editing.services.run_statements import remarks_on_statements
from assets.models import Edit, Lineage, Network
from assets.networks.services.locking import lock_network
from assets.topology.services.following import follow_edit, forget_topology
from gis_core.database.constraints import check_constraints_now
from gis_core.database.refusals import refusal_of
from gis_core.models import User
from gis_core.services.audit import record_change


@dataclass
class EditSession:
    """An edit in progress. What it changes in tracked tables becomes part of `edit` by itself (sql/history.sql)."""

    network: Network
    edit: Edit
    acting_user: User | None
    remarks: list[dict[str, Any]] = field(default_factory=list)
    operations: list[str] = field(default_factory=list)
    codes: FreeCodes = field(init=False)
    # From which pipe each new part of a pipe was cut.
    _cut_from: dict[UUID, UUID] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.codes = FreeCodes(self.network.pk)

    def note_cut(self, *, part: UUID, pipe: UUID) -> None:
        """Remember that a new part was cut from a pipe."""
        self._cut_from[part] = pipe

    def is_part(self, uid: UUID, of: UUID) -> bool:
        """Whether a pipe is the other, or was cut from it or from a part of it.

        Each new part is the shorter one, so there are no more steps than a line can be halved.
        """
        step: UUID | None = uid
        while step is not None and step != of:
            step = self._cut_from.get(step)
        return step is not None

    def remark(self, element: str, reason: str) -> None:
        """Report something that was not carried or not done as the person might expect."""
        self.remarks.append({"element": element, "reason": reason})

    def summarise(self, text: str) -> None:
        """Say what the edit does, where its author did not; of several operations the first counts."""
        if not self.edit.summary:
            self.edit.summary = text[:400]

    def add_lineage(self, **facts: Any) -> None:
        """Record one `Lineage` row of this edit."""
        Lineage.objects.create(edit=self.edit, **facts)


_current: ContextVar[EditSession | None] = ContextVar("edit_session", default=None)


@contextmanager
def editing(
    network: Network,
    *,
    operation: str,
    acting_user: User | None,
    summary: str = "",
    parameters: dict[str, Any] | None = None,
    undoes: Edit | None = None,
    is_long: bool = False,
) -> Iterator[EditSession]:
    """Everything changed inside is one edit of `network`: it is undone as a whole, or fails as a whole.

    Edits of one network follow each other (an advisory lock); inside another edit of the same network this one
    becomes part of it. At the end the constraints are checked, segments follow, the ground is marked dirty and the
    audit row is written. Of a long one segments do not follow: they are computed anew by whoever needs them, which is
    cheaper, and all the ground is dirty. Raises ReportedError when the database refuses or another edit takes too long.
    """
    outer = _current.get()
    if outer is not None:
        if outer.network.pk != network.pk:
            raise RuntimeError("one edit changes one network")
        outer.operations.append(operation)
        yield outer
        return
    with transaction.atomic():
        lock_network(network)
        edit = Edit.objects.create(
            network=network,
            division_id=network.division_id,
            acting_user=acting_user,
            operation=operation,
            summary=summary[:400],
            parameters=parameters or {},
            undoes=undoes,
            made_at=timezone.now(),
        )
        session = EditSession(network, edit, acting_user, operations=[operation])
        token = _current.set(session)
        try:
            announce(edit)
            yield session
            _finish(session, is_long=is_long)
        except IntegrityError as error:
            raise refusal_of(error) from error
        finally:
            _current.reset(token)
        announce(None)


def announce(edit: Edit | None, *, in_bulk: bool = False) -> None:
    """Tell the triggers whose changes follow. Local to the transaction, so that nothing outlives it.

    `in_bulk`: the rows made are logged at the end, by `keep_bulk_rows`.
    """
    with connection.cursor() as cursor:
        if edit is not None:
            # The database has dated it.
            cursor.execute("SELECT made_at FROM assets_edit WHERE id = %s", [edit.pk])
            (edit.made_at,) = cursor.fetchone()
        cursor.execute(
            "SELECT set_config('tarmoq.edit', %s, true), set_config('tarmoq.moment', %s, true), "
            "set_config('tarmoq.restoring', '', true), set_config('tarmoq.bulk', %s, true)",
            [
                *(["", ""] if edit is None else [str(edit.pk), edit.made_at.isoformat()]),
                "on" if in_bulk else "",
            ],
        )


def _finish(session: EditSession, *, is_long: bool) -> None:
    check_constraints_now()
    if is_long:
        forget_topology(session.network)
        mark_network_dirty(session.network)
    else:
        follow_edit(session.network, session.edit)
        mark_dirty_areas(session.network, session.edit)
    edit = session.edit
    session.remarks += remarks_on_statements(session.network, edit)
    edit.remarks = session.remarks
    edit.save(update_fields=["remarks", "summary", "parameters"])
    record_change(
        acting_user=session.acting_user,
        action=edit.operation,
        subject=edit,
        division=session.network.division,
        subject_id=str(edit.uid),
        new_values={
            "network": session.network.code,
            "summary": edit.summary,
            "operations": session.operations[1:],
            "parameters": edit.parameters,
        },
    )
