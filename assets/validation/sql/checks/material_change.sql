-- A plain junction of two lines of different material.
SELECT ARRAY[node.id] AS nodes, '{}'::bigint[] AS pipes,
       '{}'::bigint[] AS other_nodes, node.ids AS other_pipes,
       node.geom AS geom, jsonb_build_object('material', node.material, 'other', node.other_material) AS facts
  FROM (SELECT node.id, node.geom, min(link.diameter_m) AS thinner, max(link.diameter_m) AS wider,
               min(link.material) AS material, max(link.material) AS other_material,
               array_agg(link.pipe_id ORDER BY link.pipe_id) AS ids
          FROM checked_node node JOIN node_pipe link ON link.node_id = node.id AND link.is_live AND NOT link.is_connector
         WHERE node.lifecycle = 'in_service' AND node.kind = 'junction' AND node.degree = 2
         GROUP BY node.id, node.geom HAVING count(*) = 2) node
 WHERE node.material <> '' AND lower(node.material) <> lower(node.other_material)
