-- Two lines that run along the same way for more than 20 tolerances without being the same.
-- First the vertices of each that lie on the other are sought; only where they are apart from each other is the stretch measured.
-- (network_id + 0: by the spatial index alone; the network's own index names all of its rows.)
SELECT DISTINCT '{}'::bigint[] AS nodes, ARRAY[least(pipe.id, other.id), greatest(pipe.id, other.id)] AS pipes,
       '{}'::bigint[] AS other_nodes, '{}'::bigint[] AS other_pipes,
       shared.geom AS geom, jsonb_build_object('length_m', round(ST_Length(shared.geom::geography)::numeric, 1)) AS facts
  FROM checked_pipe pipe
  JOIN assets_pipe other ON other.network_id + 0 = %(network)s AND other.id <> pipe.id AND other.lifecycle = 'in_service' AND NOT other.is_connector
   AND other.geom && ST_Expand(pipe.geom, %(tolerance_deg)s)
 CROSS JOIN LATERAL (
       SELECT ST_Collect(contact.geom) AS geom
         FROM (SELECT vertex.geom FROM ST_DumpPoints(pipe.geom) vertex WHERE ST_DWithin(vertex.geom, other.geom, %(tolerance_deg)s)
               UNION ALL
               SELECT vertex.geom FROM ST_DumpPoints(other.geom) vertex WHERE ST_DWithin(vertex.geom, pipe.geom, %(tolerance_deg)s)
              ) contact) touching
 CROSS JOIN LATERAL (
       SELECT CASE WHEN ST_MaxDistance(touching.geom, touching.geom) > 20 * %(tolerance_deg)s
                   THEN ST_Intersection(CASE WHEN pipe.id < other.id THEN pipe.geom ELSE other.geom END,
                                        ST_Buffer(CASE WHEN pipe.id < other.id THEN other.geom ELSE pipe.geom END,
                                                  %(tolerance_deg)s)) END AS geom) shared
 WHERE pipe.lifecycle = 'in_service' AND NOT pipe.is_connector AND ST_NPoints(pipe.geom) <= 10000 AND ST_NPoints(other.geom) <= 10000
   -- A pair of checked lines is looked at once.
   AND (other.id > pipe.id OR NOT EXISTS (SELECT 1 FROM checked_pipe_id again WHERE again.id = other.id))
   AND ST_Length(shared.geom::geography) > 20 * %(tolerance_m)s
   AND ST_HausdorffDistance(pipe.geom, other.geom) > %(tolerance_deg)s
