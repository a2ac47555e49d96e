-- The mean pressure of a zone by hour of local days, from the hourly roll-ups of its loggers.
-- Inputs: streams, factors, kinds, intervals (arrays, one entry a logger), since, until (local days, until exclusive),
--   time_zone. Output: day, hour (its start, an instant), pressure_m; one row for each hour that is known.
-- Invariant: of a day those loggers count that gave three quarters of its hours, so that the mean does not jump where one
--   falls silent. A mean over the interval that ends at its stamp belongs to the hour before the stamp.
WITH logger AS (
    SELECT * FROM unnest(%(streams)s::bigint[], %(factors)s::float8[], %(kinds)s::text[], %(intervals)s::int[])
                  AS given (id, factor, kind, interval_s)
), value AS (
    SELECT logger.id, logger.factor * hourly.mean AS pressure_m,
           date_trunc('hour', hourly.hour + CASE WHEN logger.kind = 'mean'
               THEN interval '30 minutes' - make_interval(secs => least(logger.interval_s, 3600)) ELSE interval '0' END) AS hour
      FROM logger
      JOIN sensors_hourlyvalue hourly ON hourly.datastream_id = logger.id
     WHERE hourly.hour >= %(since)s::timestamp AT TIME ZONE %(time_zone)s - interval '1 hour'
       AND hourly.hour < %(until)s::timestamp AT TIME ZONE %(time_zone)s + interval '2 hours'
), dated AS (
    SELECT id, hour, pressure_m, (hour AT TIME ZONE %(time_zone)s)::date AS day FROM value
), whole AS (
    SELECT id, day FROM dated GROUP BY id, day HAVING count(*) >= 18
)
SELECT day, hour, avg(pressure_m) AS pressure_m
  FROM dated JOIN whole USING (id, day)
 WHERE day >= %(since)s AND day < %(until)s
 GROUP BY 1, 2 ORDER BY 2;
