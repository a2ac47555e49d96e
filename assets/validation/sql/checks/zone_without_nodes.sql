-- A zone without any node, of its own or of a zone in it.
SELECT '{}'::bigint[] AS nodes, '{}'::bigint[] AS pipes,
       '{}'::bigint[] AS other_nodes, '{}'::bigint[] AS other_pipes,
       zone.geom AS geom, jsonb_build_object('zone', zone.code, 'key', 'zone ' || zone.id) AS facts
  FROM assets_zone zone
 WHERE zone.network_id = %(network)s
   AND NOT EXISTS (SELECT 1 FROM assets_node node WHERE node.zone_id = zone.id)
   AND NOT EXISTS (SELECT 1 FROM assets_zone child WHERE child.parent_id = zone.id)
