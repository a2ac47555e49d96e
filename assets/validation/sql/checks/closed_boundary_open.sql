-- A closed boundary of a zone that is a valve which is not closed.
SELECT ARRAY[node.id] AS nodes, '{}'::bigint[] AS pipes,
       '{}'::bigint[] AS other_nodes, '{}'::bigint[] AS other_pipes,
       node.geom AS geom, jsonb_build_object('zone', zone.code, 'key', 'zone ' || zone.id) AS facts
  FROM checked_node node
  JOIN assets_zoneconnection connection ON connection.node_id = node.id AND connection.role = 'closed'
  JOIN assets_zone zone ON zone.id = connection.zone_id
  JOIN assets_valvedetail valve ON valve.node_id = node.id AND valve.status <> 'closed'
 WHERE node.lifecycle = 'in_service'
   AND NOT EXISTS (SELECT 1 FROM node_pipe link WHERE link.node_id = node.id AND link.is_live AND link.status = 'closed')
