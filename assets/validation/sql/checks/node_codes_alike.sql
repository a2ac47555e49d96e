-- Two nodes whose codes differ only by blanks or by capitals.
SELECT DISTINCT ARRAY[least(node.id, twin.id), greatest(node.id, twin.id)] AS nodes, '{}'::bigint[] AS pipes,
       '{}'::bigint[] AS other_nodes, '{}'::bigint[] AS other_pipes,
       CASE WHEN node.id < twin.id THEN node.geom ELSE twin.geom END AS geom, '{}'::jsonb AS facts
  FROM checked_node node
  JOIN assets_node twin ON twin.network_id = node.network_id AND twin.id <> node.id AND twin.code_class = node.code_class
   AND lower(replace(twin.code, ' ', '')) = lower(replace(node.code, ' ', '')) AND twin.lifecycle <> 'removed'
 WHERE node.lifecycle <> 'removed'
