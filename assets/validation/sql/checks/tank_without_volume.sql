-- A tank that can hold nothing: no diameter and no volume curve, or no height between its levels.
SELECT ARRAY[node.id] AS nodes, '{}'::bigint[] AS pipes,
       '{}'::bigint[] AS other_nodes, '{}'::bigint[] AS other_pipes,
       node.geom AS geom, '{}'::jsonb AS facts
  FROM checked_node node JOIN assets_tankdetail tank ON tank.node_id = node.id
 WHERE node.lifecycle = 'in_service'
   AND ((tank.diameter_m <= 0 AND tank.volume_curve_id IS NULL) OR tank.maximum_level_m <= tank.minimum_level_m)
