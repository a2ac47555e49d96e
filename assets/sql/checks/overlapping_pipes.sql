-- Two lines that run along the same way for a stretch without being the same.
SELECT DISTINCT '{}'::bigint[] AS nodes, ARRAY[least(pipe.id, other.id), greatest(pipe.id, other.id)] AS pipes,
       '{}'::bigint[] AS other_nodes, '{}'::bigint[] AS other_pipes,
       shared.geom AS geom, jsonb_build_object('length_m', round(ST_Length(shared.geom::geography)::numeric, 1)) AS facts
  FROM checked_pipe pipe
  JOIN assets_pipe other ON other.network_id = %(network)s AND other.id <> pipe.id AND other.lifecycle = 'in_service' AND NOT other.is_connector
   AND other.geom && pipe.geom AND ST_Intersects(other.geom, pipe.geom)
 CROSS JOIN LATERAL (SELECT ST_CollectionExtract(ST_Intersection(
     CASE WHEN pipe.id < other.id THEN pipe.geom ELSE other.geom END,
     CASE WHEN pipe.id < other.id THEN other.geom ELSE pipe.geom END), 2) AS geom) shared
 WHERE pipe.lifecycle = 'in_service' AND NOT pipe.is_connector AND ST_Length(shared.geom::geography) > %(tolerance_m)s
   AND NOT (ST_HausdorffDistance(pipe.geom, other.geom) <= %(tolerance_deg)s)
