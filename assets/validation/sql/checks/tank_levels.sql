-- A tank whose level at the start is outside its lowest and highest.
SELECT ARRAY[node.id] AS nodes, '{}'::bigint[] AS pipes,
       '{}'::bigint[] AS other_nodes, '{}'::bigint[] AS other_pipes,
       node.geom AS geom, jsonb_build_object('level_m', tank.initial_level_m, 'minimum_m', tank.minimum_level_m, 'maximum_m', tank.maximum_level_m) AS facts
  FROM checked_node node JOIN assets_tankdetail tank ON tank.node_id = node.id
 WHERE node.lifecycle = 'in_service' AND tank.initial_level_m NOT BETWEEN tank.minimum_level_m - 1e-6 AND tank.maximum_level_m + 1e-6
