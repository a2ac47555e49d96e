-- A device of a line (valve, pump, regulator, bulk meter, switch) without exactly two lines.
SELECT ARRAY[node.id] AS nodes, '{}'::bigint[] AS pipes,
       '{}'::bigint[] AS other_nodes, coalesce((SELECT array_agg(link.pipe_id ORDER BY link.pipe_id) FROM node_pipe link WHERE link.node_id = node.id AND link.is_live), '{}') AS other_pipes,
       node.geom AS geom, jsonb_build_object('number', node.degree, 'kind', node.kind) AS facts
  FROM checked_node node
 WHERE node.lifecycle = 'in_service' AND node.kind IN ('valve', 'pump', 'regulator', 'bulk_meter', 'switch') AND node.degree NOT IN (0, 2)
