-- One vector tile of pipes under zoom 11, generalised, as kept by tiles.sql.
-- Inputs: z (5 to 10), x, y; networks: ids in scope.
-- Output: one row, the tile (Mapbox Vector Tile 2.1, layer "pipes").
-- Invariant: each pipe in scope that leaves its cell (1/128 of a tile) is drawn by lines between the centres of cells; where
-- several run between the same two cells one line stands for them, in service before not, then by the largest diameter.
-- So what hangs together is drawn so. A feature is all lines of one network, size and state.
WITH drawn AS (
    SELECT DISTINCT ON (network_id, start_x, start_y, end_x, end_y)
           network_id, is_in_service, diameter_mm, start_x, start_y, end_x, end_y
      FROM assets_tileedge
     WHERE level = %(z)s AND tile_x = %(x)s AND tile_y = %(y)s AND network_id = ANY (%(networks)s)
     ORDER BY network_id, start_x, start_y, end_x, end_y, is_in_service DESC, diameter_mm DESC
), gathered AS (
    -- Units of the tile, with north up as the function that makes the tile wants it.
    SELECT network_id, is_in_service, diameter_mm,
           ST_Collect(ST_MakeLine(
               ST_MakePoint((start_x - %(x)s * 128) * 32 + 16, 4080 - (start_y - %(y)s * 128) * 32),
               ST_MakePoint((end_x - %(x)s * 128) * 32 + 16, 4080 - (end_y - %(y)s * 128) * 32))) AS geom
      FROM drawn GROUP BY network_id, is_in_service, diameter_mm
), shown AS (
    SELECT (gathered.network_id * 2 + is_in_service::integer) * 2048 + diameter_mm AS id, network.code AS network, diameter_mm,
           CASE WHEN is_in_service THEN 'in_service' ELSE 'not in service' END AS lifecycle, true AS is_generalised,
           ST_AsMVTGeom(geom, ST_MakeBox2D(ST_MakePoint(0, 0), ST_MakePoint(4096, 4096)), 4096, 64, true) AS geom
      FROM gathered JOIN assets_network network ON network.id = gathered.network_id
     ORDER BY diameter_mm, gathered.network_id, is_in_service
)
SELECT ST_AsMVT(shown, 'pipes', 4096, 'geom', 'id') AS tile FROM shown WHERE geom IS NOT NULL
