-- A node in service that was installed on a day to come.
SELECT ARRAY[node.id] AS nodes, '{}'::bigint[] AS pipes,
       '{}'::bigint[] AS other_nodes, '{}'::bigint[] AS other_pipes,
       node.geom AS geom, jsonb_build_object('day', node.installed_on) AS facts
  FROM checked_node node
 WHERE node.lifecycle = 'in_service' AND node.installed_on > (now() AT TIME ZONE 'Asia/Tashkent')::date
