-- A junction far above or below all its neighbours: by more than 30 m and a third of the way to the nearest.
SELECT ARRAY[node.id] AS nodes, '{}'::bigint[] AS pipes,
       '{}'::bigint[] AS other_nodes, '{}'::bigint[] AS other_pipes,
       node.geom AS geom, jsonb_build_object('elevation_m', node.elevation_m, 'lowest_m', node.lowest, 'highest_m', node.highest) AS facts
  FROM (SELECT node.id, node.geom, node.elevation_m, min(beside.elevation_m) AS lowest, max(beside.elevation_m) AS highest,
               min(ST_Distance(beside.geom::geography, node.geom::geography)) AS nearest_m
          FROM checked_node node
          JOIN node_pipe link ON link.node_id = node.id AND link.is_live
          JOIN assets_node beside ON beside.id = link.other_id AND beside.kind = 'junction'
         WHERE node.lifecycle = 'in_service' AND node.kind = 'junction'
         GROUP BY node.id, node.geom, node.elevation_m HAVING count(beside.elevation_m) >= 2) node
 WHERE greatest(node.elevation_m - node.highest, node.lowest - node.elevation_m) > greatest(30, node.nearest_m / 3)
