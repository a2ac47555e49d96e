-- A line shorter than the network's tolerance.
SELECT '{}'::bigint[] AS nodes, ARRAY[pipe.id] AS pipes,
       '{}'::bigint[] AS other_nodes, '{}'::bigint[] AS other_pipes,
       pipe.geom AS geom, jsonb_build_object('length_m', round(pipe.geodesic_length_m::numeric, 3), 'tolerance_m', %(tolerance_m)s) AS facts
  FROM checked_pipe pipe
 WHERE pipe.lifecycle = 'in_service' AND NOT pipe.is_connector AND pipe.geodesic_length_m > 0 AND pipe.geodesic_length_m < %(tolerance_m)s
