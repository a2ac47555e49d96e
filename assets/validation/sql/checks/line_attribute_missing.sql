-- A line without an attribute that its commodity's rules require.
SELECT '{}'::bigint[] AS nodes, ARRAY[pipe.id] AS pipes,
       '{}'::bigint[] AS other_nodes, '{}'::bigint[] AS other_pipes,
       pipe.geom AS geom, jsonb_build_object('attribute', replace(attribute, '_', ' '), 'key', attribute) AS facts
  FROM checked_pipe pipe
 CROSS JOIN unnest(%(required)s::text[]) attribute
  LEFT JOIN assets_linedetail line ON line.pipe_id = pipe.id
 WHERE pipe.lifecycle = 'in_service' AND NOT pipe.is_connector AND coalesce(to_jsonb(line) ->> attribute, '') = ''
