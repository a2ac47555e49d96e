-- A junction or tank in service without an elevation, which the model needs.
SELECT ARRAY[node.id] AS nodes, '{}'::bigint[] AS pipes,
       '{}'::bigint[] AS other_nodes, '{}'::bigint[] AS other_pipes,
       node.geom AS geom, '{}'::jsonb AS facts
  FROM checked_node node
 WHERE node.lifecycle = 'in_service' AND node.kind IN ('junction', 'tank', 'manhole') AND node.elevation_m IS NULL
