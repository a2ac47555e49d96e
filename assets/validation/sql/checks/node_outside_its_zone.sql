-- A junction in no zone, or in another one, all of whose two or more neighbours are of one zone.
SELECT ARRAY[node.id] AS nodes, '{}'::bigint[] AS pipes,
       '{}'::bigint[] AS other_nodes, '{}'::bigint[] AS other_pipes,
       node.geom AS geom, jsonb_build_object('zone', zone.code, 'zone_uid', zone.uid) AS facts
  FROM (SELECT node.id, node.geom, min(beside.zone_id) AS zone_id
          FROM checked_node node
          JOIN node_pipe link ON link.node_id = node.id AND link.is_live
          JOIN assets_node beside ON beside.id = link.other_id
         WHERE node.lifecycle = 'in_service' AND node.kind = 'junction'
         GROUP BY node.id, node.geom, node.zone_id
        HAVING count(*) >= 2 AND count(beside.zone_id) = count(*) AND min(beside.zone_id) = max(beside.zone_id)
           AND min(beside.zone_id) IS DISTINCT FROM node.zone_id) node
  JOIN assets_zone zone ON zone.id = node.zone_id
 WHERE NOT EXISTS (SELECT 1 FROM assets_zoneconnection connection WHERE connection.node_id = node.id)
