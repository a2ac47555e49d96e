-- Bring the latest observation of the staged datastreams up to date; an older load never sets it back.
-- Input: incoming_observation. Output: rows of sensors_latestobservation.
INSERT INTO sensors_latestobservation (datastream_id, time, value)
SELECT newest.datastream_id, stored.time, stored.value
  FROM (SELECT datastream_id, max(time) AS time
          FROM incoming_observation
         WHERE value > '-Infinity'::float8 AND value < 'Infinity'::float8
         GROUP BY 1) newest
  JOIN sensors_observation stored ON stored.datastream_id = newest.datastream_id AND stored.time = newest.time
    ON CONFLICT (datastream_id) DO UPDATE SET time = excluded.time, value = excluded.value
 WHERE excluded.time > sensors_latestobservation.time;
