-- For many positions at once the pipe nearest to each, and where on it.
-- Inputs: places (numbers of ours), network_ids, lons, lats (EPSG:4326), arrays of one length; tolerance_m.
-- Output: a row for each place that has a pipe within the tolerance: place, pipe_id, start_node_id, end_node_id,
-- position (0 to 1 along the drawing). Connectors and removed pipes are not looked at.
-- Invariant: as assets/registers/sql/nearest_pipe.sql finds them one by one: the foot of the perpendicular is that of the
-- ground, since a degree of longitude is shortened as at the position's latitude.
SELECT wanted.place, found.pipe_id, found.start_node_id, found.end_node_id, found.position
  FROM unnest(%(places)s::integer[], %(network_ids)s::bigint[], %(lons)s::float8[], %(lats)s::float8[])
       AS wanted (place, network_id, lon, lat)
 CROSS JOIN LATERAL (
    SELECT ST_SetSRID(ST_MakePoint(wanted.lon, wanted.lat), 4326) AS point,
           greatest(cos(radians(wanted.lat)), 0.01) AS shrink, %(tolerance_m)s * 1.01 / 110574 AS reach
 ) AS spot
 CROSS JOIN LATERAL (
    SELECT pipe.id AS pipe_id, pipe.start_node_id, pipe.end_node_id,
           ST_LineLocatePoint(ST_Scale(ST_SetSRID(pipe.geom, 0), spot.shrink, 1),
                              ST_Scale(ST_SetSRID(spot.point, 0), spot.shrink, 1)) AS position,
           ST_Distance(pipe.geom::geography, spot.point::geography) AS distance_m
      FROM assets_pipe pipe
     WHERE pipe.geom && ST_Expand(spot.point, spot.reach / spot.shrink, spot.reach)
       AND pipe.network_id = wanted.network_id AND NOT pipe.is_connector AND pipe.lifecycle <> 'removed'
     ORDER BY distance_m, pipe.id LIMIT 1
 ) AS found
 WHERE found.distance_m <= %(tolerance_m)s
