-- A junction that feeds the network by a negative demand.
SELECT ARRAY[node.id] AS nodes, '{}'::bigint[] AS pipes,
       '{}'::bigint[] AS other_nodes, '{}'::bigint[] AS other_pipes,
       node.geom AS geom, '{}'::jsonb AS facts
  FROM checked_node node
 WHERE node.lifecycle = 'in_service' AND node.kind = 'junction'
   AND (SELECT sum(demand.base_demand_m3s) < 0 FROM assets_demand demand WHERE demand.node_id = node.id)
