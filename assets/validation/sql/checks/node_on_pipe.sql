-- A node within the tolerance of the middle of a line that does not end at it.
-- (network_id + 0: by the spatial index alone; the network's own index names all of its rows.)
SELECT ARRAY[node.id] AS nodes, ARRAY[line.id] AS pipes,
       '{}'::bigint[] AS other_nodes, '{}'::bigint[] AS other_pipes,
       node.geom AS geom, jsonb_build_object('distance_m', round(ST_Distance(foot.point::geography, node.geom::geography)::numeric, 3), 'is_line_connector', line.is_connector) AS facts
  FROM checked_node node
  JOIN assets_pipe line ON line.network_id + 0 = %(network)s AND line.lifecycle = 'in_service'
   AND node.id NOT IN (line.start_node_id, line.end_node_id)
   AND line.geom && ST_Expand(node.geom, %(tolerance_deg)s)
 CROSS JOIN LATERAL (SELECT ST_ClosestPoint(line.geom, node.geom) AS point) foot
 WHERE node.lifecycle = 'in_service'
   AND ST_Distance(foot.point::geography, node.geom::geography) <= %(tolerance_m)s
   AND least(ST_Distance(node.geom::geography, line.start_point::geography),
             ST_Distance(node.geom::geography, line.end_point::geography)) > %(tolerance_m)s
   AND NOT EXISTS (SELECT 1 FROM node_pipe link WHERE link.node_id = node.id AND link.is_connector
                      AND link.other_id IN (line.start_node_id, line.end_node_id))
