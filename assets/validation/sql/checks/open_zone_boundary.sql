-- An open line between two zones, or out of one, with nothing at either end that is set down as the zone's edge.
SELECT '{}'::bigint[] AS nodes, ARRAY[pipe.id] AS pipes,
       ARRAY[first.id, last.id] AS other_nodes, '{}'::bigint[] AS other_pipes,
       pipe.geom AS geom, '{}'::jsonb AS facts
  FROM checked_pipe pipe
  JOIN assets_node first ON first.id = pipe.start_node_id
  JOIN assets_node last ON last.id = pipe.end_node_id
 WHERE pipe.lifecycle = 'in_service' AND pipe.status = 'open' AND first.lifecycle = 'in_service' AND last.lifecycle = 'in_service' AND first.zone_id IS DISTINCT FROM last.zone_id
   AND EXISTS (SELECT 1 FROM assets_zoneconnection any_edge
                WHERE any_edge.zone_id IN (first.zone_id, last.zone_id) AND any_edge.role <> 'storage')
   AND NOT EXISTS (SELECT 1 FROM assets_zoneconnection connection
                    WHERE connection.node_id IN (first.id, last.id) AND connection.zone_id IN (first.zone_id, last.zone_id))
   AND NOT EXISTS (SELECT 1 FROM assets_valvedetail valve WHERE valve.node_id IN (first.id, last.id) AND valve.status = 'closed')
