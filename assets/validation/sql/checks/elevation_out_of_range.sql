-- An elevation that no place of Uzbekistan has: under -13 m (Sariqamish) or over 4,643 m (Hazrati Sulton).
SELECT ARRAY[node.id] AS nodes, '{}'::bigint[] AS pipes,
       '{}'::bigint[] AS other_nodes, '{}'::bigint[] AS other_pipes,
       node.geom AS geom, jsonb_build_object('elevation_m', node.elevation_m) AS facts
  FROM checked_node node
 WHERE node.lifecycle = 'in_service' AND node.kind <> 'reservoir' AND node.elevation_m NOT BETWEEN -13 AND 4643
