-- Two lines between the same nodes along the same way.
SELECT DISTINCT '{}'::bigint[] AS nodes, ARRAY[least(pipe.id, twin.id), greatest(pipe.id, twin.id)] AS pipes,
       '{}'::bigint[] AS other_nodes, '{}'::bigint[] AS other_pipes,
       CASE WHEN pipe.id < twin.id THEN pipe.geom ELSE twin.geom END AS geom, jsonb_build_object('alike', (pipe.diameter_m, pipe.material, pipe.status, pipe.has_check_valve) IS NOT DISTINCT FROM (twin.diameter_m, twin.material, twin.status, twin.has_check_valve)
           AND NOT EXISTS (SELECT 1 FROM assets_attachment attachment WHERE attachment.pipe_id = greatest(pipe.id, twin.id))) AS facts
  FROM checked_pipe pipe
  JOIN assets_pipe twin ON twin.network_id = %(network)s AND twin.id <> pipe.id AND twin.lifecycle = 'in_service' AND NOT twin.is_connector
   AND twin.start_node_id = ANY (ARRAY[pipe.start_node_id, pipe.end_node_id])
   AND twin.end_node_id = ANY (ARRAY[pipe.start_node_id, pipe.end_node_id])
   AND twin.start_node_id <> twin.end_node_id
 WHERE pipe.lifecycle = 'in_service' AND NOT pipe.is_connector AND pipe.start_node_id <> pipe.end_node_id
   AND ST_HausdorffDistance(pipe.geom, twin.geom) <= %(tolerance_deg)s
