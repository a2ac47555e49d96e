-- A line in service that ends at a node that is planned, being built, out of service or removed.
SELECT DISTINCT ARRAY[node.id] AS nodes, ARRAY[pipe.id] AS pipes,
       '{}'::bigint[] AS other_nodes, '{}'::bigint[] AS other_pipes,
       node.geom AS geom, jsonb_build_object('lifecycle', replace(node.lifecycle, '_', ' ')) AS facts
  FROM checked_pipe pipe
  JOIN assets_node node ON node.id IN (pipe.start_node_id, pipe.end_node_id) AND node.lifecycle <> 'in_service'
 WHERE pipe.lifecycle = 'in_service'
