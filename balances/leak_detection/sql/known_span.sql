-- From when to when anything is known of some series.
-- Inputs: streams (ids), until (an instant, exclusive), least_coverage. Output: one row: first and last hour, hours since
--   1970; NULL when nothing is known.
SELECT (extract(epoch FROM min(hour)) / 3600)::bigint, (extract(epoch FROM max(hour)) / 3600)::bigint
  FROM sensors_hourlyvalue
 WHERE datastream_id = ANY (%(streams)s::bigint[]) AND hour < %(until)s AND coverage >= %(least_coverage)s
