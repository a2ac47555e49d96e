-- One vector tile of pipes, from zoom 12. Device connectors are drawn too (they close the gaps at devices) and say so.
-- Inputs: z, x, y; west, south, east, north: the tile with its margin of 1/64 in degrees; networks: ids in scope.
-- Output: one row, the tile (Mapbox Vector Tile 2.1, layer "pipes").
-- Invariant: every pipe in scope that meets the tile and its margin is in it and as long as a unit of the tile; uid, code,
-- material (its code in the table of lives, else as it is written) and year come from zoom 13. That is a rule of the map, the same
-- for every tile of a zoom; there is no limit.
-- (Materialized, so that the drawing is clipped once for each pipe, not once more for the condition.)
WITH codes AS MATERIALIZED (
    SELECT jsonb_object_agg(word, entry.code) AS of_word FROM assets_materiallife entry, unnest(entry.names) word WHERE %(z)s >= 13
), shown AS MATERIALIZED (
    SELECT pipe.id, CASE WHEN %(z)s >= 13 THEN pipe.uid::text END AS uid, CASE WHEN %(z)s >= 13 THEN pipe.code END AS code,
           round((pipe.diameter_m * 1000)::numeric)::integer AS diameter_mm, pipe.status, pipe.lifecycle,
           CASE WHEN %(z)s >= 13 AND pipe.material <> '' THEN coalesce(codes.of_word ->> lower(btrim(pipe.material)), lower(btrim(pipe.material))) END AS material,
           CASE WHEN %(z)s >= 13 THEN pipe.year_installed END AS year,
           CASE WHEN %(z)s >= 13 OR pipe.is_connector THEN pipe.is_connector END AS is_connector,
           ST_AsMVTGeom(ST_Transform(pipe.geom, 3857), ST_TileEnvelope(%(z)s, %(x)s, %(y)s), 4096, 64, true) AS geom
      FROM codes CROSS JOIN assets_pipe pipe
     WHERE pipe.geom && ST_MakeEnvelope(%(west)s, %(south)s, %(east)s, %(north)s, 4326)
       AND pipe.lifecycle <> 'removed'
       AND pipe.network_id = ANY (%(networks)s)
     ORDER BY pipe.id
)
SELECT ST_AsMVT(shown, 'pipes', 4096, 'geom', 'id') AS tile FROM shown WHERE geom IS NOT NULL
