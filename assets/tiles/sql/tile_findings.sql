-- One vector tile of what validation found: errors from zoom 8, warnings from 11, notes from 13.
-- Inputs: z, x, y; west, south, east, north: the tile with its margin of 1/64 in degrees; networks: ids in scope.
-- Output: one row, the tile (Mapbox Vector Tile 2.1, layer "findings"). Geometries are of any kind; there is no limit.
WITH shown AS (
    SELECT finding.id, finding.uid::text AS uid, finding.check_code, finding.severity,
           finding.accepted_at IS NOT NULL AS is_accepted, array_to_string(finding.element_codes, ', ') AS elements,
           ST_AsMVTGeom(ST_Transform(finding.geom, 3857), ST_TileEnvelope(%(z)s, %(x)s, %(y)s), 4096, 64, true) AS geom
      FROM assets_finding finding
     WHERE finding.geom && ST_MakeEnvelope(%(west)s, %(south)s, %(east)s, %(north)s, 4326)
       AND (finding.severity = 'error' OR finding.severity = 'warning' AND %(z)s >= 11 OR %(z)s >= 13)
       AND finding.network_id = ANY (%(networks)s)
     ORDER BY finding.id
)
SELECT ST_AsMVT(shown, 'findings', 4096, 'geom', 'id') AS tile FROM shown WHERE geom IS NOT NULL
