-- Segments of one network with the codes of what is in them.
-- Inputs: network; after: an id, 0 for the beginning; row_limit: a number, null for all.
-- Output: id, codes of nodes, of devices inside, of pipes, of the devices that bound it; length in metres.
WITH wanted AS (
    SELECT segment.id FROM assets_segment segment
     WHERE segment.network_id = %(network)s AND segment.id > %(after)s
       AND (EXISTS (SELECT 1 FROM assets_nodetopology topology JOIN assets_node node ON node.id = topology.node_id
                     WHERE topology.segment_id = segment.id AND node.code_class = 'node')
            OR EXISTS (SELECT 1 FROM assets_pipetopology topology JOIN assets_pipe pipe ON pipe.id = topology.pipe_id
                        WHERE topology.segment_id = segment.id AND NOT pipe.is_connector))
     ORDER BY segment.id LIMIT %(row_limit)s
), node_codes AS (
    SELECT topology.segment_id,
           array_agg(node.code ORDER BY node.code) FILTER (WHERE node.code_class = 'node') AS nodes,
           array_agg(node.code ORDER BY node.code) FILTER (WHERE node.code_class = 'device') AS devices
      FROM wanted
      JOIN assets_nodetopology topology ON topology.segment_id = wanted.id
      JOIN assets_node node ON node.id = topology.node_id
     GROUP BY topology.segment_id
), pipe_codes AS (
    SELECT topology.segment_id, array_agg(pipe.code ORDER BY pipe.code) FILTER (WHERE NOT pipe.is_connector) AS pipes,
           sum(coalesce(pipe.stated_length_m, pipe.geodesic_length_m)) FILTER (WHERE NOT pipe.is_connector) AS length_m
      FROM wanted
      JOIN assets_pipetopology topology ON topology.segment_id = wanted.id
      JOIN assets_pipe pipe ON pipe.id = topology.pipe_id
     GROUP BY topology.segment_id
), valve_codes AS (
    SELECT topology.segment_id, array_agg(DISTINCT node.code ORDER BY node.code) AS valves
      FROM wanted
      JOIN assets_pipetopology topology ON topology.segment_id = wanted.id
      JOIN assets_pipe pipe ON pipe.id = topology.pipe_id
     CROSS JOIN LATERAL (VALUES (pipe.start_node_id), (pipe.end_node_id)) ends (node_id)
      JOIN assets_nodetopology bound ON bound.node_id = ends.node_id AND bound.is_boundary
      JOIN assets_node node ON node.id = bound.node_id
     GROUP BY topology.segment_id
)
SELECT wanted.id, coalesce(nodes, '{}'), coalesce(devices, '{}'), coalesce(pipes, '{}'), coalesce(valves, '{}'),
       coalesce(length_m, 0)
  FROM wanted
  LEFT JOIN node_codes ON node_codes.segment_id = wanted.id
  LEFT JOIN pipe_codes ON pipe_codes.segment_id = wanted.id
  LEFT JOIN valve_codes ON valve_codes.segment_id = wanted.id
 ORDER BY wanted.id
