-- A pump whose head does not fall with its flow.
SELECT ARRAY[node.id] AS nodes, '{}'::bigint[] AS pipes,
       '{}'::bigint[] AS other_nodes, '{}'::bigint[] AS other_pipes,
       node.geom AS geom, jsonb_build_object('curve', curve.code) AS facts
  FROM checked_node node
  JOIN assets_pumpdetail pump ON pump.node_id = node.id
  JOIN assets_curve curve ON curve.id = pump.head_curve_id
 WHERE node.lifecycle = 'in_service'
   AND EXISTS (SELECT 1 FROM (SELECT flow, head, lead(flow) OVER way AS next_flow, lead(head) OVER way AS next_head
                                FROM unnest(curve.x_values, curve.y_values) WITH ORDINALITY point (flow, head, place)
                              WINDOW way AS (ORDER BY place)) stretch
                WHERE next_head >= head OR next_flow <= flow)
