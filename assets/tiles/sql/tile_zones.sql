-- One vector tile of zones.
-- Inputs: z, x, y; west, south, east, north: the tile with its margin of 1/64 in degrees; networks: ids in scope.
-- Output: one row, the tile (Mapbox Vector Tile 2.1, layer "zones").
-- Invariant: every zone in scope that meets the tile and its margin and covers anything at this zoom is in it.
-- Larger zones come first, so that maps draw the zones inside them on top.
WITH shown AS (
    SELECT zone.id, zone.uid::text AS uid, zone.code, zone.name,
           ST_AsMVTGeom(
               -- Four units of the tile: what is simplified away cannot be seen.
               ST_SimplifyPreserveTopology(ST_Transform(zone.geom, 3857), 4 * 40075016.6856 / 4096 / 2 ^ %(z)s),
               ST_TileEnvelope(%(z)s, %(x)s, %(y)s), 4096, 64, true
           ) AS geom
      FROM assets_zone zone
     WHERE zone.geom && ST_MakeEnvelope(%(west)s, %(south)s, %(east)s, %(north)s, 4326)
       AND zone.network_id = ANY (%(networks)s)
     ORDER BY ST_Area(zone.geom) DESC, zone.id
)
SELECT ST_AsMVT(shown, 'zones', 4096, 'geom', 'id') AS tile FROM shown WHERE geom IS NOT NULL
