-- Something attached to a line of 400 mm or more. Whether it serves consumers is asked of the apps above.
SELECT '{}'::bigint[] AS nodes, ARRAY[pipe.id] AS pipes,
       '{}'::bigint[] AS other_nodes, '{}'::bigint[] AS other_pipes,
       pipe.geom AS geom, jsonb_build_object('diameter_m', pipe.diameter_m, 'attachments', attached.ids) AS facts
  FROM checked_pipe pipe
 CROSS JOIN LATERAL (SELECT array_agg(attachment.id ORDER BY attachment.id) AS ids
                       FROM assets_attachment attachment WHERE attachment.pipe_id = pipe.id) attached
 WHERE pipe.lifecycle = 'in_service' AND NOT pipe.is_connector AND pipe.diameter_m >= 0.4 AND attached.ids IS NOT NULL
