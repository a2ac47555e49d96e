-- A pump with neither a head curve nor a power.
SELECT ARRAY[node.id] AS nodes, '{}'::bigint[] AS pipes,
       '{}'::bigint[] AS other_nodes, '{}'::bigint[] AS other_pipes,
       node.geom AS geom, '{}'::jsonb AS facts
  FROM checked_node node JOIN assets_pumpdetail pump ON pump.node_id = node.id
 WHERE node.lifecycle = 'in_service' AND pump.head_curve_id IS NULL AND coalesce(pump.power_w, 0) <= 0
