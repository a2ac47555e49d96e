-- Two nodes in service at one place: within the tolerance, and not the two sides of one device.
-- (network_id + 0: by the spatial index alone; the network's own index names all of its rows.)
SELECT DISTINCT ARRAY[least(node.id, twin.id), greatest(node.id, twin.id)] AS nodes, '{}'::bigint[] AS pipes,
       '{}'::bigint[] AS other_nodes, '{}'::bigint[] AS other_pipes,
       CASE WHEN node.id < twin.id THEN node.geom ELSE twin.geom END AS geom, jsonb_build_object('distance_m', round(ST_Distance(twin.geom::geography, node.geom::geography)::numeric, 3), 'ends',
           CASE WHEN (CASE WHEN node.id < twin.id THEN twin.kind ELSE node.kind END) = 'junction' THEN
           (SELECT jsonb_agg(jsonb_build_array(line.uid, CASE WHEN line.start_node_id = greatest(node.id, twin.id) THEN 'start' ELSE 'end' END)
                             ORDER BY line.id)
              FROM assets_pipe line
             WHERE line.start_node_id = greatest(node.id, twin.id) OR line.end_node_id = greatest(node.id, twin.id)
            HAVING NOT bool_or(line.is_connector
                               OR least(node.id, twin.id) IN (line.start_node_id, line.end_node_id)
                               OR line.start_node_id = line.end_node_id)
               AND NOT EXISTS (SELECT 1 FROM assets_attachment attachment WHERE attachment.node_id = greatest(node.id, twin.id))
               AND NOT EXISTS (SELECT 1 FROM assets_zoneconnection connection WHERE connection.node_id = greatest(node.id, twin.id))
               AND NOT EXISTS (SELECT 1 FROM assets_demand demand WHERE demand.node_id = greatest(node.id, twin.id))) END) AS facts
  FROM checked_node node
  JOIN assets_node twin ON twin.network_id + 0 = %(network)s AND twin.id <> node.id AND twin.lifecycle = 'in_service'
   AND twin.geom && ST_Expand(node.geom, %(tolerance_deg)s)
   AND ST_Distance(twin.geom::geography, node.geom::geography) <= %(tolerance_m)s
 WHERE node.lifecycle = 'in_service'
   AND NOT EXISTS (SELECT 1 FROM node_pipe link WHERE link.node_id = node.id AND link.other_id = twin.id AND link.is_connector)
   AND NOT EXISTS (SELECT 1 FROM node_pipe link JOIN assets_pipe further
                     ON further.is_connector AND ((further.start_node_id = link.other_id AND further.end_node_id = twin.id)
                                               OR (further.end_node_id = link.other_id AND further.start_node_id = twin.id))
                    WHERE link.node_id = node.id AND link.is_connector)
