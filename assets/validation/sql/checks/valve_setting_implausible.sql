-- A setting outside what its valve can hold: 0 to 250 m for pressures, 0 to 20 m3/s, 0 to 100 %% open.
SELECT ARRAY[node.id] AS nodes, '{}'::bigint[] AS pipes,
       '{}'::bigint[] AS other_nodes, '{}'::bigint[] AS other_pipes,
       node.geom AS geom, jsonb_build_object('type', valve.valve_type, 'setting', valve.setting) AS facts
  FROM checked_node node JOIN assets_valvedetail valve ON valve.node_id = node.id
 WHERE node.lifecycle = 'in_service'
   AND CASE WHEN valve.valve_type IN ('PRV', 'PSV', 'PBV') THEN valve.setting NOT BETWEEN 0 AND 250
            WHEN valve.valve_type = 'FCV' THEN valve.setting NOT BETWEEN 0 AND 20
            WHEN valve.valve_type = 'PCV' THEN valve.setting NOT BETWEEN 0 AND 100
            WHEN valve.valve_type = 'TCV' THEN valve.setting < 0 ELSE false END
