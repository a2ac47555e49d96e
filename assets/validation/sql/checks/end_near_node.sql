-- The end of a line close to a node that it does not reach.
-- (network_id + 0: by the spatial index alone; the network's own index names all of its rows.)
SELECT ARRAY[node.id] AS nodes, '{}'::bigint[] AS pipes,
       ARRAY[twin.id] AS other_nodes, '{}'::bigint[] AS other_pipes,
       ST_MakeLine(node.geom, twin.geom) AS geom, jsonb_build_object('other', twin.code, 'distance_m', round(ST_Distance(twin.geom::geography, node.geom::geography)::numeric, 2), 'key', twin.id) AS facts
  FROM checked_node node
  JOIN node_pipe own ON own.node_id = node.id AND own.is_live
  JOIN assets_node twin ON twin.network_id + 0 = %(network)s AND twin.id <> node.id AND twin.lifecycle = 'in_service'
   AND twin.geom && ST_Expand(node.geom, %(near_deg)s)
   AND ST_Distance(twin.geom::geography, node.geom::geography) BETWEEN %(tolerance_m)s AND %(near_m)s
 WHERE node.lifecycle = 'in_service' AND node.code_class = 'node' AND node.degree = 1 AND twin.id <> own.other_id
   AND ST_Distance(twin.geom::geography, node.geom::geography) > %(tolerance_m)s
   AND NOT EXISTS (SELECT 1 FROM assets_pipe short
                    WHERE (short.start_node_id = own.other_id AND short.end_node_id = twin.id)
                       OR (short.end_node_id = own.other_id AND short.start_node_id = twin.id))
