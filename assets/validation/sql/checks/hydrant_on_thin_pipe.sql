-- A hydrant for the fire service on lines that are all thinner than 100 mm (KMK 2.04.02-19 asks for 100 mm).
SELECT ARRAY[node.id] AS nodes, '{}'::bigint[] AS pipes,
       '{}'::bigint[] AS other_nodes, '{}'::bigint[] AS other_pipes,
       node.geom AS geom, jsonb_build_object('diameter_m', node.widest) AS facts
  FROM (SELECT node.id, node.geom, max(link.diameter_m) AS widest
          FROM checked_node node
          JOIN assets_hydrantdetail hydrant ON hydrant.node_id = node.id AND hydrant.is_for_fire_service
          JOIN node_pipe link ON link.node_id = node.id AND link.is_live
         WHERE node.lifecycle = 'in_service' GROUP BY node.id, node.geom) node
 WHERE node.widest < 0.0999
