-- A bulk meter that is neither inlet nor outlet of any zone.
SELECT ARRAY[node.id] AS nodes, '{}'::bigint[] AS pipes,
       '{}'::bigint[] AS other_nodes, '{}'::bigint[] AS other_pipes,
       node.geom AS geom, '{}'::jsonb AS facts
  FROM checked_node node
 WHERE node.lifecycle = 'in_service' AND node.kind = 'bulk_meter'
   AND EXISTS (SELECT 1 FROM assets_zone zone WHERE zone.network_id = node.network_id)
   AND NOT EXISTS (SELECT 1 FROM assets_zoneconnection connection
                    WHERE connection.node_id = node.id AND connection.role IN ('inlet', 'outlet'))
