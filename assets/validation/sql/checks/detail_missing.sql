-- A tank, reservoir, pump, valve or regulator without the details of its kind, which the model needs.
SELECT ARRAY[node.id] AS nodes, '{}'::bigint[] AS pipes,
       '{}'::bigint[] AS other_nodes, '{}'::bigint[] AS other_pipes,
       node.geom AS geom, jsonb_build_object('kind', node.kind) AS facts
  FROM checked_node node
 WHERE node.lifecycle = 'in_service'
   AND CASE node.kind WHEN 'tank' THEN NOT EXISTS (SELECT 1 FROM assets_tankdetail detail WHERE detail.node_id = node.id)
                      WHEN 'reservoir' THEN NOT EXISTS (SELECT 1 FROM assets_reservoirdetail detail WHERE detail.node_id = node.id)
                      WHEN 'pump' THEN NOT EXISTS (SELECT 1 FROM assets_pumpdetail detail WHERE detail.node_id = node.id)
                      WHEN 'valve' THEN NOT EXISTS (SELECT 1 FROM assets_valvedetail detail WHERE detail.node_id = node.id)
                      WHEN 'regulator' THEN NOT EXISTS (SELECT 1 FROM assets_valvedetail detail WHERE detail.node_id = node.id)
                      ELSE false END
