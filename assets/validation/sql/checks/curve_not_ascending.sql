-- A curve whose points do not follow each other in rising order.
SELECT '{}'::bigint[] AS nodes, '{}'::bigint[] AS pipes,
       '{}'::bigint[] AS other_nodes, '{}'::bigint[] AS other_pipes,
       NULL::geometry AS geom, jsonb_build_object('curve', curve.code, 'key', 'curve ' || curve.id) AS facts
  FROM assets_curve curve
 WHERE curve.network_id = %(network)s
   AND (cardinality(curve.x_values) <> cardinality(curve.y_values)
        OR EXISTS (SELECT 1 FROM (SELECT value, lead(value) OVER (ORDER BY place) AS next_value
                                    FROM unnest(curve.x_values) WITH ORDINALITY point (value, place)) pair
                    WHERE pair.next_value <= pair.value))
