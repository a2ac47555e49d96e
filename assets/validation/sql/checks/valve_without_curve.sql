-- A general-purpose valve without a head-loss curve.
SELECT ARRAY[node.id] AS nodes, '{}'::bigint[] AS pipes,
       '{}'::bigint[] AS other_nodes, '{}'::bigint[] AS other_pipes,
       node.geom AS geom, '{}'::jsonb AS facts
  FROM checked_node node JOIN assets_valvedetail valve ON valve.node_id = node.id
 WHERE node.lifecycle = 'in_service' AND valve.valve_type = 'GPV' AND valve.status = 'active' AND valve.headloss_curve_id IS NULL
