-- A device that works in one direction, whose lines are both drawn into it or both out of it.
SELECT ARRAY[node.id] AS nodes, '{}'::bigint[] AS pipes,
       '{}'::bigint[] AS other_nodes, coalesce((SELECT array_agg(link.pipe_id ORDER BY link.pipe_id) FROM node_pipe link WHERE link.node_id = node.id AND link.is_live), '{}') AS other_pipes,
       node.geom AS geom, jsonb_build_object('kind', node.kind) AS facts
  FROM checked_node node
  LEFT JOIN assets_valvedetail valve ON valve.node_id = node.id
 WHERE node.lifecycle = 'in_service' AND node.degree = 2
   AND (node.kind IN ('pump', 'bulk_meter') OR valve.valve_type IN ('PRV', 'PSV', 'FCV', 'PBV', 'check'))
   AND (SELECT count(*) FROM node_pipe link WHERE link.node_id = node.id AND link.is_live AND link.is_start) <> 1
