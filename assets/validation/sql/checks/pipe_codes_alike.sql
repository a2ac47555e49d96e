-- Two lines whose codes differ only by blanks or by capitals.
SELECT DISTINCT '{}'::bigint[] AS nodes, ARRAY[least(pipe.id, twin.id), greatest(pipe.id, twin.id)] AS pipes,
       '{}'::bigint[] AS other_nodes, '{}'::bigint[] AS other_pipes,
       CASE WHEN pipe.id < twin.id THEN pipe.geom ELSE twin.geom END AS geom, '{}'::jsonb AS facts
  FROM checked_pipe pipe
  JOIN assets_pipe twin ON twin.network_id = pipe.network_id AND twin.id <> pipe.id AND twin.is_connector = pipe.is_connector
   AND lower(replace(twin.code, ' ', '')) = lower(replace(pipe.code, ' ', '')) AND twin.lifecycle <> 'removed'
 WHERE pipe.lifecycle <> 'removed'
