-- An inlet whose lines are drawn out of its zone, or an outlet whose lines are drawn into it: its flow counts backwards.
SELECT ARRAY[node.id] AS nodes, '{}'::bigint[] AS pipes,
       '{}'::bigint[] AS other_nodes, node.ids AS other_pipes,
       node.geom AS geom, jsonb_build_object('zone', node.code, 'role', node.role, 'key', 'zone ' || node.zone_id) AS facts
  FROM (SELECT node.id, node.geom, connection.role, zone.code, zone.id AS zone_id, array_agg(link.pipe_id ORDER BY link.pipe_id) AS ids,
               bool_and((beside.zone_id IS NOT DISTINCT FROM zone.id OR coalesce(beside_zone.parent_id = zone.id, false))
                        <> (link.is_start = (connection.role = 'inlet'))) AS is_reversed
          FROM checked_node node
          JOIN assets_zoneconnection connection ON connection.node_id = node.id AND connection.role IN ('inlet', 'outlet')
          JOIN assets_zone zone ON zone.id = connection.zone_id
          JOIN node_pipe link ON link.node_id = node.id AND link.is_live
          JOIN assets_node beside ON beside.id = link.other_id
          LEFT JOIN assets_zone beside_zone ON beside_zone.id = beside.zone_id
         WHERE node.lifecycle = 'in_service' AND node.code_class = 'device' AND node.degree = 2
         GROUP BY 1, 2, 3, 4, 5) node
 WHERE node.is_reversed
