-- Two lines that cross away from their ends, where there is no node.
-- (network_id + 0: by the spatial index alone; the network's own index names all of its rows.)
SELECT '{}'::bigint[] AS nodes, ARRAY[crossed.one, crossed.two] AS pipes,
       '{}'::bigint[] AS other_nodes, '{}'::bigint[] AS other_pipes,
       crossed.geom AS geom, jsonb_build_object('number', crossed.number) AS facts
  FROM (SELECT least(pipe.id, other.id) AS one, greatest(pipe.id, other.id) AS two,
               ST_Collect(DISTINCT crossing.geom) AS geom, count(DISTINCT crossing.geom) AS number
          FROM checked_pipe pipe
          JOIN assets_pipe other ON other.network_id + 0 = %(network)s AND other.id <> pipe.id AND other.lifecycle = 'in_service'
           AND NOT other.is_connector AND other.geom && pipe.geom AND ST_Intersects(other.geom, pipe.geom)
         CROSS JOIN LATERAL ST_Dump(ST_CollectionExtract(ST_Intersection(
             CASE WHEN pipe.id < other.id THEN pipe.geom ELSE other.geom END,
             CASE WHEN pipe.id < other.id THEN other.geom ELSE pipe.geom END), 1)) crossing
         WHERE pipe.lifecycle = 'in_service' AND NOT pipe.is_connector
           AND least(ST_DistanceSphere(crossing.geom, pipe.start_point), ST_DistanceSphere(crossing.geom, pipe.end_point),
                     ST_DistanceSphere(crossing.geom, other.start_point), ST_DistanceSphere(crossing.geom, other.end_point))
               > %(tolerance_m)s
   -- A pair of checked lines is looked at once.
   AND (other.id > pipe.id OR NOT EXISTS (SELECT 1 FROM checked_pipe_id again WHERE again.id = other.id))
           -- Two straight lines from one node do not cross.
           AND NOT (ST_NPoints(pipe.geom) = 2 AND ST_NPoints(other.geom) = 2
                    AND (other.start_node_id IN (pipe.start_node_id, pipe.end_node_id)
                      OR other.end_node_id IN (pipe.start_node_id, pipe.end_node_id)))
         GROUP BY 1, 2) crossed
