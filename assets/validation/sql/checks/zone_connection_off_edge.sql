-- An inlet, outlet or closed boundary that is not on its zone's edge: all its neighbours are inside, or none is.
SELECT ARRAY[node.id] AS nodes, '{}'::bigint[] AS pipes,
       '{}'::bigint[] AS other_nodes, '{}'::bigint[] AS other_pipes,
       node.geom AS geom, jsonb_build_object('zone', node.code, 'role', node.role, 'key', 'zone ' || node.zone_id) AS facts
  FROM (SELECT node.id, node.geom, connection.role, zone.code, zone.id AS zone_id,
               count(*) FILTER (WHERE beside.zone_id = zone.id OR beside_zone.parent_id = zone.id) AS inside, count(*) AS number
          FROM checked_node node
          JOIN assets_zoneconnection connection ON connection.node_id = node.id AND connection.role <> 'storage'
          JOIN assets_zone zone ON zone.id = connection.zone_id
          JOIN node_pipe link ON link.node_id = node.id AND link.is_live
          JOIN assets_node beside ON beside.id = link.other_id
          LEFT JOIN assets_zone beside_zone ON beside_zone.id = beside.zone_id
         WHERE node.lifecycle = 'in_service' AND node.code_class = 'device'
         GROUP BY 1, 2, 3, 4, 5) node
 WHERE node.number >= 2 AND node.inside IN (0, node.number)
