-- A stated length more than 10 %% and 1 m away from the drawn one, but less than by half.
SELECT '{}'::bigint[] AS nodes, ARRAY[pipe.id] AS pipes,
       '{}'::bigint[] AS other_nodes, '{}'::bigint[] AS other_pipes,
       pipe.geom AS geom, jsonb_build_object('stated_m', round(pipe.stated_length_m::numeric, 1), 'drawn_m', round(pipe.geodesic_length_m::numeric, 1)) AS facts
  FROM checked_pipe pipe
 WHERE pipe.lifecycle = 'in_service' AND NOT pipe.is_connector AND pipe.geodesic_length_m > 0
   AND abs(pipe.stated_length_m - pipe.geodesic_length_m) > greatest(1, 0.1 * pipe.geodesic_length_m)
   AND pipe.stated_length_m BETWEEN 0.5 * pipe.geodesic_length_m AND 2 * pipe.geodesic_length_m
