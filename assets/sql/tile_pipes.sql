-- One vector tile of pipes. Device connectors are drawn too (they close the gaps at devices) and say so.
-- Inputs: z, x, y; patterns: LIKE patterns of the division paths the viewer may see; network: a code, or null for all.
-- Output: one row, the tile (Mapbox Vector Tile 2.1, layer "pipes") and how many features it holds.
-- Invariant: from zoom 11 every visible pipe that meets the buffered tile is in it. Below, mains only, by diameter:
-- 0.15 m at zoom 10, 0.25 m under it. That is a rule of the map, the same for every tile of a zoom, and no limit.
WITH tile AS (
    SELECT ST_TileEnvelope(%(z)s, %(x)s, %(y)s) AS envelope,
           ST_Transform(ST_TileEnvelope(%(z)s, %(x)s, %(y)s, margin => 64.0 / 4096), 4326) AS buffered,
           4 * 40075016.6856 / 4096 / 2 ^ %(z)s AS tolerance_m,
           CASE WHEN %(z)s >= 11 THEN NULL WHEN %(z)s = 10 THEN 0.15 ELSE 0.25 END AS minimum_diameter_m
), shown AS (
    SELECT pipe.id, pipe.uid::text AS uid, pipe.code, round((pipe.diameter_m * 1000)::numeric)::integer AS diameter_mm,
           pipe.status, pipe.lifecycle, pipe.is_connector,
           ST_AsMVTGeom(
               ST_Simplify(ST_Transform(pipe.geom, 3857), tile.tolerance_m, true), tile.envelope, 4096, 64, true
           ) AS geom
      FROM assets_pipe pipe
      JOIN assets_network network ON network.id = pipe.network_id
     CROSS JOIN tile
     WHERE pipe.geom && tile.buffered
       AND pipe.lifecycle <> 'removed'
       AND (tile.minimum_diameter_m IS NULL OR pipe.diameter_m >= tile.minimum_diameter_m)
       AND pipe.division_id = ANY (ARRAY(
               SELECT division.id FROM gis_core_division division WHERE division.path LIKE ANY (%(patterns)s)))
       AND (%(network)s::text IS NULL OR network.code = %(network)s)
     ORDER BY pipe.id
)
SELECT ST_AsMVT(shown, 'pipes', 4096, 'geom', 'id') AS tile, count(*) AS features FROM shown WHERE geom IS NOT NULL
