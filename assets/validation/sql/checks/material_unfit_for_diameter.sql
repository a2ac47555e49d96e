-- A diameter that is not made in the line's material.
SELECT DISTINCT '{}'::bigint[] AS nodes, ARRAY[pipe.id] AS pipes,
       '{}'::bigint[] AS other_nodes, '{}'::bigint[] AS other_pipes,
       pipe.geom AS geom, jsonb_build_object('material', pipe.material, 'diameter_m', pipe.diameter_m) AS facts
  FROM checked_pipe pipe
  JOIN (VALUES ('(^|[^a-z])(hd|ld|md)?pe([^a-z]|$)|polyeth', 0.01, 2.6), ('pvc|vinyl', 0.01, 1.2), ('copper', 0.004, 0.27),
               ('ductile|(^|[^a-z])di([^a-z]|$)', 0.04, 2.7), ('cast|(^|[^a-z])ci([^a-z]|$)', 0.04, 1.6),
               ('asbestos|(^|[^a-z])ac([^a-z]|$)', 0.05, 2.0), ('reinforced|(^|[^a-z])rc([^a-z]|$)', 0.15, 4.0),
               ('grp|frp|fibre ?glass|fiber ?glass', 0.05, 4.0)) known (form, least, most)
    ON pipe.material ~* known.form AND pipe.diameter_m NOT BETWEEN known.least * 0.98 AND known.most
 WHERE pipe.lifecycle = 'in_service' AND NOT pipe.is_connector
