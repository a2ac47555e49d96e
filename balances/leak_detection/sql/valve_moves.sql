-- The valve of a zone, or at its edge, that was turned nearest to the time of a change, as far as was known at an instant.
-- Inputs: zone_id, since, until (instants between which a valve was turned), about (the time of the change), known_until.
--   Output: its code; no row where none was.
-- Invariants: a valve turned by somebody counts at that time, one whose state was edited at the time of the edit; neither
--   before it was recorded. The edit that recorded a turning is no turning of its own. A valve that stands at the end of the
--   time as before it explains nothing.
WITH RECURSIVE inside AS (
    SELECT id, network_id FROM assets_zone WHERE id = %(zone_id)s
    UNION
    SELECT zone.id, zone.network_id FROM assets_zone zone JOIN inside ON zone.parent_id = inside.id
), valve AS MATERIALIZED (
    SELECT node.id, node.code
      FROM assets_node node
     WHERE node.network_id = (SELECT network_id FROM inside LIMIT 1)
       AND node.id IN (SELECT node_id FROM assets_valvedetail UNION SELECT attachment.node_id FROM assets_valveoperation operation
                         JOIN assets_attachment attachment ON attachment.id = operation.attachment_id
                        WHERE operation.operated_at BETWEEN %(since)s AND %(until)s)
       AND (node.zone_id IN (SELECT id FROM inside)
            OR EXISTS (SELECT FROM assets_pipe pipe
                         JOIN assets_node beyond ON beyond.id IN (pipe.start_node_id, pipe.end_node_id)
                        WHERE node.id IN (pipe.start_node_id, pipe.end_node_id)
                          AND beyond.zone_id IN (SELECT id FROM inside)))
), moved AS (
    SELECT valve.code, operation.operated_at AS at, operation.status_before AS was, operation.status_after AS became
      FROM valve
      JOIN assets_attachment attachment ON attachment.node_id = valve.id
      JOIN assets_valveoperation operation ON operation.attachment_id = attachment.id
     WHERE operation.operated_at BETWEEN %(since)s AND %(until)s AND operation.recorded_at < %(known_until)s
    UNION ALL
    SELECT valve.code, change.valid_to, change.before ->> 'status', now_so.status
      FROM valve
      JOIN assets_rowchange change ON change.table_name = 'assets_valvedetail' AND change.row_id = valve.id
      LEFT JOIN assets_valvedetail present ON present.node_id = valve.id
      LEFT JOIN LATERAL (SELECT later.before FROM assets_rowchange later
                          WHERE later.table_name = change.table_name AND later.row_id = change.row_id
                            AND later.valid_to > change.valid_to
                          ORDER BY later.valid_to LIMIT 1) next ON true
     CROSS JOIN LATERAL (SELECT coalesce(next.before ->> 'status', present.status) AS status) now_so
     WHERE change.operation = 'U' AND change.valid_to BETWEEN %(since)s AND %(until)s AND change.valid_to < %(known_until)s
       AND NOT EXISTS (SELECT FROM assets_attachment attachment
                         JOIN assets_valveoperation operation ON operation.attachment_id = attachment.id
                        WHERE attachment.node_id = valve.id
                          AND operation.recorded_at BETWEEN change.valid_to - interval '1 minute'
                                                        AND change.valid_to + interval '1 minute'
                          AND (operation.status_before, operation.status_after)
                              = (change.before ->> 'status', now_so.status))
), turned AS (
    SELECT code, min(abs(extract(epoch FROM at - %(about)s::timestamptz))) AS off_s
      FROM moved WHERE was <> became GROUP BY code
    HAVING (array_agg(was ORDER BY at))[1] <> (array_agg(became ORDER BY at DESC))[1]
)
SELECT code FROM turned ORDER BY off_s, code LIMIT 1;
