"""Taking edits back, and bringing them back: rows return to the state that the database kept, to the last bit."""

from typing import Any

from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext_noop as _

from assets.editing.services.session import editing
from assets.models import Edit, Network, RowChange
from gis_core.database.constraints import check_constraints_now
from gis_core.database.refusals import refusal_of
from gis_core.database.scope import EVERYTHING, working_in
from gis_core.errors import ReportedError
from gis_core.models import User
from gis_core.sentences import Sentence

# Putting back a row takes some 0.2 ms.
ROWS_UNDONE_AT_ONCE = 5_000
_SET_BY_TRIGGERS = ("version", "valid_from", "change_id")


def undo_last(network: Network, *, acting_user: User) -> Edit:
    """Undo the user's own last edit of the network that is not undone; return the undoing edit.

    Raises ReportedError: "nothing_to_undo", or "later_edits_depend" with who changed what since.
    """
    return undo(last_done(network, acting_user=acting_user), acting_user=acting_user)


def redo_last(network: Network, *, acting_user: User) -> Edit:
    """Bring back the user's last undone edit, unless they edited the network since.

    Raises ReportedError: "nothing_to_redo" or "later_edits_depend".
    """
    return undo(last_undone(network, acting_user=acting_user), acting_user=acting_user)


def last_done(network: Network, *, acting_user: User) -> Edit:
    """The user's own last edit of the network that is not undone; raises ReportedError "nothing_to_undo"."""
    edit = (
        Edit.objects.select_related("network__division")
        .filter(network=network, acting_user=acting_user, undoes=None, undone_by=None)
        .order_by("-pk")
        .first()
    )
    if edit is None:
        raise ReportedError(
            Sentence(_("There is no edit of yours in network {network} to undo."), network=network.code),
            code="nothing_to_undo",
        )
    return edit


def last_undone(network: Network, *, acting_user: User) -> Edit:
    """The user's last undo, unless they edited the network since; raises ReportedError "nothing_to_redo"."""
    own = Edit.objects.select_related("network__division").filter(network=network, acting_user=acting_user)
    undoing = own.filter(undoes__undoes=None, undoes__isnull=False, undone_by=None).order_by("-pk").first()
    if undoing is None or own.filter(undoes=None, pk__gt=undoing.pk).exists():
        raise ReportedError(
            Sentence(
                _("There is no undone edit of yours in network {network} to bring back."),
                network=network.code,
            ),
            code="nothing_to_redo",
        )
    return undoing


def undo(edit: Edit, *, acting_user: User) -> Edit:
    """Take one edit back (or, when it is an undo, bring back what it took); return the edit that did it.

    Raises ReportedError when it is another user's, is undone already, or when later edits depend on it; then
    nothing is changed.
    """
    # What a command brought in is nobody's own: whoever edits the network may take it back.
    if edit.acting_user_id not in (None, acting_user.pk):
        raise ReportedError(Sentence(_("Only one's own edits can be undone.")), code="not_own_edit")
    operation = "undo" if edit.undoes_id is None else "redo"
    with editing(
        edit.network,
        operation=operation,
        acting_user=acting_user,
        summary=Sentence(
            _("undo: {summary}") if operation == "undo" else _("redo: {summary}"),
            summary=edit.summary or edit.operation,
        ),
        parameters={"edit": str(edit.uid)},
        undoes=edit,
        is_long=is_long_to_undo(edit),
    ) as session:
        fresh = Edit.objects.select_for_update(of=("self",)).get(pk=edit.pk)
        if fresh.undone_by_id is not None:
            raise ReportedError(Sentence(_("The edit is undone already.")), code="already_undone")
        _refuse_dependents(edit)
        _restore(edit)
        Edit.objects.filter(pk=edit.pk).update(undone_by=session.edit)
        if edit.undoes_id is not None:
            Edit.objects.filter(pk=edit.undoes_id).update(undone_by=None)
    return session.edit


def is_long_to_undo(edit: Edit) -> bool:
    """Whether taking the edit back is too much for a request, as it is for most imports."""
    few = RowChange.objects.filter(edit=edit).order_by()[: ROWS_UNDONE_AT_ONCE + 1]
    return few.count() > ROWS_UNDONE_AT_ONCE


def _tables_of(edit: Edit) -> list[tuple[str, str, list[str]]]:
    """Name, key column and stored columns of each table that the edit changed; nodes come before what ends at them."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT attrelid::regclass::text, (array_agg(attname) FILTER (WHERE is_key))[1],
                   array_agg(attname ORDER BY attnum) FILTER (WHERE attgenerated = '')
              FROM (SELECT attribute.*, attribute.attnum = index.indkey[0] AS is_key
                      FROM pg_attribute attribute
                      JOIN pg_index index ON index.indrelid = attribute.attrelid AND index.indisprimary
                     WHERE attribute.attnum > 0 AND NOT attribute.attisdropped
                       AND attribute.attrelid IN (SELECT DISTINCT table_name::regclass FROM assets_rowchange
                                                   WHERE edit_id = %s)) columns
             GROUP BY attrelid
             ORDER BY attrelid <> 'assets_node'::regclass, attrelid
            """,
            [edit.pk],
        )
        return list(cursor.fetchall())


def _refuse_dependents(edit: Edit) -> None:
    """Each row must be as the edit left it: there with the content it gave, or gone if it deleted it."""
    dependents: list[dict[str, Any]] = []
    with connection.cursor() as cursor:
        for table, key, columns in _tables_of(edit):
            code = "coalesce(now_row.code, change.before->>'code')" if "code" in columns else "NULL"
            cursor.execute(
                f"""
                SELECT change.row_id, {code},
                       (SELECT edit.uid::text || ' (' || edit.operation
                               || coalesce(' by ' || person.username, '') || ')'
                          FROM assets_rowchange later
                          JOIN assets_edit edit ON edit.id = later.edit_id
                          LEFT JOIN gis_core_user person ON person.id = edit.acting_user_id
                         WHERE later.table_name = change.table_name AND later.row_id = change.row_id
                           AND later.id > change.id
                         ORDER BY later.id DESC LIMIT 1)
                  FROM assets_rowchange change
                  LEFT JOIN {table} now_row ON now_row.{key} = change.row_id
                 WHERE change.edit_id = %s AND change.table_name = %s
                   AND CASE WHEN change.operation = 'D' THEN now_row.{key} IS NOT NULL
                            ELSE now_row.change_id IS DISTINCT FROM change.after_change_id END
                 ORDER BY change.id
                """,  # noqa: S608 -- names come from the catalogue
                [edit.pk, table],
            )
            dependents += [
                {
                    "element": f"{table.removeprefix('assets_')} {code or row_id}",
                    "reason": Sentence(_("changed since by edit {later}"), later=later)
                    if later
                    else Sentence(_("changed since outside any edit")),
                }
                for row_id, code, later in cursor.fetchall()
            ]
    if dependents:
        raise ReportedError(
            Sentence(
                _("The edit cannot be taken back: later changes depend on it ({dependents} {dependents_2})."),
                dependents=dependents[0]["element"],
                dependents_2=dependents[0]["reason"],
            ),
            code="later_edits_depend",
            details=dependents[:200],
        )


def _restore(edit: Edit) -> None:
    """Delete what the edit made, set back what it changed, make anew what it deleted."""
    try:
        # It may be undone, that was asked. Rows come and go in an order in which those that they belong to are away for
        # a moment, and the second wall judges them by these.
        with working_in(EVERYTHING), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT set_config('tarmoq.restoring', 'on', true)")
            tables = _tables_of(edit)
            for table, key, _columns in tables:
                cursor.execute(
                    f"DELETE FROM {table} USING assets_rowchange change WHERE change.edit_id = %s "  # noqa: S608
                    f"AND change.table_name = %s AND change.operation = 'I' AND {table}.{key} = change.row_id",
                    [edit.pk, table],
                )
            for table, key, columns in tables:
                _set_back(cursor, edit, table, key, columns)
                _make_anew(cursor, edit, table, columns)
            check_constraints_now()
            cursor.execute("SELECT set_config('tarmoq.restoring', '', true)")
    except IntegrityError as error:
        refusal = refusal_of(error)
        raise ReportedError(
            Sentence(
                _("The edit cannot be taken back: something made since rests on it. {message}"),
                message=refusal.message,
            ),
            code="later_edits_depend",
            details=refusal.details,
        ) from error


def _kept(column: str) -> str:
    return "change.before_geom" if column == "geom" else f'kept."{column}"'


def _set_back(cursor: Any, edit: Edit, table: str, key: str, columns: list[str]) -> None:
    assignments = ", ".join(
        f'"{column}" = {_kept(column)}' for column in columns if column not in (key, *_SET_BY_TRIGGERS)
    )
    cursor.execute(
        f"UPDATE {table} SET {assignments}, change_id = change.before_change_id "  # noqa: S608
        f"FROM assets_rowchange change CROSS JOIN LATERAL jsonb_populate_record(NULL::{table}, change.before) kept "
        f"WHERE change.edit_id = %s AND change.table_name = %s AND change.operation = 'U' "
        f"AND {table}.{key} = change.row_id",
        [edit.pk, table],
    )


def _make_anew(cursor: Any, edit: Edit, table: str, columns: list[str]) -> None:
    stored = [column for column in columns if column not in _SET_BY_TRIGGERS]
    names = ", ".join(f'"{column}"' for column in stored)
    cursor.execute(
        f"INSERT INTO {table} ({names}, version, change_id) "  # noqa: S608
        f"SELECT {', '.join(_kept(column) for column in stored)}, kept.version + 1, change.before_change_id "
        f"FROM assets_rowchange change CROSS JOIN LATERAL jsonb_populate_record(NULL::{table}, change.before) kept "
        f"WHERE change.edit_id = %s AND change.table_name = %s AND change.operation = 'D'",
        [edit.pk, table],
    )
