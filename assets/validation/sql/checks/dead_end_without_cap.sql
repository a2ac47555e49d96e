-- A junction where one line ends with nothing behind it: no consumption, attachment or device.
SELECT ARRAY[node.id] AS nodes, '{}'::bigint[] AS pipes,
       '{}'::bigint[] AS other_nodes, coalesce((SELECT array_agg(link.pipe_id ORDER BY link.pipe_id) FROM node_pipe link WHERE link.node_id = node.id AND link.is_live), '{}') AS other_pipes,
       node.geom AS geom, '{}'::jsonb AS facts
  FROM checked_node node
 WHERE node.lifecycle = 'in_service' AND node.kind = 'junction' AND node.degree = 1
   AND NOT EXISTS (SELECT 1 FROM assets_attachment attachment WHERE attachment.node_id = node.id)
   AND NOT EXISTS (SELECT 1 FROM assets_demand demand WHERE demand.node_id = node.id AND demand.base_demand_m3s <> 0)
   AND NOT EXISTS (SELECT 1 FROM assets_zoneconnection connection WHERE connection.node_id = node.id)
   AND NOT EXISTS (SELECT 1 FROM node_pipe link JOIN assets_node beside ON beside.id = link.other_id
                    WHERE link.node_id = node.id AND link.is_live AND beside.kind IN ('valve', 'hydrant'))
