-- The median lag of a UTC day's deliveries of each datastream.
-- Inputs: since, until (the day), day, fewest (deliveries). Output: rows of sensors_clocklag.
WITH delivery AS (
    SELECT datastream_id, received_at, date_part('epoch', received_at - max(time)) AS lag_s
      FROM sensors_observation
     WHERE time >= %(since)s AND time < %(until)s
       -- What came more than a day late was not on its way, but in a file.
       AND received_at < time + interval '1 day'
     GROUP BY datastream_id, received_at
)
INSERT INTO sensors_clocklag (datastream_id, day, lag_s, deliveries)
SELECT datastream_id, %(day)s, percentile_cont(0.5) WITHIN GROUP (ORDER BY lag_s), count(*)
  FROM delivery GROUP BY datastream_id HAVING count(*) >= %(fewest)s
    ON CONFLICT (datastream_id, day) DO UPDATE SET lag_s = excluded.lag_s, deliveries = excluded.deliveries
