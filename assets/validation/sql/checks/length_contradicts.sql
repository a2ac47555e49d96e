-- A stated length less than half or more than twice the drawn one.
SELECT '{}'::bigint[] AS nodes, ARRAY[pipe.id] AS pipes,
       '{}'::bigint[] AS other_nodes, '{}'::bigint[] AS other_pipes,
       pipe.geom AS geom, jsonb_build_object('stated_m', round(pipe.stated_length_m::numeric, 1), 'drawn_m', round(pipe.geodesic_length_m::numeric, 1)) AS facts
  FROM checked_pipe pipe
 WHERE pipe.lifecycle = 'in_service' AND NOT pipe.is_connector AND pipe.geodesic_length_m > 0
   AND abs(pipe.stated_length_m - pipe.geodesic_length_m) > 1
   AND pipe.stated_length_m NOT BETWEEN 0.5 * pipe.geodesic_length_m AND 2 * pipe.geodesic_length_m
