-- One vector tile of nodes.
-- Inputs: z, x, y; patterns: LIKE patterns of the division paths the viewer may see; network: a code, or null for all.
-- Output: one row, the tile (Mapbox Vector Tile 2.1, layer "nodes") and how many features it holds.
-- Invariant: from zoom 14 every visible node inside the buffered tile is in it; from zoom 11 all but junctions,
-- under it only where water comes from. The rule is the same for every tile of a zoom; there is no limit.
WITH tile AS (
    SELECT ST_TileEnvelope(%(z)s, %(x)s, %(y)s) AS envelope,
           ST_Transform(ST_TileEnvelope(%(z)s, %(x)s, %(y)s, margin => 64.0 / 4096), 4326) AS buffered
), shown AS (
    SELECT node.id, node.uid::text AS uid, node.code, node.kind, node.lifecycle,
           ST_AsMVTGeom(ST_Transform(node.geom, 3857), tile.envelope, 4096, 64, true) AS geom
      FROM assets_node node
      JOIN assets_network network ON network.id = node.network_id
     CROSS JOIN tile
     WHERE node.geom && tile.buffered
       AND node.lifecycle <> 'removed'
       AND (%(z)s >= 14
            OR %(z)s >= 11 AND node.kind <> 'junction'
            OR node.kind IN ('tank', 'reservoir', 'source', 'treatment', 'substation'))
       AND node.division_id = ANY (ARRAY(
               SELECT division.id FROM gis_core_division division WHERE division.path LIKE ANY (%(patterns)s)))
       AND (%(network)s::text IS NULL OR network.code = %(network)s)
     ORDER BY node.id
)
SELECT ST_AsMVT(shown, 'nodes', 4096, 'geom', 'id') AS tile, count(*) AS features FROM shown WHERE geom IS NOT NULL
