-- One vector tile of outages that are planned, in conflict or in progress: the pipes without water, one feature an outage.
-- Inputs: z, x, y; west, south, east, north: the tile with its margin of 1/64 in degrees; networks: ids in scope.
-- Output: one row, the tile (Mapbox Vector Tile 2.1, layer "outages"). There is no limit.
WITH lines AS (
    SELECT outage.id, ST_Collect(pipe.geom) AS geom
      FROM assets_outage outage
     CROSS JOIN LATERAL unnest(outage.pipe_ids) listed (pipe_id)
      JOIN assets_pipe pipe ON pipe.id = listed.pipe_id AND pipe.network_id = outage.network_id
     WHERE outage.state IN ('planned', 'in_progress', 'conflict') AND outage.network_id = ANY (%(networks)s)
       AND pipe.geom && ST_MakeEnvelope(%(west)s, %(south)s, %(east)s, %(north)s, 4326)
     GROUP BY outage.id
), shown AS (
    SELECT outage.id, outage.uid::text AS uid, outage.number, outage.state, outage.reason,
           to_char(outage.starts_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS starts_at,
           to_char(outage.ends_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS ends_at, outage.subscribers,
           ST_AsMVTGeom(ST_Transform(lines.geom, 3857), ST_TileEnvelope(%(z)s, %(x)s, %(y)s), 4096, 64, true) AS geom
      FROM lines JOIN assets_outage outage ON outage.id = lines.id
     ORDER BY outage.id
)
SELECT ST_AsMVT(shown, 'outages', 4096, 'geom', 'id') AS tile FROM shown WHERE geom IS NOT NULL
