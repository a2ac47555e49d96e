-- A device connector longer than a device's place: 1 km.
SELECT '{}'::bigint[] AS nodes, ARRAY[pipe.id] AS pipes,
       '{}'::bigint[] AS other_nodes, '{}'::bigint[] AS other_pipes,
       pipe.geom AS geom, jsonb_build_object('length_m', round(pipe.geodesic_length_m::numeric)) AS facts
  FROM checked_pipe pipe
 WHERE pipe.is_connector AND pipe.lifecycle = 'in_service' AND pipe.geodesic_length_m > 1000
