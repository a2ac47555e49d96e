-- A node in service at which no line ends.
SELECT ARRAY[node.id] AS nodes, '{}'::bigint[] AS pipes,
       '{}'::bigint[] AS other_nodes, '{}'::bigint[] AS other_pipes,
       node.geom AS geom, jsonb_build_object('is_free', node.kind = 'junction'
           AND NOT EXISTS (SELECT 1 FROM assets_attachment attachment WHERE attachment.node_id = node.id)
           AND NOT EXISTS (SELECT 1 FROM assets_zoneconnection connection WHERE connection.node_id = node.id)
           AND NOT EXISTS (SELECT 1 FROM assets_demand demand WHERE demand.node_id = node.id)
           AND NOT EXISTS (SELECT 1 FROM assets_pipe pipe WHERE pipe.start_node_id = node.id)
           AND NOT EXISTS (SELECT 1 FROM assets_pipe pipe WHERE pipe.end_node_id = node.id)) AS facts
  FROM checked_node node
 WHERE node.lifecycle = 'in_service' AND node.present = 0
