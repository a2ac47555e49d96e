-- Values of one datastream in bins of equal length, from final values.
-- Inputs: stream, since, until, as_of; step_s; origin: an instant at which a bin begins.
-- Output: start of the bin, count, sum, min, max; empty bins are left out.
SELECT %(origin)s::timestamptz
           + floor(date_part('epoch', final.time - %(origin)s::timestamptz) / %(step_s)s) * %(step_s)s * interval '1 second',
       count(*), sum(final.value), min(final.value), max(final.value)
  FROM sensors_final(ARRAY[%(stream)s]::bigint[], %(since)s, %(until)s, %(as_of)s) final
 GROUP BY 1 ORDER BY 1
