-- The pipe nearest to a position, and where on it.
-- Inputs: network_id; lon, lat (EPSG:4326); tolerance_m.
-- Output: at most one row: pipe_id, start_node_id, end_node_id, position (0 to 1 along the drawing), distance in
-- metres. Connectors and removed pipes are not looked at.
-- Invariant: positions are measured with a degree of longitude shortened as at the position's latitude, so that the
-- foot of the perpendicular is that of the ground and not of the degrees.
WITH place AS (
    SELECT ST_SetSRID(ST_MakePoint(%(lon)s, %(lat)s), 4326) AS point, greatest(cos(radians(%(lat)s)), 0.01) AS shrink,
           %(tolerance_m)s * 1.01 / 110574 AS reach
), candidate AS (
    SELECT pipe.id, pipe.start_node_id, pipe.end_node_id,
           ST_LineLocatePoint(ST_Scale(ST_SetSRID(pipe.geom, 0), place.shrink, 1),
                              ST_Scale(ST_SetSRID(place.point, 0), place.shrink, 1)) AS position,
           ST_Distance(pipe.geom::geography, place.point::geography) AS distance_m
      FROM place JOIN assets_pipe pipe
        ON pipe.geom && ST_Expand(place.point, place.reach / place.shrink, place.reach)
     WHERE pipe.network_id = %(network_id)s AND NOT pipe.is_connector AND pipe.lifecycle <> 'removed'
)
SELECT id AS pipe_id, start_node_id, end_node_id, position, distance_m FROM candidate
 WHERE distance_m <= %(tolerance_m)s ORDER BY distance_m, id LIMIT 1
