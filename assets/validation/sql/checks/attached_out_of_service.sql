-- Something attached to a line or node that is not in service.
SELECT element.nodes AS nodes, element.pipes AS pipes,
       '{}'::bigint[] AS other_nodes, '{}'::bigint[] AS other_pipes,
       element.geom AS geom, jsonb_build_object('number', element.number, 'lifecycle', replace(element.lifecycle, '_', ' ')) AS facts
  FROM (SELECT '{}'::bigint[] AS nodes, ARRAY[pipe.id] AS pipes, pipe.geom, pipe.lifecycle,
               (SELECT count(*) FROM assets_attachment attachment WHERE attachment.pipe_id = pipe.id) AS number
          FROM checked_pipe pipe WHERE pipe.lifecycle IN ('planned', 'under_construction', 'out_of_service')
        UNION ALL
        SELECT ARRAY[node.id], '{}', node.geom, node.lifecycle,
               (SELECT count(*) FROM assets_attachment attachment
                 WHERE attachment.node_id = node.id AND attachment.pipe_id IS NULL)
          FROM checked_node node WHERE node.lifecycle IN ('planned', 'under_construction', 'out_of_service')) element
 WHERE element.number > 0
