-- Which clocks have left the lag of the days before. Inputs: since, until, day, days, tolerance_s (null: switched off),
--   fewest (days before). Output: found_flag, checked_zone of the day.
WITH compared AS (
    SELECT today.datastream_id, today.lag_s - before.lag_s AS drift_s
      FROM sensors_clocklag today
      CROSS JOIN LATERAL (
          SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY earlier.lag_s) AS lag_s, count(*) AS days
            FROM sensors_clocklag earlier
           WHERE earlier.datastream_id = today.datastream_id AND earlier.day < %(day)s
             AND earlier.day >= %(day)s::date - %(days)s::integer
      ) before
     WHERE today.day = %(day)s AND before.days >= %(fewest)s
), flagged AS (
    INSERT INTO found_flag (datastream_id, time, end_time, rule, severity, measure, threshold)
    SELECT datastream_id, %(since)s, %(until)s, 'clock_drift', 'suspect', drift_s, %(tolerance_s)s
      FROM compared WHERE abs(drift_s) > %(tolerance_s)s::float8
)
INSERT INTO checked_zone (datastream_id, rules, since, until)
SELECT datastream_id, ARRAY['clock_drift'], %(since)s, %(until)s FROM sensors_clocklag WHERE day = %(day)s
