-- A line that turns back on itself: an angle under 5 degrees between neighbouring stretches.
SELECT '{}'::bigint[] AS nodes, ARRAY[spike.id] AS pipes,
       '{}'::bigint[] AS other_nodes, '{}'::bigint[] AS other_pipes,
       spike.geom AS geom, '{}'::jsonb AS facts
  FROM (SELECT pipe.id, ST_Collect(corner.middle) AS geom
          FROM checked_pipe pipe
         CROSS JOIN LATERAL (
               SELECT lag(geom) OVER way AS before, geom AS middle, lead(geom) OVER way AS after
                 FROM ST_DumpPoints(ST_RemoveRepeatedPoints(pipe.geom)) WINDOW way AS (ORDER BY path)) corner
         WHERE pipe.lifecycle = 'in_service' AND NOT pipe.is_connector AND ST_NPoints(pipe.geom) BETWEEN 3 AND 10000
           AND corner.before IS NOT NULL AND corner.after IS NOT NULL
           AND cos(ST_Angle(corner.middle, corner.before, corner.middle, corner.after)) > cos(radians(5))
         GROUP BY pipe.id) spike
