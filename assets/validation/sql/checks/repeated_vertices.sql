-- A line with the same vertex several times in a row.
SELECT '{}'::bigint[] AS nodes, ARRAY[pipe.id] AS pipes,
       '{}'::bigint[] AS other_nodes, '{}'::bigint[] AS other_pipes,
       pipe.geom AS geom, jsonb_build_object('number', ST_NPoints(pipe.geom) - ST_NPoints(ST_RemoveRepeatedPoints(pipe.geom)),
           'line', CASE WHEN ST_NPoints(pipe.geom) <= 2000 THEN ST_AsGeoJSON(pipe.geom, 15)::jsonb END) AS facts
  FROM checked_pipe pipe
 WHERE pipe.lifecycle = 'in_service' AND NOT pipe.is_connector AND ST_NPoints(pipe.geom) > greatest(2, ST_NPoints(ST_RemoveRepeatedPoints(pipe.geom)))
