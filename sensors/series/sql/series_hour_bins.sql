-- Values of datastreams in bins of several hours, from the hourly roll-up.
-- Inputs: streams: ids; since, until: full hours, whole bins apart; step_s: a multiple of 3,600.
-- Output: datastream, start of the bin in seconds since 1970-01-01 UTC, count, mean, min, max; empty bins are left out.
SELECT datastream_id,
       date_part('epoch', %(since)s::timestamptz)
           + floor(date_part('epoch', hour - %(since)s::timestamptz) / %(step_s)s) * %(step_s)s,
       sum(count), sum(sum) / sum(count), min(min), max(max)
  FROM sensors_hourlyvalue
 WHERE datastream_id = ANY (%(streams)s) AND hour >= %(since)s AND hour < %(until)s
 GROUP BY 1, 2 ORDER BY 1, 2
