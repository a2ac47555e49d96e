-- Ways that water can take into nodes along one pipe.
-- Inputs: nodes: ids.
-- Output: pipe, the node the way comes from, the node it leads into; supply numbers and kind of where it comes from.
-- Closed pipes and devices pass nothing; pipes with a check valve, pumps, check valves and pressure regulators pass
-- along their drawing only.
SELECT way.pipe_id, way.from_id, way.to_id, origin.supply_first, origin.supply_last, node.kind
  FROM (SELECT pipe.id AS pipe_id, pipe.start_node_id AS from_id, pipe.end_node_id AS to_id, false AS is_backward
          FROM assets_pipe pipe
         WHERE pipe.end_node_id = ANY (%(nodes)s) AND pipe.lifecycle = 'in_service' AND pipe.status = 'open'
        UNION ALL
        SELECT pipe.id, pipe.end_node_id, pipe.start_node_id, true
          FROM assets_pipe pipe
         WHERE pipe.start_node_id = ANY (%(nodes)s) AND pipe.lifecycle = 'in_service' AND pipe.status = 'open'
           AND NOT pipe.has_check_valve) way
  JOIN assets_nodetopology origin ON origin.node_id = way.from_id
  JOIN assets_node node ON node.id = way.from_id
  JOIN assets_nodetopology target ON target.node_id = way.to_id
 WHERE CASE WHEN way.is_backward THEN origin.passage = 1 AND target.passage = 1
            ELSE origin.passage <> 0 AND target.passage <> 0 END
