-- A valve that shuts off a segment but is broken, not accessible or buried.
SELECT ARRAY[node.id] AS nodes, '{}'::bigint[] AS pipes,
       '{}'::bigint[] AS other_nodes, '{}'::bigint[] AS other_pipes,
       node.geom AS geom, jsonb_build_object('why', concat_ws(', ', CASE WHEN valve.is_broken THEN 'broken' END, CASE WHEN NOT valve.is_accessible THEN 'not accessible' END, CASE WHEN valve.is_buried THEN 'buried' END)) AS facts
  FROM checked_node node JOIN assets_valvedetail valve ON valve.node_id = node.id
 WHERE node.lifecycle = 'in_service' AND (valve.valve_type = 'isolation' OR valve.is_isolating)
   AND (valve.is_broken OR NOT valve.is_accessible OR valve.is_buried)
