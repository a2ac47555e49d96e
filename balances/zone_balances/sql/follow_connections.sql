-- The devices and tanks that the graph names as a zone's edge and storages, as meters of the zone.
-- Inputs: network_ids (bigint[]). Output: rows of balances_zonemeter with from_connection: ended where the connection or its
--   datastream is gone or has another role or error, made where they are missing.
-- Invariant: what people set about a zone's datastream, its removal too, stands before the graph.
WITH stream AS (
    -- Of several the oldest, as long as the thing hangs on the device itself and not on a pipe beside it.
    SELECT DISTINCT ON (attachment.node_id, kind.is_flow) attachment.node_id, kind.is_flow, stream.id
      FROM assets_zoneconnection connection
      JOIN assets_zone zone ON zone.id = connection.zone_id AND zone.network_id = ANY (%(network_ids)s)
      JOIN assets_network network ON network.id = zone.network_id
      JOIN assets_attachment attachment ON attachment.node_id = connection.node_id AND attachment.pipe_id IS NULL
      JOIN sensors_thing thing ON thing.attachment_id = attachment.id AND thing.deleted_at IS NULL
      JOIN sensors_datastream stream ON stream.thing_id = thing.id AND stream.deleted_at IS NULL
     CROSS JOIN LATERAL (SELECT stream.observed_property IN ('flow', 'power') AS is_flow) kind
     WHERE stream.observed_property IN ('flow', 'level', 'volume')
        OR stream.observed_property = 'power' AND network.commodity IN ('electricity', 'heat')
     -- A volume needs no curve, and energy itself is power.
     ORDER BY attachment.node_id, kind.is_flow, stream.observed_property DESC, stream.id
), wanted AS (
    SELECT connection.zone_id, stream.id AS datastream_id, connection.role,
           coalesce(meter.error_percent, 2.0) AS error_percent, connection.valid_from
      FROM assets_zoneconnection connection
      JOIN assets_zone zone ON zone.id = connection.zone_id AND zone.network_id = ANY (%(network_ids)s)
      JOIN stream ON stream.node_id = connection.node_id AND stream.is_flow = (connection.role <> 'storage')
      LEFT JOIN assets_bulkmeterdetail meter ON meter.node_id = connection.node_id
     WHERE connection.role IN ('inlet', 'outlet', 'storage')
), ended AS (
    UPDATE balances_zonemeter present SET removed_at = now()
      FROM assets_zone zone
     WHERE zone.id = present.zone_id AND zone.network_id = ANY (%(network_ids)s)
       AND present.from_connection AND present.removed_at IS NULL
       AND NOT EXISTS (SELECT FROM wanted
                        WHERE (wanted.zone_id, wanted.datastream_id, wanted.role, wanted.error_percent)
                              = (present.zone_id, present.datastream_id, present.role, present.error_percent))
    RETURNING present.zone_id, present.datastream_id
)
INSERT INTO balances_zonemeter (zone_id, datastream_id, role, error_percent, from_connection, made_at)
SELECT wanted.zone_id, wanted.datastream_id, wanted.role, wanted.error_percent, true,
       -- What the graph said before is known from when it said so, unless another row held until now.
       CASE WHEN ended.zone_id IS NULL THEN least(wanted.valid_from, now()) ELSE now() END
  FROM wanted LEFT JOIN ended USING (zone_id, datastream_id)
 WHERE (ended.zone_id IS NOT NULL
        OR NOT EXISTS (SELECT FROM balances_zonemeter present
                        WHERE (present.zone_id, present.datastream_id) = (wanted.zone_id, wanted.datastream_id)
                          AND present.removed_at IS NULL))
   AND NOT EXISTS (SELECT FROM balances_zonemeter said
                    WHERE (said.zone_id, said.datastream_id) = (wanted.zone_id, wanted.datastream_id)
                      AND NOT said.from_connection);
