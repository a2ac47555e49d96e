-- A line whose drawing crosses or touches itself.
SELECT '{}'::bigint[] AS nodes, ARRAY[pipe.id] AS pipes,
       '{}'::bigint[] AS other_nodes, '{}'::bigint[] AS other_pipes,
       pipe.geom AS geom, '{}'::jsonb AS facts
  FROM checked_pipe pipe
 WHERE pipe.lifecycle = 'in_service' AND NOT pipe.is_connector AND NOT ST_IsSimple(pipe.geom) AND pipe.geodesic_length_m > 0
