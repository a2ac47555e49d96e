-- One vector tile of nodes, at zooms 12 and 13: all but junctions.
-- Inputs: z, x, y; west, south, east, north: the tile with its margin of 1/64 in degrees; networks: ids in scope.
-- Output: one row, the tile (Mapbox Vector Tile 2.1, layer "nodes").
-- Invariant: every node in scope inside the tile and its margin that is neither removed nor a junction is in it; there is no limit.
WITH shown AS MATERIALIZED (
    SELECT node.id, node.uid::text AS uid, node.code, node.kind, node.lifecycle,
           ST_AsMVTGeom(ST_Transform(node.geom, 3857), ST_TileEnvelope(%(z)s, %(x)s, %(y)s), 4096, 64, true) AS geom
      FROM assets_node node
     WHERE node.geom && ST_MakeEnvelope(%(west)s, %(south)s, %(east)s, %(north)s, 4326)
       AND node.lifecycle <> 'removed'
       AND node.kind <> 'junction'
       AND node.network_id = ANY (%(networks)s)
     ORDER BY node.id
)
SELECT ST_AsMVT(shown, 'nodes', 4096, 'geom', 'id') AS tile FROM shown WHERE geom IS NOT NULL
