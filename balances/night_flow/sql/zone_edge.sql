-- What measures a zone: flow meters at its edge, levels or volumes of its storages, pressure loggers inside it.
-- Inputs: zone_id. Output: datastream_id (NULL: nothing measures that device), node_code, role (flow, storage, pressure), sign
--   (of flow: 1 into the zone, -1 out of it), error_percent, interval_s, unit_factor, kind, observed_property,
--   diameter_m, x_values, y_values (of a tank: its volume curve, m to m3).
-- Invariant: a zone without meters of its own has those of its children; an outlet of one child that is an inlet of another
--   cancels. Only `own` says which datastream measures which zone.
WITH RECURSIVE own AS (
    -- What people set stands before what the graph names, also where they took a meter away.
    SELECT said.zone_id, said.datastream_id, attachment.node_id,
           CASE said.role WHEN 'storage' THEN 'storage' ELSE 'flow' END AS role,
           CASE said.role WHEN 'inlet' THEN 1 WHEN 'outlet' THEN -1 ELSE 0 END AS sign, said.error_percent
      FROM balances_zonemeter said
      JOIN assets_zone zone ON zone.id = said.zone_id
      JOIN sensors_datastream stream ON stream.id = said.datastream_id
      JOIN sensors_thing thing ON thing.id = stream.thing_id
      JOIN assets_attachment attachment ON attachment.id = thing.attachment_id
     WHERE NOT said.from_connection AND said.removed_at IS NULL
       AND zone.network_id = (SELECT network_id FROM assets_zone WHERE id = %(zone_id)s)
    UNION ALL
    SELECT link.zone_id, stream.id AS datastream_id, link.node_id,
           CASE link.role WHEN 'storage' THEN 'storage' ELSE 'flow' END AS role,
           CASE link.role WHEN 'inlet' THEN 1 WHEN 'outlet' THEN -1 ELSE 0 END AS sign,
           coalesce(meter.error_percent, 2.0) AS error_percent
      FROM assets_zoneconnection link
      JOIN assets_zone zone ON zone.id = link.zone_id
      LEFT JOIN assets_bulkmeterdetail meter ON meter.node_id = link.node_id
      LEFT JOIN LATERAL (
          SELECT one.id
            FROM assets_attachment attachment
            JOIN sensors_thing thing ON thing.attachment_id = attachment.id
            JOIN sensors_datastream one ON one.thing_id = thing.id
           WHERE attachment.node_id = link.node_id AND attachment.pipe_id IS NULL AND one.deleted_at IS NULL
             AND thing.deleted_at IS NULL
             AND one.observed_property = ANY (CASE link.role WHEN 'storage' THEN ARRAY['volume', 'level']
                                                             ELSE ARRAY['flow'] END)
           ORDER BY one.observed_property DESC, one.id LIMIT 1) stream ON true
     WHERE link.role <> 'closed'
       AND zone.network_id = (SELECT network_id FROM assets_zone WHERE id = %(zone_id)s)
       AND NOT EXISTS (SELECT FROM balances_zonemeter said
                        WHERE said.zone_id = link.zone_id AND said.datastream_id = stream.id AND NOT said.from_connection)
), inside AS (
    SELECT id FROM assets_zone WHERE id = %(zone_id)s
    UNION
    SELECT zone.id FROM assets_zone zone JOIN inside ON zone.parent_id = inside.id
), metered AS (
    -- Down from the zone, as far as zones without flow meters of their own.
    SELECT id, EXISTS (SELECT FROM own WHERE own.zone_id = zone.id AND own.role = 'flow') AS has_own
      FROM assets_zone zone WHERE id = %(zone_id)s
    UNION ALL
    SELECT zone.id, EXISTS (SELECT FROM own WHERE own.zone_id = zone.id AND own.role = 'flow')
      FROM metered JOIN assets_zone zone ON zone.parent_id = metered.id
     WHERE NOT metered.has_own
), edge AS (
    SELECT own.datastream_id, own.node_id, 'flow' AS role, sum(own.sign)::integer AS sign, max(own.error_percent) AS error_percent
      FROM metered JOIN own ON own.zone_id = metered.id AND own.role = 'flow'
     GROUP BY 1, 2 HAVING sum(own.sign) <> 0
    UNION ALL
    -- A tank is counted once, whether it is a child's storage or the parent's too.
    SELECT own.datastream_id, own.node_id, 'storage', 0, max(own.error_percent)
      FROM own WHERE own.role = 'storage' AND own.zone_id IN (SELECT id FROM inside)
     GROUP BY 1, 2
    UNION ALL
    SELECT stream.id, node.id, 'pressure', 0, 0
      FROM assets_node node
      JOIN assets_attachment attachment ON attachment.node_id = node.id
      JOIN sensors_thing thing ON thing.attachment_id = attachment.id
      JOIN sensors_datastream stream ON stream.thing_id = thing.id
     WHERE node.zone_id IN (SELECT id FROM inside) AND stream.observed_property = 'pressure' AND stream.deleted_at IS NULL
)
SELECT edge.datastream_id, node.code, edge.role, edge.sign, edge.error_percent, stream.interval_s, stream.unit_factor,
       stream.kind, stream.observed_property, tank.diameter_m, curve.x_values, curve.y_values
  FROM edge
  JOIN assets_node node ON node.id = edge.node_id
  LEFT JOIN sensors_datastream stream ON stream.id = edge.datastream_id
  LEFT JOIN assets_tankdetail tank ON tank.node_id = edge.node_id
  LEFT JOIN assets_curve curve ON curve.id = tank.volume_curve_id
 ORDER BY edge.role, node.code, edge.datastream_id;
