-- A line drawn with more than 10,000 vertices.
SELECT '{}'::bigint[] AS nodes, ARRAY[pipe.id] AS pipes,
       '{}'::bigint[] AS other_nodes, '{}'::bigint[] AS other_pipes,
       ST_Envelope(pipe.geom) AS geom, jsonb_build_object('number', ST_NPoints(pipe.geom)) AS facts
  FROM checked_pipe pipe
 WHERE pipe.lifecycle = 'in_service' AND NOT pipe.is_connector AND ST_NPoints(pipe.geom) > 10000
