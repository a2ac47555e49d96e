-- One vector tile of ground that was changed and not validated since.
-- Inputs: z, x, y; west, south, east, north: the tile with its margin of 1/64 in degrees; networks: ids in scope.
-- Output: one row, the tile (Mapbox Vector Tile 2.1, layer "dirty"). Areas under a unit of the tile stand as points.
WITH shown AS (
    SELECT area.id, network.code AS network, edit.operation, to_char(area.made_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS made_at,
           coalesce(
               ST_AsMVTGeom(ST_Transform(area.geom, 3857), ST_TileEnvelope(%(z)s, %(x)s, %(y)s), 4096, 64, true),
               ST_AsMVTGeom(ST_Transform(ST_Centroid(area.geom), 3857), ST_TileEnvelope(%(z)s, %(x)s, %(y)s), 4096, 64, true)
           ) AS geom
      FROM assets_dirtyarea area
      JOIN assets_network network ON network.id = area.network_id
      LEFT JOIN assets_edit edit ON edit.id = area.edit_id
     WHERE area.geom && ST_MakeEnvelope(%(west)s, %(south)s, %(east)s, %(north)s, 4326)
       AND area.network_id = ANY (%(networks)s)
     ORDER BY area.id
)
SELECT ST_AsMVT(shown, 'dirty', 4096, 'geom', 'id') AS tile FROM shown WHERE geom IS NOT NULL
