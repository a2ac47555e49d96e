-- What meters, tanks and loggers said by hour, from their hourly roll-ups.
-- Inputs: streams (ids), since, until (instants on the hour; until exclusive), least_coverage (0 to 1).
-- Output: datastream_id, hour (hours since 1970), mean, last, in the stream's unit; hours that were covered too little
--   are left out.
-- Invariant: nothing of an hour from `until` on is read.
SELECT datastream_id, (extract(epoch FROM hour) / 3600)::bigint, mean, last
  FROM sensors_hourlyvalue
 WHERE datastream_id = ANY (%(streams)s::bigint[])
   AND hour >= %(since)s AND hour < %(until)s AND coverage >= %(least_coverage)s
