-- A valve or bulk meter much wider than both its lines, or less than a third of the thinner one.
SELECT ARRAY[node.id] AS nodes, '{}'::bigint[] AS pipes,
       '{}'::bigint[] AS other_nodes, '{}'::bigint[] AS other_pipes,
       node.geom AS geom, jsonb_build_object('kind', replace(node.kind, '_', ' '), 'diameter_m', node.diameter_m, 'thinner_m', node.thinner, 'wider_m', node.wider) AS facts
  FROM (SELECT node.id, node.geom, node.kind, coalesce(valve.diameter_m, meter.diameter_m) AS diameter_m,
               min(link.diameter_m) AS thinner, max(link.diameter_m) AS wider
          FROM checked_node node
          LEFT JOIN assets_valvedetail valve ON valve.node_id = node.id
          LEFT JOIN assets_bulkmeterdetail meter ON meter.node_id = node.id
          JOIN node_pipe link ON link.node_id = node.id AND link.is_live AND NOT link.is_connector
         WHERE node.lifecycle = 'in_service' AND node.kind IN ('valve', 'regulator', 'bulk_meter')
         GROUP BY 1, 2, 3, 4) node
 WHERE node.diameter_m > 1.5 * node.wider OR node.diameter_m < node.thinner / 3
