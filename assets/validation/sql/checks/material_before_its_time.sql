-- A line older than its material: the years in which each came into use for water mains.
SELECT DISTINCT '{}'::bigint[] AS nodes, ARRAY[pipe.id] AS pipes,
       '{}'::bigint[] AS other_nodes, '{}'::bigint[] AS other_pipes,
       pipe.geom AS geom, jsonb_build_object('material', pipe.material, 'year', pipe.year_installed, 'since', known.since) AS facts
  FROM checked_pipe pipe
  JOIN (VALUES ('(^|[^a-z])(hd|ld|md)?pe([^a-z]|$)|polyeth', 1950), ('pvc|vinyl', 1935), ('pp([^a-z]|$)|polyprop', 1957),
               ('grp|frp|fibre ?glass|fiber ?glass', 1950), ('ductile|(^|[^a-z])di([^a-z]|$)', 1948),
               ('asbestos|(^|[^a-z])ac([^a-z]|$)', 1906), ('reinforced|(^|[^a-z])rc([^a-z]|$)', 1890)) known (form, since)
    ON pipe.material ~* known.form AND pipe.year_installed < known.since
 WHERE pipe.lifecycle = 'in_service' AND NOT pipe.is_connector
