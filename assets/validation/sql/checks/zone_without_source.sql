-- A zone with members in service that nothing supplies: no inlet, no storage and no source inside or below.
SELECT '{}'::bigint[] AS nodes, '{}'::bigint[] AS pipes,
       '{}'::bigint[] AS other_nodes, '{}'::bigint[] AS other_pipes,
       coalesce(zone.geom, (SELECT member.geom FROM assets_node member WHERE member.zone_id = zone.id LIMIT 1)) AS geom, jsonb_build_object('zone', zone.code, 'key', 'zone ' || zone.id) AS facts
  FROM checked_zone zone
 WHERE EXISTS (SELECT 1 FROM assets_node member WHERE member.zone_id = zone.id AND member.lifecycle = 'in_service')
   AND NOT EXISTS (SELECT 1 FROM assets_zoneconnection connection
                    WHERE connection.zone_id = zone.id AND connection.role IN ('inlet', 'storage'))
   AND NOT EXISTS (SELECT 1 FROM assets_node source
                    WHERE source.zone_id = zone.id AND source.kind = ANY (%(supply_kinds)s)
                      AND source.kind IN ('tank', 'reservoir', 'source', 'boiler_house', 'substation', 'outfall', 'treatment')
                      AND source.lifecycle = 'in_service')
   AND NOT EXISTS (SELECT 1 FROM assets_zone child JOIN assets_zoneconnection connection ON connection.zone_id = child.id
                    WHERE child.parent_id = zone.id AND connection.role IN ('inlet', 'storage'))
