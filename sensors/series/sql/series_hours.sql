-- The hours of datastreams as they are rolled up. Inputs: streams: ids; since, until: full hours.
-- Output: datastream, start of the hour in seconds since 1970-01-01 UTC, count, mean, min, max.
SELECT datastream_id, date_part('epoch', hour), count, mean, min, max
  FROM sensors_hourlyvalue
 WHERE datastream_id = ANY (%(streams)s) AND hour >= %(since)s AND hour < %(until)s
 ORDER BY datastream_id, hour
