-- Something attached to a line, counted at the end that is farther from it.
SELECT '{}'::bigint[] AS nodes, ARRAY[pipe.id] AS pipes,
       '{}'::bigint[] AS other_nodes, '{}'::bigint[] AS other_pipes,
       pipe.geom AS geom, jsonb_build_object('number', pipe.number) AS facts
  FROM (SELECT pipe.id, pipe.geom, count(*) AS number
          FROM checked_pipe pipe JOIN assets_attachment attachment ON attachment.pipe_id = pipe.id
         WHERE pipe.lifecycle = 'in_service' AND NOT pipe.is_connector AND pipe.start_node_id <> pipe.end_node_id
           AND CASE WHEN attachment.node_id = pipe.start_node_id THEN attachment.position > 0.5
                    ELSE attachment.position < 0.5 END
         GROUP BY pipe.id, pipe.geom) pipe
