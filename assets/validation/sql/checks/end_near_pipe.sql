-- The end of a line close to the middle of another line that it does not reach.
-- (network_id + 0: by the spatial index alone; the network's own index names all of its rows.)
SELECT ARRAY[node.id] AS nodes, '{}'::bigint[] AS pipes,
       '{}'::bigint[] AS other_nodes, ARRAY[line.id] AS other_pipes,
       ST_MakeLine(node.geom, foot.point) AS geom, jsonb_build_object('other', line.code, 'distance_m', round(ST_Distance(foot.point::geography, node.geom::geography)::numeric, 2), 'key', line.id) AS facts
  FROM checked_node node
  JOIN node_pipe own ON own.node_id = node.id AND own.is_live
  JOIN assets_pipe line ON line.network_id + 0 = %(network)s AND line.lifecycle = 'in_service' AND NOT line.is_connector
   AND node.id NOT IN (line.start_node_id, line.end_node_id)
   AND own.other_id NOT IN (line.start_node_id, line.end_node_id)
   AND line.geom && ST_Expand(node.geom, %(near_deg)s)
 CROSS JOIN LATERAL (SELECT ST_ClosestPoint(line.geom, node.geom) AS point) foot
 WHERE node.lifecycle = 'in_service' AND node.code_class = 'node' AND node.degree = 1
   AND ST_Distance(foot.point::geography, node.geom::geography) > %(tolerance_m)s
   AND ST_Distance(foot.point::geography, node.geom::geography) <= %(near_m)s
   AND least(ST_Distance(foot.point::geography, line.start_point::geography),
             ST_Distance(foot.point::geography, line.end_point::geography)) > %(near_m)s
