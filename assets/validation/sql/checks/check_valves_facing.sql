-- A junction between two check valves that let nothing through: both towards it or both away.
SELECT ARRAY[node.id] AS nodes, '{}'::bigint[] AS pipes,
       '{}'::bigint[] AS other_nodes, coalesce((SELECT array_agg(link.pipe_id ORDER BY link.pipe_id) FROM node_pipe link WHERE link.node_id = node.id AND link.is_live), '{}') AS other_pipes,
       node.geom AS geom, '{}'::jsonb AS facts
  FROM checked_node node
 WHERE node.lifecycle = 'in_service' AND node.kind = 'junction' AND node.degree = 2
   AND (SELECT count(*) FILTER (WHERE link.is_start) <> 1 AND bool_and(link.has_check_valve)
          FROM node_pipe link WHERE link.node_id = node.id AND link.is_live)
