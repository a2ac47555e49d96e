-- Values of one datastream in bins of equal length, from final values.
-- Inputs: stream; since, until: whole bins apart; as_of; step_s.
-- Output: start of the bin in seconds since 1970-01-01 UTC, count, mean, min, max; empty bins are left out.
SELECT date_part('epoch', %(since)s::timestamptz)
           + floor(date_part('epoch', final.time - %(since)s::timestamptz) / %(step_s)s) * %(step_s)s,
       count(*),
       -- PostgreSQL refuses means that are not 0 and too small for a number.
       avg(CASE WHEN abs(final.value) < 1e-290 THEN 0 ELSE final.value END), min(final.value), max(final.value)
  FROM sensors_final(ARRAY[%(stream)s]::bigint[], %(since)s, %(until)s, %(as_of)s) final
 GROUP BY 1 ORDER BY 1
