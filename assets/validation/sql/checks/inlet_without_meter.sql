-- An inlet or outlet of a zone that is not metered: its flow is missing in the balance.
SELECT ARRAY[node.id] AS nodes, '{}'::bigint[] AS pipes,
       '{}'::bigint[] AS other_nodes, '{}'::bigint[] AS other_pipes,
       node.geom AS geom, jsonb_build_object('zone', zone.code, 'role', connection.role, 'key', 'zone ' || zone.id) AS facts
  FROM checked_node node
  JOIN assets_zoneconnection connection ON connection.node_id = node.id AND connection.role IN ('inlet', 'outlet')
  JOIN assets_zone zone ON zone.id = connection.zone_id
 WHERE node.lifecycle = 'in_service' AND node.kind NOT IN ('bulk_meter', 'metering_station')
