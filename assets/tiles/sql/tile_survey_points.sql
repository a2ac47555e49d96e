-- One vector tile of survey points.
-- Inputs: z, x, y; west, south, east, north: the tile with its margin of 1/64 in degrees; divisions: ids in scope.
-- Output: one row, the tile (Mapbox Vector Tile 2.1, layer "survey_points"). There is no limit.
WITH shown AS (
    SELECT item.id, item.uid::text AS uid, item.code, item.accuracy_class, item.method, item.elevation_m,
           item.surveyed_on::text AS surveyed_on,
           ST_AsMVTGeom(ST_Transform(item.geom, 3857), ST_TileEnvelope(%(z)s, %(x)s, %(y)s), 4096, 64, true) AS geom
      FROM assets_surveypoint item
     WHERE item.geom && ST_MakeEnvelope(%(west)s, %(south)s, %(east)s, %(north)s, 4326)
       AND item.division_id = ANY (%(divisions)s)
     ORDER BY item.id
)
SELECT ST_AsMVT(shown, 'survey_points', 4096, 'geom', 'id') AS tile FROM shown WHERE geom IS NOT NULL
