-- One vector tile of parcels of the cadastre.
-- Inputs: z, x, y; west, south, east, north: the tile with its margin of 1/64 in degrees; divisions: ids in scope.
-- Output: one row, the tile (Mapbox Vector Tile 2.1, layer "parcels"). There is no limit.
WITH shown AS (
    SELECT item.id, item.uid::text AS uid, item.cadastral_number, item.land_use, item.house, round(item.area_m2)::bigint AS area_m2,
           ST_AsMVTGeom(ST_Transform(item.geom, 3857), ST_TileEnvelope(%(z)s, %(x)s, %(y)s), 4096, 64, true) AS geom
      FROM assets_parcel item
     WHERE item.geom && ST_MakeEnvelope(%(west)s, %(south)s, %(east)s, %(north)s, 4326)
       AND item.division_id = ANY (%(divisions)s)
     ORDER BY item.id
)
SELECT ST_AsMVT(shown, 'parcels', 4096, 'geom', 'id') AS tile FROM shown WHERE geom IS NOT NULL
