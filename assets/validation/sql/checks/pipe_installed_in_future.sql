-- A line in service that was installed in a year to come.
SELECT '{}'::bigint[] AS nodes, ARRAY[pipe.id] AS pipes,
       '{}'::bigint[] AS other_nodes, '{}'::bigint[] AS other_pipes,
       pipe.geom AS geom, jsonb_build_object('year', pipe.year_installed) AS facts
  FROM checked_pipe pipe
 WHERE pipe.lifecycle = 'in_service' AND pipe.year_installed > extract(year FROM now() AT TIME ZONE 'Asia/Tashkent')
