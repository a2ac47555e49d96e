-- One vector tile of leaks that are neither repaired nor rejected, where they hang on their pipe or node.
-- Inputs: z, x, y; west, south, east, north: the tile with its margin of 1/64 in degrees; networks: ids in scope.
-- Output: one row, the tile (Mapbox Vector Tile 2.1, layer "leaks"). There is no limit.
WITH placed AS (
    SELECT leak.id, leak.uid::text AS uid, leak.number, leak.kind, leak.state, leak.source, leak.estimated_loss_m3h,
           CASE WHEN pipe.id IS NULL THEN node.geom ELSE ST_LineInterpolatePoint(pipe.geom, attachment.position) END AS place
      FROM assets_leakrecord leak
      JOIN assets_attachment attachment ON attachment.id = leak.attachment_id
      JOIN assets_node node ON node.id = attachment.node_id
      LEFT JOIN assets_pipe pipe ON pipe.id = attachment.pipe_id
     WHERE leak.state NOT IN ('repaired', 'rejected') AND leak.network_id = ANY (%(networks)s)
), shown AS (
    SELECT id, uid, number, kind, state, source, estimated_loss_m3h,
           ST_AsMVTGeom(ST_Transform(place, 3857), ST_TileEnvelope(%(z)s, %(x)s, %(y)s), 4096, 64, true) AS geom
      FROM placed
     WHERE place && ST_MakeEnvelope(%(west)s, %(south)s, %(east)s, %(north)s, 4326)
     ORDER BY id
)
SELECT ST_AsMVT(shown, 'leaks', 4096, 'geom', 'id') AS tile FROM shown WHERE geom IS NOT NULL
