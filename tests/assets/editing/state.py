"""The whole stored state of the tracked tables, to compare before and after; and the invariants of the graph in SQL."""

from typing import Any

from django.db import connection

from assets.networks.selectors.as_of import tracked_tables

# An invariant's name and a query that finds what breaks it.
INVARIANTS = {
    "a pipe starts and ends exactly at its nodes": """
        SELECT pipe.id FROM assets_pipe pipe
          JOIN assets_node first ON first.id = pipe.start_node_id JOIN assets_node last ON last.id = pipe.end_node_id
         WHERE ST_AsEWKB(ST_StartPoint(pipe.geom)) <> ST_AsEWKB(first.geom)
            OR ST_AsEWKB(ST_EndPoint(pipe.geom)) <> ST_AsEWKB(last.geom)
            OR first.network_id <> pipe.network_id OR last.network_id <> pipe.network_id""",
    "a pipe in service ends at nodes in service": """
        SELECT pipe.id FROM assets_pipe pipe
          JOIN assets_node node ON node.id IN (pipe.start_node_id, pipe.end_node_id)
         WHERE pipe.lifecycle = 'in_service' AND node.lifecycle <> 'in_service'""",
    "no pipe is a loop": "SELECT id FROM assets_pipe WHERE start_node_id = end_node_id",
    "an attachment's node is an end of its pipe": """
        SELECT attachment.id FROM assets_attachment attachment JOIN assets_pipe pipe ON pipe.id = attachment.pipe_id
         WHERE attachment.node_id NOT IN (pipe.start_node_id, pipe.end_node_id)""",
    "every device has its details": """
        SELECT node.id FROM assets_node node
         WHERE (node.kind = 'valve' AND NOT EXISTS (SELECT 1 FROM assets_valvedetail WHERE node_id = node.id))
            OR (node.kind = 'pump' AND NOT EXISTS (SELECT 1 FROM assets_pumpdetail WHERE node_id = node.id))
            OR (node.kind = 'bulk_meter'
                AND NOT EXISTS (SELECT 1 FROM assets_bulkmeterdetail WHERE node_id = node.id))""",
    "no derived row is without its node or pipe": """
        SELECT node_id FROM assets_nodetopology topology
         WHERE NOT EXISTS (SELECT 1 FROM assets_node WHERE id = node_id AND lifecycle = 'in_service')
        UNION ALL
        SELECT pipe_id FROM assets_pipetopology
         WHERE NOT EXISTS (SELECT 1 FROM assets_pipe WHERE id = pipe_id AND lifecycle = 'in_service')""",
    "every part of a split or merged pipe knows where it came from": """
        SELECT edit.id FROM assets_edit edit
         WHERE edit.operation IN ('split_pipe', 'merge_pipes')
           AND (SELECT count(*) FROM assets_lineage WHERE edit_id = edit.id) <> 2
        UNION ALL
        -- the parts of one split cover the ancestor once
        SELECT edit_id FROM assets_lineage WHERE relation = 'split'
         GROUP BY edit_id, ancestor_uid HAVING abs(sum(to_share - from_share) - count(*) / 2) > 1e-9
               AND count(*) = 2""",
    "an edit's row states follow each other": """
        SELECT one.id FROM assets_rowchange one JOIN assets_rowchange other
            ON other.table_name = one.table_name AND other.row_id = one.row_id AND other.id > one.id
         WHERE one.operation <> 'I' AND other.operation <> 'I'
           AND one.valid_from < other.valid_to AND other.valid_from < one.valid_to""",
}


def stored_state() -> dict[str, list[Any]]:
    """Every row of every tracked table as JSON, with its geometry to the last bit and without what counts states."""
    state: dict[str, list[Any]] = {}
    with connection.cursor() as cursor:
        for table in tracked_tables():
            cursor.execute(
                f"SELECT (to_jsonb(stored) - ARRAY['version', 'valid_from', 'geom', 'start_point', 'end_point'])::text "
                f"|| coalesce(to_jsonb(stored) ->> 'geom', '') FROM {table} stored"
            )
            rows = [row[0] for row in cursor.fetchall()]
            if table in ("assets_node", "assets_pipe"):
                cursor.execute(f"SELECT id || encode(ST_AsEWKB(geom), 'hex') FROM {table}")
                rows += [row[0] for row in cursor.fetchall()]
            state[table] = sorted(rows)
    return state


def broken_invariants() -> dict[str, list[Any]]:
    """The invariants that do not hold, with what breaks them."""
    broken = {}
    with connection.cursor() as cursor:
        for name, sql in INVARIANTS.items():
            cursor.execute(sql)
            rows = cursor.fetchall()
            if rows:
                broken[name] = rows[:10]
    return broken
