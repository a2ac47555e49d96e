-- What one edit changed of the topology.
-- Inputs: edit: id.
-- Output: rows (element, id, ends): nodes made, deleted, or of another kind, lifecycle or device state; pipes made, deleted,
-- or with other ends, lifecycle, status or check valve, each with the ends it had and has.
SELECT 'pipe' AS element, change.row_id,
       array_remove(ARRAY[(change.before ->> 'start_node_id')::bigint, (change.before ->> 'end_node_id')::bigint,
                          pipe.start_node_id, pipe.end_node_id], NULL) AS ends
  FROM assets_rowchange change LEFT JOIN assets_pipe pipe ON pipe.id = change.row_id
 WHERE change.edit_id = %(edit)s AND change.table_name = 'assets_pipe'
   AND (pipe.id IS NULL OR change.before IS NULL
        OR (pipe.start_node_id, pipe.end_node_id, pipe.lifecycle, pipe.status, pipe.has_check_valve)
           IS DISTINCT FROM ((change.before ->> 'start_node_id')::bigint, (change.before ->> 'end_node_id')::bigint,
                             change.before ->> 'lifecycle', change.before ->> 'status',
                             (change.before ->> 'has_check_valve')::boolean))
UNION ALL
SELECT 'node', change.row_id, '{}'
  FROM assets_rowchange change LEFT JOIN assets_node node ON node.id = change.row_id
 WHERE change.edit_id = %(edit)s AND change.table_name = 'assets_node'
   AND (node.id IS NULL OR change.before IS NULL
        OR (node.kind, node.lifecycle) IS DISTINCT FROM (change.before ->> 'kind', change.before ->> 'lifecycle'))
UNION
SELECT 'node', facts.node_id, '{}'
  FROM assets_rowchange change
  JOIN assets_node_facts facts ON facts.node_id = change.row_id
  LEFT JOIN assets_nodetopology topology ON topology.node_id = facts.node_id
 WHERE change.edit_id = %(edit)s AND change.table_name IN ('assets_valvedetail', 'assets_pumpdetail', 'assets_switchdetail')
   AND (facts.is_boundary, facts.passage) IS DISTINCT FROM (topology.is_boundary, topology.passage)
