-- A roughness outside what its head-loss formula knows.
-- Hazen-Williams 20 to 160, Chezy-Manning 0.005 to 0.1 (both without unit); Darcy-Weisbach 0 to 0.01 m.
SELECT '{}'::bigint[] AS nodes, ARRAY[pipe.id] AS pipes,
       '{}'::bigint[] AS other_nodes, '{}'::bigint[] AS other_pipes,
       pipe.geom AS geom, jsonb_build_object('roughness', pipe.roughness, 'formula', %(formula)s) AS facts
  FROM checked_pipe pipe
 WHERE pipe.lifecycle = 'in_service' AND NOT pipe.is_connector
   AND CASE %(formula)s WHEN 'H-W' THEN pipe.roughness NOT BETWEEN 20 AND 160
                        WHEN 'C-M' THEN pipe.roughness NOT BETWEEN 0.005 AND 0.1
                        ELSE pipe.roughness NOT BETWEEN 0 AND 0.01 END
