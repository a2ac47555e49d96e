-- A line much thinner than the only lines before and behind it.
SELECT '{}'::bigint[] AS nodes, ARRAY[pipe.id] AS pipes,
       '{}'::bigint[] AS other_nodes, around.ids AS other_pipes,
       pipe.geom AS geom, jsonb_build_object('diameter_m', pipe.diameter_m, 'beside_m', around.diameter_m) AS facts
  FROM checked_pipe pipe
 CROSS JOIN LATERAL (
       SELECT count(*) AS number, count(*) FILTER (WHERE beside.start_node_id IN (pipe.start_node_id)
                                                     OR beside.end_node_id IN (pipe.start_node_id)) AS at_start,
              min(beside.diameter_m) AS diameter_m, bool_or(beside.is_connector) AS is_beside_device,
              array_agg(beside.id ORDER BY beside.id) AS ids
         FROM assets_pipe beside
        WHERE (beside.start_node_id = ANY (ARRAY[pipe.start_node_id, pipe.end_node_id])
            OR beside.end_node_id = ANY (ARRAY[pipe.start_node_id, pipe.end_node_id]))
          AND beside.id <> pipe.id AND beside.lifecycle = 'in_service') around
 WHERE pipe.lifecycle = 'in_service' AND NOT pipe.is_connector AND NOT around.is_beside_device AND around.number = 2 AND around.at_start = 1 AND pipe.diameter_m < 0.6 * around.diameter_m
