-- A device connector neither of whose ends is a device.
SELECT '{}'::bigint[] AS nodes, ARRAY[pipe.id] AS pipes,
       ARRAY[first.id, last.id] AS other_nodes, '{}'::bigint[] AS other_pipes,
       pipe.geom AS geom, '{}'::jsonb AS facts
  FROM checked_pipe pipe
  JOIN assets_node first ON first.id = pipe.start_node_id
  JOIN assets_node last ON last.id = pipe.end_node_id
 WHERE pipe.is_connector AND pipe.lifecycle = 'in_service' AND first.code_class = 'node' AND last.code_class = 'node'
