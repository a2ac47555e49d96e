-- Recompute the dirty hours of the datastreams taken by sensors_take_dirty, from final values.
-- Inputs: taken_bucket (datastream_id, day, hours). Output: rows of sensors_hourlyvalue; hours left without values go.
-- Invariant: afterwards each taken hour holds exactly what its final values give, whatever was there before.
-- An expected interval ends at a multiple of interval_s after the hour's start; a value fills the interval it falls in.
WITH dirty AS (
    SELECT DISTINCT datastream_id, day::timestamp AT TIME ZONE 'UTC' + make_interval(hours => hour) AS hour
      FROM taken_bucket CROSS JOIN generate_series(0, 23) AS hour
     WHERE hours & (1 << hour) <> 0
), span AS (
    -- Neighbouring hours of a datastream are read together, at most a day of them.
    SELECT datastream_id, min(hour) AS since, max(hour) + interval '1 hour' AS until
      FROM dirty GROUP BY datastream_id, date_trunc('day', hour, 'UTC')
), value_in_hour AS (
    SELECT final.datastream_id, date_trunc('hour', final.time, 'UTC') AS hour, final.time, final.value,
           floor(date_part('epoch', final.time) / stream.interval_s) AS slot
      FROM span
      JOIN sensors_datastream stream ON stream.id = span.datastream_id
      CROSS JOIN LATERAL sensors_final(ARRAY[span.datastream_id], span.since, span.until, 'infinity') final
     ORDER BY 1, 3
), summed AS (
    SELECT datastream_id, hour, count(*)::integer AS count, sum(value) AS sum, min(value) AS min, max(value) AS max,
           -- The values come in the order of their stamps.
           array_agg(value) AS values, count(DISTINCT slot)::integer AS slots
      FROM value_in_hour GROUP BY datastream_id, hour
), removed AS (
    DELETE FROM sensors_hourlyvalue hourly USING dirty
     WHERE hourly.datastream_id = dirty.datastream_id AND hourly.hour = dirty.hour
       AND NOT EXISTS (SELECT 1 FROM summed WHERE summed.datastream_id = dirty.datastream_id AND summed.hour = dirty.hour)
)
INSERT INTO sensors_hourlyvalue (datastream_id, hour, count, sum, min, max, first, last, slots, coverage)
SELECT summed.datastream_id, summed.hour, summed.count,
       -- PostgreSQL refuses to divide what would become 0 by it: one such value would hold up all roll-ups.
       CASE WHEN abs(summed.sum) < 1e-290 THEN 0 ELSE summed.sum END, summed.min, summed.max, summed.values[1],
       summed.values[summed.count], summed.slots, least(1.0, summed.slots * stream.interval_s / 3600.0)
  FROM summed JOIN dirty USING (datastream_id, hour) JOIN sensors_datastream stream ON stream.id = summed.datastream_id
    ON CONFLICT (datastream_id, hour) DO UPDATE
   SET count = excluded.count, sum = excluded.sum, min = excluded.min, max = excluded.max, first = excluded.first,
       last = excluded.last, slots = excluded.slots, coverage = excluded.coverage
