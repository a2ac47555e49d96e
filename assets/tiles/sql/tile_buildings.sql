-- One vector tile of buildings of the cadastre.
-- Inputs: z, x, y; west, south, east, north: the tile with its margin of 1/64 in degrees; divisions: ids in scope.
-- Output: one row, the tile (Mapbox Vector Tile 2.1, layer "buildings"). There is no limit.
WITH shown AS (
    SELECT item.id, item.uid::text AS uid, item.cadastral_number, item.purpose, item.storeys, item.house,
           ST_AsMVTGeom(ST_Transform(item.geom, 3857), ST_TileEnvelope(%(z)s, %(x)s, %(y)s), 4096, 64, true) AS geom
      FROM assets_building item
     WHERE item.geom && ST_MakeEnvelope(%(west)s, %(south)s, %(east)s, %(north)s, 4326)
       AND item.division_id = ANY (%(divisions)s)
     ORDER BY item.id
)
SELECT ST_AsMVT(shown, 'buildings', 4096, 'geom', 'id') AS tile FROM shown WHERE geom IS NOT NULL
