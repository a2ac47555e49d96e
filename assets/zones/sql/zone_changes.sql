-- Zones whose part of the graph changed since they were flooded.
-- Inputs: network: id; since: the earliest flooding of its zones (timestamptz).
-- Output: zone_id. A change counts when it is one of the graph (ends, kinds, statuses, lifecycles, membership), as the
-- row was or as it is lies in the zone, and it was not made by the flooding itself.
WITH changed_node AS (
    SELECT change.edit_id, change.valid_to AS at, node.zone_id AS zone_now,
           (change.before ->> 'zone_id')::bigint AS zone_before
      FROM assets_rowchange change LEFT JOIN assets_node node ON node.id = change.row_id
     WHERE change.network_id = %(network)s AND change.table_name = 'assets_node' AND change.valid_to > %(since)s
       AND (node.id IS NULL OR change.before IS NULL
            OR (node.kind, node.lifecycle, node.zone_id) IS DISTINCT FROM
               (change.before ->> 'kind', change.before ->> 'lifecycle', (change.before ->> 'zone_id')::bigint))
), changed_pipe AS (
    SELECT change.edit_id, change.valid_to AS at,
           ARRAY[pipe.start_node_id, pipe.end_node_id, (change.before ->> 'start_node_id')::bigint,
                 (change.before ->> 'end_node_id')::bigint] AS nodes
      FROM assets_rowchange change LEFT JOIN assets_pipe pipe ON pipe.id = change.row_id
     WHERE change.network_id = %(network)s AND change.table_name = 'assets_pipe' AND change.valid_to > %(since)s
       AND (pipe.id IS NULL OR change.before IS NULL
            OR (pipe.start_node_id, pipe.end_node_id, pipe.lifecycle, pipe.status, pipe.has_check_valve)
               IS DISTINCT FROM
               ((change.before ->> 'start_node_id')::bigint, (change.before ->> 'end_node_id')::bigint,
                change.before ->> 'lifecycle', change.before ->> 'status',
                (change.before ->> 'has_check_valve')::boolean))
    UNION ALL
    -- What came outside an edit is known by being the first state of its row.
    SELECT NULL, pipe.valid_from, ARRAY[pipe.start_node_id, pipe.end_node_id]
      FROM assets_pipe pipe
     WHERE pipe.network_id = %(network)s AND pipe.version = 1 AND pipe.change_id <= 0 AND pipe.valid_from > %(since)s
), changed_device AS (
    SELECT change.edit_id, change.valid_to AS at, node.zone_id
      FROM assets_rowchange change JOIN assets_node node ON node.id = change.row_id
      LEFT JOIN assets_valvedetail valve ON valve.node_id = node.id
      LEFT JOIN assets_pumpdetail pump ON pump.node_id = node.id
     WHERE change.table_name IN ('assets_valvedetail', 'assets_pumpdetail') AND change.valid_to > %(since)s
       AND node.network_id = %(network)s
       AND (change.before IS NULL
            OR (coalesce(valve.status, pump.status), valve.valve_type) IS DISTINCT FROM
               (change.before ->> 'status', change.before ->> 'valve_type'))
), changed_edge AS (
    SELECT change.edit_id, change.valid_to AS at,
           coalesce((change.before ->> 'zone_id')::bigint, connection.zone_id) AS zone_id
      FROM assets_rowchange change LEFT JOIN assets_zoneconnection connection ON connection.id = change.row_id
     WHERE change.table_name = 'assets_zoneconnection' AND change.valid_to > %(since)s
    UNION ALL
    SELECT NULL, connection.valid_from, connection.zone_id
      FROM assets_zoneconnection connection
     WHERE connection.version = 1 AND connection.change_id <= 0 AND connection.valid_from > %(since)s
), touched AS (
    SELECT zone_now AS zone_id, at, edit_id FROM changed_node
    UNION ALL
    SELECT zone_before, at, edit_id FROM changed_node
    UNION ALL
    SELECT node.zone_id, changed_pipe.at, changed_pipe.edit_id
      FROM changed_pipe JOIN assets_node node ON node.id = ANY (changed_pipe.nodes)
    UNION ALL
    SELECT zone_id, at, edit_id FROM changed_device
    UNION ALL
    SELECT zone_id, at, edit_id FROM changed_edge
    UNION ALL
    SELECT node.zone_id, node.valid_from, NULL
      FROM assets_node node
     WHERE node.network_id = %(network)s AND node.version = 1 AND node.change_id <= 0 AND node.valid_from > %(since)s
)
SELECT DISTINCT flood.zone_id
  FROM assets_zoneflood flood JOIN assets_zone zone ON zone.id = flood.zone_id AND zone.network_id = %(network)s
  JOIN touched ON touched.zone_id = flood.zone_id
 WHERE touched.at > flood.flooded_at AND touched.edit_id IS DISTINCT FROM flood.edit_id
