-- A gravity sewer whose end lies above its start.
SELECT '{}'::bigint[] AS nodes, ARRAY[pipe.id] AS pipes,
       ARRAY[first.id, last.id] AS other_nodes, '{}'::bigint[] AS other_pipes,
       pipe.geom AS geom, jsonb_build_object('rise_m', round((last.elevation_m - first.elevation_m)::numeric, 2)) AS facts
  FROM checked_pipe pipe
  JOIN assets_node first ON first.id = pipe.start_node_id
  JOIN assets_node last ON last.id = pipe.end_node_id
  LEFT JOIN assets_linedetail line ON line.pipe_id = pipe.id
 WHERE pipe.lifecycle = 'in_service' AND NOT pipe.is_connector AND coalesce(line.flow_regime, '') <> 'pressure' AND last.elevation_m > first.elevation_m + 0.001
