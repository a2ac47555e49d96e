-- The least hourly mean of each local night that is over since a watch looked last.
-- Inputs: rule, now. Output: watch, end of the night, minimum (null where less than three quarters of the night have data).
-- A night is [night_from, night_to) on the clock of the datastream's zone, over midnight where it ends before it starts.
-- It is over when a value after its end has come, or six hours later: late hours are waited for.
-- Only whole hours of the night count. At most 400 nights at a time.
SELECT watch.id, night.until,
       CASE WHEN sum(hourly.slots) * stream.interval_s >= 0.75 * date_part('epoch', night.until - night.since)
            THEN min(hourly.mean) END
  FROM sensors_alarmwatch watch
  JOIN sensors_alarmrule rule ON rule.id = watch.rule_id
  JOIN sensors_datastream stream ON stream.id = watch.datastream_id
  JOIN sensors_latestobservation latest ON latest.datastream_id = watch.datastream_id
  CROSS JOIN LATERAL (
      -- A stamp of the future does not bring future nights.
      SELECT coalesce(watch.evaluated_until, latest.first_time) AS since, least(latest.time, %(now)s) AS until
  ) seen
  CROSS JOIN LATERAL generate_series((seen.since AT TIME ZONE stream.time_zone)::date - 1,
                                     least((seen.until AT TIME ZONE stream.time_zone)::date,
                                           (seen.since AT TIME ZONE stream.time_zone)::date + 400), '1 day') AS day
  CROSS JOIN LATERAL (
      SELECT (day::date + rule.night_from) AT TIME ZONE stream.time_zone AS since,
             (day::date + CASE WHEN rule.night_to <= rule.night_from THEN 1 ELSE 0 END + rule.night_to)
                 AT TIME ZONE stream.time_zone AS until
  ) night
  LEFT JOIN sensors_hourlyvalue hourly
    ON hourly.datastream_id = watch.datastream_id AND hourly.hour >= night.since
   AND hourly.hour + interval '1 hour' <= night.until
 WHERE rule.id = %(rule)s AND stream.deleted_at IS NULL
   AND night.until > seen.since AND night.since >= latest.first_time - interval '1 hour'
   AND night.until > night.since
   AND (seen.until >= night.until OR %(now)s >= night.until + interval '6 hours')
 GROUP BY watch.id, night.since, night.until, stream.interval_s
 ORDER BY watch.id, night.until
