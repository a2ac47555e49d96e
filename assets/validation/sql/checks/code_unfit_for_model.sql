-- A code that the hydraulic engine cannot take: over 31 characters, with blanks, quotes or semicolons.
SELECT element.nodes AS nodes, element.pipes AS pipes,
       '{}'::bigint[] AS other_nodes, '{}'::bigint[] AS other_pipes,
       element.geom AS geom, jsonb_build_object('code', element.code) AS facts
  FROM (SELECT ARRAY[node.id] AS nodes, '{}'::bigint[] AS pipes, node.code, node.geom FROM checked_node node
         WHERE node.lifecycle = 'in_service'
        UNION ALL
        SELECT '{}', ARRAY[pipe.id], pipe.code, pipe.geom FROM checked_pipe pipe
         WHERE pipe.lifecycle = 'in_service' AND NOT pipe.is_connector) element
 WHERE element.code ~ '[[:space:]";]' OR octet_length(element.code) > 31
