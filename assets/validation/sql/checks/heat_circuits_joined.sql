-- Supply and return lines that meet outside a heat exchanger, station or source.
SELECT ARRAY[node.id] AS nodes, '{}'::bigint[] AS pipes,
       '{}'::bigint[] AS other_nodes, node.ids AS other_pipes,
       node.geom AS geom, jsonb_build_object('values', array_to_string(node.values, ', ')) AS facts
  FROM (SELECT node.id, node.geom, array_agg(DISTINCT line.circuit ORDER BY line.circuit) AS values,
               array_agg(link.pipe_id ORDER BY link.pipe_id) AS ids
          FROM checked_node node
          JOIN node_pipe link ON link.node_id = node.id AND link.is_live
          JOIN assets_linedetail line ON line.pipe_id = link.pipe_id AND line.circuit <> ''
         WHERE node.lifecycle = 'in_service' AND node.kind NOT IN ('boiler_house', 'heat_exchanger', 'heat_substation', 'substation', 'source')
         GROUP BY node.id, node.geom) node
 WHERE cardinality(node.values) > 1
