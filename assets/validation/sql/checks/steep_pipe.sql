-- A line that rises or falls by more than half its length, and by more than 5 m.
SELECT '{}'::bigint[] AS nodes, ARRAY[pipe.id] AS pipes,
       ARRAY[first.id, last.id] AS other_nodes, '{}'::bigint[] AS other_pipes,
       pipe.geom AS geom, jsonb_build_object('rise_m', round(abs(first.elevation_m - last.elevation_m)::numeric, 1), 'length_m', round(coalesce(pipe.stated_length_m, pipe.geodesic_length_m)::numeric, 1)) AS facts
  FROM checked_pipe pipe
  JOIN assets_node first ON first.id = pipe.start_node_id
  JOIN assets_node last ON last.id = pipe.end_node_id
 WHERE pipe.lifecycle = 'in_service' AND NOT pipe.is_connector AND first.kind IN ('junction', 'manhole') AND last.kind IN ('junction', 'manhole')
   AND abs(first.elevation_m - last.elevation_m)
       > greatest(5, 0.5 * coalesce(pipe.stated_length_m, pipe.geodesic_length_m))
