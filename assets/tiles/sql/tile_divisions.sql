-- One vector tile of divisions with a boundary: regions at all zooms, districts from 6, mahallas from 11.
-- Inputs: z, x, y; west, south, east, north: the tile with its margin of 1/64 in degrees; divisions: ids in scope.
-- Output: one row, the tile (Mapbox Vector Tile 2.1, layer "divisions"), the larger ones first. There is no limit.
WITH shown AS (
    SELECT division.id, division.code, division.name, division.level,
           ST_AsMVTGeom(
               -- To four units of the tile: what is simplified away cannot be seen.
               ST_SimplifyPreserveTopology(ST_Transform(division.boundary, 3857), 4 * 40075016.6856 / 4096 / 2 ^ %(z)s),
               ST_TileEnvelope(%(z)s, %(x)s, %(y)s), 4096, 64, true
           ) AS geom
      FROM gis_core_division division
     WHERE division.boundary && ST_MakeEnvelope(%(west)s, %(south)s, %(east)s, %(north)s, 4326)
       AND division.id = ANY (%(divisions)s)
       AND division.level <= CASE WHEN %(z)s < 6 THEN 2 WHEN %(z)s < 11 THEN 3 ELSE 4 END
     ORDER BY division.level, division.id
)
SELECT ST_AsMVT(shown, 'divisions', 4096, 'geom', 'id') AS tile FROM shown WHERE geom IS NOT NULL
