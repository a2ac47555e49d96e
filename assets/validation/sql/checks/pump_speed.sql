-- A pump at a relative speed of nought or less, or over twice its nominal one.
SELECT ARRAY[node.id] AS nodes, '{}'::bigint[] AS pipes,
       '{}'::bigint[] AS other_nodes, '{}'::bigint[] AS other_pipes,
       node.geom AS geom, jsonb_build_object('speed', pump.relative_speed) AS facts
  FROM checked_node node JOIN assets_pumpdetail pump ON pump.node_id = node.id
 WHERE node.lifecycle = 'in_service' AND (pump.relative_speed <= 0 OR pump.relative_speed > 2)
