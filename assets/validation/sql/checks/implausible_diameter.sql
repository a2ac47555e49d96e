-- A diameter under 10 mm or over 4 m: mostly an error of the unit.
SELECT '{}'::bigint[] AS nodes, ARRAY[pipe.id] AS pipes,
       '{}'::bigint[] AS other_nodes, '{}'::bigint[] AS other_pipes,
       pipe.geom AS geom, jsonb_build_object('diameter_m', pipe.diameter_m, 'divided', CASE WHEN pipe.diameter_m / 1000 BETWEEN 0.015 AND 3 THEN pipe.diameter_m / 1000 END) AS facts
  FROM checked_pipe pipe
 WHERE pipe.lifecycle = 'in_service' AND NOT pipe.is_connector AND (pipe.diameter_m < 0.00999 OR pipe.diameter_m > 4)
