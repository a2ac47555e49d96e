-- One vector tile of pipes generalised by the rule of tile_pipes_afar.sql, but computed from the pipes: at zoom 11, and at
-- any zoom from 5 to 11 of the network as it was on a date, of which no generalised lines are kept.
-- Inputs: z, x, y; west, south, east, north: the tile with its margin of 1/64 in degrees; networks: ids in scope.
-- Output: one row, the tile (Mapbox Vector Tile 2.1, layer "pipes").
WITH lines AS MATERIALIZED (
    SELECT pipe.network_id, pipe.lifecycle = 'in_service' AS is_in_service, tile_diameter_class(pipe.diameter_m) AS diameter_mm,
           pipe.geom
      FROM assets_pipe pipe
     WHERE pipe.geom && ST_MakeEnvelope(%(west)s, %(south)s, %(east)s, %(north)s, 4326)
       AND pipe.lifecycle <> 'removed'
       AND pipe.network_id = ANY (%(networks)s)
), vertices AS (
    SELECT network_id, is_in_service, diameter_mm, ST_X(ST_StartPoint(geom)) AS x1, ST_Y(ST_StartPoint(geom)) AS y1,
           ST_X(ST_EndPoint(geom)) AS x2, ST_Y(ST_EndPoint(geom)) AS y2
      FROM lines WHERE ST_NPoints(geom) = 2
    UNION ALL
    SELECT network_id, is_in_service, diameter_mm, x1, y1, x2, y2
      FROM lines
     CROSS JOIN LATERAL (
           SELECT ST_X(point.geom) AS x1, ST_Y(point.geom) AS y1, lead(ST_X(point.geom)) OVER (ORDER BY point.path) AS x2,
                  lead(ST_Y(point.geom)) OVER (ORDER BY point.path) AS y2
             FROM ST_DumpPoints(lines.geom) point) pairs
     WHERE ST_NPoints(geom) > 2 AND x2 IS NOT NULL
), cells AS MATERIALIZED (
    SELECT network_id, is_in_service, diameter_mm, tile_cell_x(x1, %(z)s) AS x1, tile_cell_y(y1, %(z)s) AS y1,
           tile_cell_x(x2, %(z)s) AS x2, tile_cell_y(y2, %(z)s) AS y2
      FROM vertices
), drawn AS (
    SELECT network_id,
           CASE WHEN (x1, y1) < (x2, y2) THEN x1 ELSE x2 END AS start_x, CASE WHEN (x1, y1) < (x2, y2) THEN y1 ELSE y2 END AS start_y,
           CASE WHEN (x1, y1) < (x2, y2) THEN x2 ELSE x1 END AS end_x, CASE WHEN (x1, y1) < (x2, y2) THEN y2 ELSE y1 END AS end_y,
           -- In service before not, then the largest.
           max(is_in_service::integer * 100000 + diameter_mm) AS drawn_as
      FROM cells WHERE (x1, y1) <> (x2, y2) GROUP BY 1, 2, 3, 4, 5
), gathered AS (
    SELECT network_id, drawn_as >= 100000 AS is_in_service, drawn_as %% 100000 AS diameter_mm,
           ST_Collect(ST_MakeLine(
               ST_MakePoint((start_x - %(x)s * 128) * 32 + 16, 4080 - (start_y - %(y)s * 128) * 32),
               ST_MakePoint((end_x - %(x)s * 128) * 32 + 16, 4080 - (end_y - %(y)s * 128) * 32))) AS geom
      FROM drawn GROUP BY network_id, drawn_as
), shown AS (
    SELECT (gathered.network_id * 2 + is_in_service::integer) * 2048 + diameter_mm AS id, network.code AS network, diameter_mm,
           CASE WHEN is_in_service THEN 'in_service' ELSE 'not in service' END AS lifecycle, true AS is_generalised,
           ST_AsMVTGeom(geom, ST_MakeBox2D(ST_MakePoint(0, 0), ST_MakePoint(4096, 4096)), 4096, 64, true) AS geom
      FROM gathered JOIN assets_network network ON network.id = gathered.network_id
     ORDER BY diameter_mm, gathered.network_id, is_in_service
)
SELECT ST_AsMVT(shown, 'pipes', 4096, 'geom', 'id') AS tile FROM shown WHERE geom IS NOT NULL
