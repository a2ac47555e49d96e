-- Pipes of an area to take along.
-- Inputs: west, south, east, north (degrees); patterns: LIKE patterns of the division paths the viewer may see.
-- Output: one JSON array a pipe, in the order of assets/field_sync/selectors/area.py:PIPE_COLUMNS; lines are flat lists
-- of longitude and latitude. Connectors of devices are among them (is_connector), so that what is drawn hangs together.
-- Invariant: every pipe that meets the box, is not removed and that the viewer may see, once.
SELECT json_build_array(
           pipe.uid, pipe.code, network.code,
           (SELECT json_agg(round(number::numeric, 6) ORDER BY place, axis)
              FROM ST_DumpPoints(pipe.geom) AS point,
                   LATERAL (VALUES (1, ST_X(point.geom)), (2, ST_Y(point.geom))) AS part (axis, number),
                   LATERAL (SELECT point.path[1]) AS ordinal (place)),
           pipe.is_connector, pipe.diameter_m, pipe.material, pipe.year_installed, pipe.status, pipe.lifecycle,
           round(coalesce(pipe.stated_length_m, pipe.geodesic_length_m)::numeric, 1), pipe.version,
           start_node.uid, end_node.uid)::text
  FROM assets_pipe pipe
  JOIN assets_network network ON network.id = pipe.network_id
  JOIN assets_node start_node ON start_node.id = pipe.start_node_id
  JOIN assets_node end_node ON end_node.id = pipe.end_node_id
 WHERE pipe.geom && ST_MakeEnvelope(%(west)s, %(south)s, %(east)s, %(north)s, 4326)
   AND pipe.division_id = ANY (ARRAY(SELECT division.id FROM gis_core_division division
                                      WHERE division.path LIKE ANY (%(patterns)s)))
   AND pipe.lifecycle <> 'removed'
