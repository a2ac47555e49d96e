-- One vector tile of zones.
-- Inputs: z, x, y; patterns: LIKE patterns of the division paths the viewer may see; network: a code, or null for all.
-- Output: one row, the tile (Mapbox Vector Tile 2.1, layer "zones") and how many features it holds.
-- Invariant: every visible zone that meets the buffered tile is in it; nothing is left out to stay small.
-- Larger zones come first, so that maps draw the zones inside them on top.
WITH tile AS (
    SELECT ST_TileEnvelope(%(z)s, %(x)s, %(y)s) AS envelope,
           ST_Transform(ST_TileEnvelope(%(z)s, %(x)s, %(y)s, margin => 64.0 / 4096), 4326) AS buffered,
           -- Half a pixel at 512 pixels a tile: what is simplified away cannot be seen.
           4 * 40075016.6856 / 4096 / 2 ^ %(z)s AS tolerance_m
), shown AS (
    SELECT zone.id, zone.uid::text AS uid, zone.code, zone.name,
           ST_AsMVTGeom(
               ST_SimplifyPreserveTopology(ST_Transform(zone.geom, 3857), tile.tolerance_m),
               tile.envelope, 4096, 64, true
           ) AS geom
      FROM assets_zone zone
      JOIN assets_network network ON network.id = zone.network_id
     CROSS JOIN tile
     WHERE zone.geom && tile.buffered
       AND zone.division_id = ANY (ARRAY(
               SELECT division.id FROM gis_core_division division WHERE division.path LIKE ANY (%(patterns)s)))
       AND (%(network)s::text IS NULL OR network.code = %(network)s)
     ORDER BY ST_Area(zone.geom) DESC, zone.id
)
SELECT ST_AsMVT(shown, 'zones', 4096, 'geom', 'id') AS tile, count(*) AS features FROM shown WHERE geom IS NOT NULL
