-- Ground touched by one edit.
-- Inputs: network, edit: ids.
-- Output: none; assets_dirtyarea gets one rectangle for each group of changed nodes and pipes that lie within about 100 m
-- of each other, as they were and as they are, with 2 m around them.
WITH touched AS (
    SELECT change.before_geom AS geom
      FROM assets_rowchange change
     WHERE change.edit_id = %(edit)s AND change.table_name IN ('assets_node', 'assets_pipe')
    UNION ALL
    SELECT node.geom
      FROM assets_rowchange change JOIN assets_node node ON node.id = change.row_id
     WHERE change.edit_id = %(edit)s
       AND change.table_name IN ('assets_node', 'assets_tankdetail', 'assets_reservoirdetail', 'assets_pumpdetail',
                                 'assets_valvedetail', 'assets_bulkmeterdetail', 'assets_hydrantdetail',
                                 'assets_facilitydetail', 'assets_transformerdetail', 'assets_switchdetail')
    UNION ALL
    SELECT node.geom
      FROM assets_rowchange change
      JOIN assets_node node ON node.id = (change.before ->> 'node_id')::bigint
     WHERE change.edit_id = %(edit)s AND change.table_name IN ('assets_demand', 'assets_zoneconnection')
    UNION ALL
    SELECT node.geom
      FROM assets_rowchange change
      JOIN assets_demand demand ON demand.id = change.row_id
      JOIN assets_node node ON node.id = demand.node_id
     WHERE change.edit_id = %(edit)s AND change.table_name = 'assets_demand'
    UNION ALL
    SELECT node.geom
      FROM assets_rowchange change
      JOIN assets_zoneconnection connection ON connection.id = change.row_id
      JOIN assets_node node ON node.id = connection.node_id
     WHERE change.edit_id = %(edit)s AND change.table_name = 'assets_zoneconnection'
    UNION ALL
    SELECT pipe.geom
      FROM assets_rowchange change JOIN assets_pipe pipe ON pipe.id = change.row_id
     WHERE change.edit_id = %(edit)s AND change.table_name = 'assets_linedetail'
    UNION ALL
    SELECT coalesce(change.before_geom, zone.geom)
      FROM assets_rowchange change LEFT JOIN assets_zone zone ON zone.id = change.row_id
     WHERE change.edit_id = %(edit)s AND change.table_name = 'assets_zone'
    UNION ALL
    SELECT pipe.geom
      FROM assets_rowchange change JOIN assets_pipe pipe ON pipe.id = change.row_id
     WHERE change.edit_id = %(edit)s AND change.table_name = 'assets_pipe'
    UNION ALL
    SELECT node.geom
      FROM assets_rowchange change JOIN assets_attachment attachment ON attachment.id = change.row_id
      JOIN assets_node node ON node.id = attachment.node_id
     WHERE change.edit_id = %(edit)s AND change.table_name = 'assets_attachment'
), grouped AS (
    SELECT geom, ST_ClusterDBSCAN(geom, 0.001, 1) OVER () AS area FROM touched WHERE geom IS NOT NULL
)
INSERT INTO assets_dirtyarea (network_id, edit_id, geom, made_at)
SELECT %(network)s, %(edit)s, ST_Expand(ST_Envelope(ST_Collect(geom)), 0.00002)::geometry(Polygon, 4326), now()
  FROM grouped GROUP BY area
