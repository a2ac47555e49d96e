-- What measures the edges of a network's zones now.
-- Inputs: network_id. Output: a row for each meter, or device that nothing measures, of each zone's edge: zone_id, datastream_id
--   (NULL: nothing measures it), weight (1 into the zone, -1 out of it).
-- Invariant: a zone without an edge of its own has those of the zones inside it, where what leaves one and enters another
--   cancels, measured or not: as balances/zone_balances/sql/balances.sql has it.
WITH RECURSIVE own_edge AS MATERIALIZED (
    SELECT meter.zone_id, meter.datastream_id, NULL::bigint AS node_id, CASE meter.role WHEN 'inlet' THEN 1 ELSE -1 END AS sign
      FROM balances_zonemeter meter JOIN assets_zone zone ON zone.id = meter.zone_id
     WHERE zone.network_id = %(network_id)s AND meter.role <> 'storage' AND meter.removed_at IS NULL
    UNION ALL
    SELECT connection.zone_id, NULL, connection.node_id, CASE connection.role WHEN 'inlet' THEN 1 ELSE -1 END
      FROM assets_zoneconnection connection JOIN assets_zone zone ON zone.id = connection.zone_id
      JOIN assets_network network ON network.id = zone.network_id
     WHERE zone.network_id = %(network_id)s AND connection.role IN ('inlet', 'outlet')
       AND NOT EXISTS (SELECT FROM assets_attachment attachment
                         JOIN sensors_thing thing ON thing.attachment_id = attachment.id AND thing.deleted_at IS NULL
                         JOIN sensors_datastream stream ON stream.thing_id = thing.id AND stream.deleted_at IS NULL
                        WHERE attachment.node_id = connection.node_id AND attachment.pipe_id IS NULL
                          AND (stream.observed_property = 'flow' OR stream.observed_property = 'power'
                                                                    AND network.commodity IN ('electricity', 'heat')))
), reach AS (
    SELECT zone.id AS zone_id, zone.id AS edged_id FROM assets_zone zone WHERE zone.network_id = %(network_id)s
    UNION
    SELECT reach.zone_id, child.id
      FROM reach JOIN assets_zone child ON child.parent_id = reach.edged_id
     WHERE NOT EXISTS (SELECT FROM own_edge WHERE own_edge.zone_id = reach.edged_id)
)
SELECT reach.zone_id, own_edge.datastream_id, sum(own_edge.sign)::int AS weight
  FROM reach JOIN own_edge ON own_edge.zone_id = reach.edged_id
 GROUP BY 1, 2, own_edge.node_id HAVING sum(own_edge.sign) <> 0
 ORDER BY 1, 2, own_edge.node_id;
