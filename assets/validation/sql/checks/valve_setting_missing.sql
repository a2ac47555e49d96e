-- A regulating valve that is to act but has no setting.
SELECT ARRAY[node.id] AS nodes, '{}'::bigint[] AS pipes,
       '{}'::bigint[] AS other_nodes, '{}'::bigint[] AS other_pipes,
       node.geom AS geom, jsonb_build_object('type', valve.valve_type) AS facts
  FROM checked_node node JOIN assets_valvedetail valve ON valve.node_id = node.id
 WHERE node.lifecycle = 'in_service' AND valve.status = 'active' AND valve.setting IS NULL
   AND valve.valve_type IN ('PRV', 'PSV', 'PBV', 'FCV', 'TCV', 'PCV')
