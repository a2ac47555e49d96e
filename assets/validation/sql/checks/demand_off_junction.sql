-- A demand at a tank, source or device, where the model does not draw it.
SELECT ARRAY[node.id] AS nodes, '{}'::bigint[] AS pipes,
       '{}'::bigint[] AS other_nodes, '{}'::bigint[] AS other_pipes,
       node.geom AS geom, jsonb_build_object('kind', replace(node.kind, '_', ' ')) AS facts
  FROM checked_node node
 WHERE node.lifecycle = 'in_service' AND (node.kind IN ('tank', 'reservoir', 'source') OR node.code_class = 'device')
   AND EXISTS (SELECT 1 FROM assets_demand demand WHERE demand.node_id = node.id AND demand.base_demand_m3s <> 0)
