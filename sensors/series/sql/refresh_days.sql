-- Recompute the local days that the taken dirty hours touch, from the hours' roll-ups.
-- Inputs: taken_bucket. Output: rows of sensors_dailyvalue; days left without values go.
-- A day is 23 to 25 hours of UTC. Where a zone's midnight is not on a full UTC hour, the final values are summed.
WITH dirty_hour AS (
    SELECT DISTINCT datastream_id, day::timestamp AT TIME ZONE 'UTC' + make_interval(hours => hour) AS hour
      FROM taken_bucket CROSS JOIN generate_series(0, 23) AS hour
     WHERE hours & (1 << hour) <> 0
), dirty AS (
    SELECT DISTINCT stream.id AS datastream_id, stream.interval_s, stream.time_zone,
           (instant AT TIME ZONE stream.time_zone)::date AS day
      FROM dirty_hour JOIN sensors_datastream stream ON stream.id = dirty_hour.datastream_id
      CROSS JOIN LATERAL (VALUES (hour), (hour + interval '59 minutes 59 seconds')) touched (instant)
), bounded AS (
    SELECT *, day::timestamp AT TIME ZONE time_zone AS since, (day + 1)::timestamp AT TIME ZONE time_zone AS until
      FROM dirty
), part AS (
    SELECT bounded.datastream_id, bounded.day, hourly.hour AS at, hourly.count, hourly.sum, hourly.min, hourly.max,
           hourly.first, hourly.last, hourly.slots
      FROM bounded JOIN sensors_hourlyvalue hourly
        ON hourly.datastream_id = bounded.datastream_id AND hourly.hour >= since AND hourly.hour < until
     WHERE date_trunc('hour', since, 'UTC') = since AND date_trunc('hour', until, 'UTC') = until
    UNION ALL
    SELECT bounded.datastream_id, bounded.day, final.time, 1, final.value, final.value, final.value, final.value,
           final.value,
           (lag(floor(date_part('epoch', final.time) / interval_s)) OVER of_day
            IS DISTINCT FROM floor(date_part('epoch', final.time) / interval_s))::integer
      FROM bounded CROSS JOIN LATERAL sensors_final(ARRAY[bounded.datastream_id], since, until, 'infinity') final
     WHERE date_trunc('hour', since, 'UTC') <> since OR date_trunc('hour', until, 'UTC') <> until
    WINDOW of_day AS (PARTITION BY bounded.datastream_id, bounded.day ORDER BY final.time)
), summed AS (
    SELECT datastream_id, day, sum(count)::integer AS count, sum(sum) AS sum, min(min) AS min, max(max) AS max,
           (array_agg(first))[1] AS first, (array_agg(last))[count(*)] AS last, sum(slots) AS slots
      FROM (SELECT * FROM part ORDER BY datastream_id, day, at) ordered
     GROUP BY datastream_id, day
), removed AS (
    DELETE FROM sensors_dailyvalue daily USING bounded
     WHERE daily.datastream_id = bounded.datastream_id AND daily.day = bounded.day
       AND NOT EXISTS (SELECT 1 FROM summed WHERE summed.datastream_id = bounded.datastream_id AND summed.day = bounded.day)
)
INSERT INTO sensors_dailyvalue (datastream_id, day, count, sum, min, max, first, last, coverage)
SELECT summed.datastream_id, summed.day, summed.count,
       -- As in refresh_roll_ups.sql: the mean of less could not be computed.
       CASE WHEN abs(summed.sum) < 1e-290 THEN 0 ELSE summed.sum END, summed.min, summed.max, summed.first, summed.last,
       least(1.0, summed.slots * interval_s / date_part('epoch', until - since))
  FROM summed JOIN bounded USING (datastream_id, day)
    ON CONFLICT (datastream_id, day) DO UPDATE
   SET count = excluded.count, sum = excluded.sum, min = excluded.min, max = excluded.max, first = excluded.first,
       last = excluded.last, coverage = excluded.coverage
