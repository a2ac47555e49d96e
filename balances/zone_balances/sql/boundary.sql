-- What lies between two zones of a network, or between a zone and no zone, and which datastream measures its flow.
-- Inputs: network_id. Output: pipe, from_zone, to_zone (in the direction of the drawing; NULL: no zone), datastream; by code.
-- Invariant: a device in no zone is a point of the line that it stands in, and its two pieces are one crossing; its name is
--   that of its pipe where it has one, else its own, as that of a pump between two nodes.
WITH piece AS (
    SELECT pipe.id, pipe.code, pipe.is_connector, pipe.start_node_id, pipe.end_node_id, first.zone_id AS from_zone_id,
           last.zone_id AS to_zone_id,
           first.code_class = 'device' AND first.zone_id IS NULL AS starts_free,
           last.code_class = 'device' AND last.zone_id IS NULL AS ends_free,
           CASE WHEN first.code_class = 'device' THEN first.id WHEN last.code_class = 'device' THEN last.id END AS device_id
      FROM assets_pipe pipe
      JOIN assets_node first ON first.id = pipe.start_node_id
      JOIN assets_node last ON last.id = pipe.end_node_id
     WHERE pipe.network_id = %(network_id)s
), end_at AS (
    SELECT start_node_id AS node_id, id, code, is_connector, to_zone_id AS zone_id, true AS leaves FROM piece
    UNION ALL
    SELECT end_node_id, id, code, is_connector, from_zone_id, false FROM piece
), device AS (
    SELECT node.id, node.code, node.zone_id, count(*) AS pieces, min(end_at.code) FILTER (WHERE NOT is_connector) AS pipe_code,
           min(end_at.id) FILTER (WHERE NOT is_connector) AS pipe_id, count(*) FILTER (WHERE NOT is_connector) AS pipes,
           (array_agg(end_at.zone_id ORDER BY leaves, end_at.id))[1] AS from_zone_id,
           (array_agg(end_at.zone_id ORDER BY leaves DESC, end_at.id DESC))[1] AS to_zone_id
      FROM assets_node node JOIN end_at ON end_at.node_id = node.id
     WHERE node.network_id = %(network_id)s AND node.code_class = 'device'
     GROUP BY node.id
), crossing AS (
    SELECT CASE WHEN piece.is_connector AND device.pipes = 1 THEN device.pipe_code
                WHEN piece.is_connector AND device.id IS NOT NULL THEN device.code ELSE piece.code END AS pipe,
           CASE WHEN piece.is_connector THEN device.pipe_id ELSE piece.id END AS pipe_id, device.id AS device_id,
           piece.start_node_id, piece.end_node_id, piece.from_zone_id, piece.to_zone_id
      FROM piece LEFT JOIN device ON device.id = piece.device_id
     WHERE piece.from_zone_id IS DISTINCT FROM piece.to_zone_id
       AND NOT EXISTS (SELECT FROM device free
                        WHERE free.zone_id IS NULL AND free.pieces = 2
                          AND (piece.starts_free AND free.id = piece.start_node_id
                               OR piece.ends_free AND free.id = piece.end_node_id))
    UNION ALL
    SELECT CASE WHEN pipes = 1 THEN pipe_code ELSE code END, pipe_id, id, NULL, NULL, from_zone_id, to_zone_id
      FROM device WHERE zone_id IS NULL AND pieces = 2 AND from_zone_id IS DISTINCT FROM to_zone_id
), ending AS (
    -- At a node with a single pipe, such as a source, what is measured there flows through that.
    SELECT node_id FROM end_at GROUP BY 1 HAVING count(*) = 1
)
SELECT crossing.pipe, from_zone.code, to_zone.code, measuring.code
  FROM crossing
  LEFT JOIN assets_zone from_zone ON from_zone.id = crossing.from_zone_id
  LEFT JOIN assets_zone to_zone ON to_zone.id = crossing.to_zone_id
  LEFT JOIN LATERAL (
      SELECT stream.code
        FROM assets_attachment attachment
        JOIN sensors_thing thing ON thing.attachment_id = attachment.id AND thing.deleted_at IS NULL
        JOIN sensors_datastream stream ON stream.thing_id = thing.id AND stream.deleted_at IS NULL
       WHERE stream.observed_property = 'flow'
         AND (attachment.pipe_id = crossing.pipe_id
              OR attachment.pipe_id IS NULL
                 AND (attachment.node_id = crossing.device_id
                      OR attachment.node_id IN (crossing.start_node_id, crossing.end_node_id)
                         AND attachment.node_id IN (SELECT node_id FROM ending)))
       ORDER BY attachment.pipe_id IS NULL, stream.code LIMIT 1
  ) measuring ON true
 ORDER BY crossing.pipe, from_zone.code, to_zone.code;
