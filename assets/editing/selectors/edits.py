"""Reading what edits did: to which elements, row by row, and the history and ancestry of one element."""

from typing import Any
from uuid import UUID

from django.contrib.gis.db.models.functions import AsGeoJSON
from django.db import connection
from django.db.models import F, JSONField, Q, QuerySet
from django.db.models.functions import Cast

from assets.models import Edit, Lineage, Network, Node, Pipe, RowChange
from gis_core.access import Capability, Viewer, visible

GEOJSON_DIGITS = 9
# An answer shows so many elements or row changes; a list of its own pages the rest.
MAXIMUM_SHOWN = 1000
_CHANGES = {"I": "made", "U": "changed", "D": "deleted"}
_HIDDEN = ("version", "valid_from", "change_id", "division_id")


def edits_visible_to(viewer: Viewer) -> QuerySet[Edit]:
    """Edits of the networks that the viewer may see, the newest first."""
    edits = Edit.objects.select_related("network", "acting_user", "undoes", "undone_by")
    return visible(edits, viewer, Capability.VIEW_NETWORK)


def networks_editable_by(viewer: Viewer) -> QuerySet[Network]:
    """The networks that the viewer may edit, each with its division."""
    return visible(Network.objects.select_related("division"), viewer, Capability.EDIT_NETWORK)


def elements_of(edit: Edit) -> list[dict[str, Any]]:
    """The nodes and pipes that an edit made, changed or deleted, with their present versions; at most 1,000."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH changed AS MATERIALIZED (
                -- By the edit alone: whoever walks along the ids instead reads all history before it.
                SELECT * FROM assets_rowchange WHERE edit_id = %s
            )
            SELECT replace(change.table_name, 'assets_', ''), coalesce(node.uid, pipe.uid)::text,
                   coalesce(node.code, pipe.code), coalesce(node.version, pipe.version), change.operation,
                   change.before ->> 'uid', change.before ->> 'code'
              FROM changed change
              LEFT JOIN assets_node node ON change.table_name = 'assets_node' AND node.id = change.row_id
              LEFT JOIN assets_pipe pipe ON change.table_name = 'assets_pipe' AND pipe.id = change.row_id
             WHERE change.table_name IN ('assets_node', 'assets_pipe')
             ORDER BY change.id LIMIT %s
            """,
            [edit.pk, MAXIMUM_SHOWN],
        )
        return [
            {
                "element": element,
                "uid": uid or old_uid,
                "code": code or old_code,
                "version": version,
                "change": _CHANGES[operation],
            }
            for element, uid, code, version, operation, old_uid, old_code in cursor.fetchall()
        ]


def outcome_of(edit: Edit, results: list[dict[str, Any]]) -> dict[str, Any]:
    """An edit just made as the API answers it: its facts, what each operation returned, the elements it changed."""
    return {
        "uid": str(edit.uid),
        "network": edit.network.code,
        "operation": edit.operation,
        "summary": edit.summary,
        "by": edit.acting_user.username if edit.acting_user else None,
        "made_at": edit.made_at.isoformat(),
        "undoes": None,
        "undone_by": None,
        "remarks": edit.remarks,
        "results": results,
        "elements": elements_of(edit),
    }


def changes_of(edit: Edit) -> list[dict[str, Any]]:
    """The rows that an edit changed, as they were before it; at most 1,000."""
    # In the order of the ids, but not by walking along them.
    rows = RowChange.objects.filter(edit=edit).order_by(F("pk") + 0)
    return [_change(row) for row in _with_geometry(rows)[:MAXIMUM_SHOWN]]


def history_of(element: Node | Pipe) -> list[dict[str, Any]]:
    """The earlier states of a node or pipe and its details, the latest first; at most 1,000.

    Each with when it held, the edit that ended it and who made that.
    """
    tables = {element._meta.db_table: element.pk}
    for relation in element._meta.related_objects:
        key = relation.related_model._meta.pk  # type: ignore[union-attr]
        if relation.one_to_one and key == relation.field:
            tables[relation.related_model._meta.db_table] = element.pk  # type: ignore[union-attr]
    of_rows = Q()
    for table, row_id in tables.items():
        of_rows |= Q(table_name=table, row_id=row_id)
    rows = RowChange.objects.filter(of_rows).select_related("edit__acting_user").order_by("-pk")
    return [
        {
            **_change(row),
            "valid_from": row.valid_from,
            "valid_to": row.valid_to,
            "edit": None if row.edit is None else str(row.edit.uid),
            "by": None if row.edit is None or row.edit.acting_user is None else row.edit.acting_user.username,
        }
        for row in _with_geometry(rows)[:MAXIMUM_SHOWN]
    ]


def lineage_of(uid: UUID) -> list[Lineage]:
    """The splits and merges from which an element came and into which it went, in their order."""
    rows = Lineage.objects.filter(Q(ancestor_uid=uid) | Q(descendant_uid=uid)).select_related("edit")
    return list(rows.order_by("pk")[:MAXIMUM_SHOWN])


def _with_geometry(rows: QuerySet[RowChange]) -> QuerySet[RowChange]:
    shown = Cast(AsGeoJSON("before_geom", precision=GEOJSON_DIGITS), JSONField())
    return rows.defer("before_geom").annotate(geojson=shown)


def _change(row: RowChange) -> dict[str, Any]:
    before = row.before or {}
    return {
        "table": row.table_name.removeprefix("assets_"),
        "row": row.row_id,
        "change": _CHANGES[row.operation],
        "version": before.get("version"),
        "before": {key: value for key, value in before.items() if key not in _HIDDEN} or None,
        "geometry": row.geojson,  # type: ignore[attr-defined] # annotated
    }
