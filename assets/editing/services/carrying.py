"""What the registers know of a pipe, carried along when it is split or merged.

Facts (inspections, verifications) are never changed: a split copies them to the new part, each copy naming its
original, and a merge moves them back and drops copies whose original is there. Leaks ride on attachments.
"""

from typing import Any

from django.db import connection
from django.utils.translation import gettext_noop as _

from assets.models.commodities import LINE_ATTRIBUTES
from gis_core.sentences import Sentence

_FACTS = {
    "inspection": "inspected_on, inspector, method, grade, findings, next_due_on",
    "verification": "verified_on, verified_by_id, method, position_confirmed, remark",
}
_LINE = ", ".join(f'"{name}"' for name in LINE_ATTRIBUTES)


def carry_on_split(*, kept_pipe_id: int, new_pipe_id: int) -> list[dict[str, Any]]:
    """Give the new part of a split pipe what is known of the whole: documents, facts, line attributes.

    Runs in the transaction of the split, after the new pipe is stored. Returns what could not be carried: nothing.
    """
    names = {"kept": kept_pipe_id, "new": new_pipe_id}
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO assets_documentlink (uid, division_id, document_id, network_id, pipe_id) "
            "SELECT gen_random_uuid(), division_id, document_id, network_id, %(new)s "
            "FROM assets_documentlink WHERE pipe_id = %(kept)s ORDER BY id ON CONFLICT DO NOTHING",
            names,
        )
        for table, columns in _FACTS.items():
            cursor.execute(
                f"INSERT INTO assets_{table} (uid, network_id, division_id, pipe_id, copied_from_id, "  # noqa: S608
                f"recorded_by_id, recorded_at, {columns}) "
                f"SELECT gen_random_uuid(), network_id, division_id, %(new)s, coalesce(copied_from_id, id), "
                f"recorded_by_id, recorded_at, {columns} FROM assets_{table} WHERE pipe_id = %(kept)s ORDER BY id",
                names,
            )
        cursor.execute(
            f"INSERT INTO assets_linedetail (pipe_id, {_LINE}) SELECT %(new)s, {_LINE} "  # noqa: S608
            "FROM assets_linedetail WHERE pipe_id = %(kept)s ON CONFLICT DO NOTHING",
            names,
        )
    return []


def carry_on_merge(*, kept_pipe_id: int, absorbed_pipe_id: int) -> list[dict[str, Any]]:
    """Give the merged pipe what is known of the part it absorbs; call before that part is deleted.

    Documents and facts that both parts have stay once. Returns what could not be carried, each with `object`, `id`
    and `reason`: line attributes in which the two parts differ are those of the kept one.
    """
    names = {"kept": kept_pipe_id, "absorbed": absorbed_pipe_id}
    with connection.cursor() as cursor:
        _move_documents(cursor, "pipe_id", absorbed_pipe_id, kept_pipe_id)
        for table in _FACTS:
            _drop_copies(cursor, table, names)
            cursor.execute(
                f"UPDATE assets_{table} SET pipe_id = %(kept)s WHERE pipe_id = %(absorbed)s",  # noqa: S608
                names,
            )
        report = _lost_line_attributes(cursor, names)
        cursor.execute(
            f"INSERT INTO assets_linedetail (pipe_id, {_LINE}) SELECT %(kept)s, {_LINE} "  # noqa: S608
            "FROM assets_linedetail WHERE pipe_id = %(absorbed)s ON CONFLICT DO NOTHING",
            names,
        )
        cursor.execute("DELETE FROM assets_linedetail WHERE pipe_id = %(absorbed)s", names)
    return report


def carry_documents(*, node_id: int, pipe_id: int) -> int:
    """Give the documents of a node that goes to the pipe that stays; how many it did not have yet."""
    with connection.cursor() as cursor:
        return _move_documents(cursor, "node_id", node_id, pipe_id)


def _move_documents(cursor: Any, column: str, going_id: int, pipe_id: int) -> int:
    """Give a pipe the documents of the node or pipe in `column`, those that it has already once: how many are new."""
    names = {"going": going_id, "pipe": pipe_id}
    cursor.execute(
        "DELETE FROM assets_documentlink going USING assets_documentlink staying "  # noqa: S608
        f"WHERE going.{column} = %(going)s AND staying.pipe_id = %(pipe)s "
        "AND staying.document_id = going.document_id",
        names,
    )
    cursor.execute(
        "UPDATE assets_documentlink SET node_id = NULL, pipe_id = %(pipe)s "  # noqa: S608
        f"WHERE {column} = %(going)s",
        names,
    )
    return int(cursor.rowcount)


def _drop_copies(cursor: Any, table: str, names: dict[str, int]) -> None:
    """Of the rows of both pipes that record one fact, keep the original, or else the first copy."""
    cursor.execute(
        f"DELETE FROM assets_{table} WHERE id IN ("  # noqa: S608
        "SELECT id FROM (SELECT id, copied_from_id, row_number() OVER ("
        "PARTITION BY coalesce(copied_from_id, id) ORDER BY copied_from_id IS NOT NULL, id) AS place "
        f"FROM assets_{table} WHERE pipe_id IN (%(kept)s, %(absorbed)s)) ranked "
        "WHERE place > 1 AND copied_from_id IS NOT NULL)",
        names,
    )


def _lost_line_attributes(cursor: Any, names: dict[str, int]) -> list[dict[str, Any]]:
    cursor.execute(
        f"SELECT pipe_id, {_LINE} FROM assets_linedetail "  # noqa: S608
        "WHERE pipe_id IN (%(kept)s, %(absorbed)s)",
        names,
    )
    found = {row[0]: dict(zip(LINE_ATTRIBUTES, row[1:], strict=True)) for row in cursor.fetchall()}
    kept, absorbed = found.get(names["kept"]), found.get(names["absorbed"])
    if kept is None or absorbed is None:
        return []
    return [
        {
            "object": "line attribute",
            "id": name,
            "reason": Sentence(
                _("the absorbed pipe had {absorbed}, the kept one has {kept}"),
                absorbed=absorbed[name],
                kept=kept[name] or "none",
            ),
        }
        for name in LINE_ATTRIBUTES
        if absorbed[name] not in (None, "") and absorbed[name] != kept[name]
    ]
