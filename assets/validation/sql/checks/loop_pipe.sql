-- A line that starts and ends at the same node.
SELECT '{}'::bigint[] AS nodes, ARRAY[pipe.id] AS pipes,
       ARRAY[pipe.start_node_id] AS other_nodes, '{}'::bigint[] AS other_pipes,
       pipe.geom AS geom, '{}'::jsonb AS facts
  FROM checked_pipe pipe
 WHERE pipe.lifecycle = 'in_service' AND pipe.start_node_id = pipe.end_node_id
