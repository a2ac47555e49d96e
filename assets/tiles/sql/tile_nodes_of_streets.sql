-- One vector tile of nodes, at zooms 12 and 13: all but junctions.
-- Inputs: z, x, y; west, south, east, north: the tile with its margin of 1/64 in degrees; networks: ids in scope.
-- Output: one row, the tile (Mapbox Vector Tile 2.1, layer "nodes").
-- Invariant: every node in scope inside the tile and its margin that is neither removed nor a junction is in it; there is no limit.
-- From zoom 13 valves and switches say their state, the first that holds of broken, inaccessible, closed and open.
WITH shown AS MATERIALIZED (
    SELECT node.id, node.uid::text AS uid, node.code, node.kind, node.lifecycle,
           CASE WHEN %(z)s < 13 THEN NULL WHEN node.kind IN ('valve', 'regulator') THEN (
                     SELECT CASE WHEN valve.is_broken THEN 'broken' WHEN NOT valve.is_accessible THEN 'inaccessible'
                                 WHEN valve.status = 'closed' THEN 'closed' ELSE 'open' END
                       FROM assets_valvedetail valve WHERE valve.node_id = node.id)
                WHEN node.kind IN ('switch', 'feeder_head') THEN (
                     SELECT switch.status FROM assets_switchdetail switch WHERE switch.node_id = node.id) END AS state,
           ST_AsMVTGeom(ST_Transform(node.geom, 3857), ST_TileEnvelope(%(z)s, %(x)s, %(y)s), 4096, 64, true) AS geom
      FROM assets_node node
     WHERE node.geom && ST_MakeEnvelope(%(west)s, %(south)s, %(east)s, %(north)s, 4326)
       AND node.lifecycle <> 'removed'
       AND node.kind <> 'junction'
       AND node.network_id = ANY (%(networks)s)
     ORDER BY node.id
)
SELECT ST_AsMVT(shown, 'nodes', 4096, 'geom', 'id') AS tile FROM shown WHERE geom IS NOT NULL
