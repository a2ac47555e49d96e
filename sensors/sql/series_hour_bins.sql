-- Values of one datastream in bins of whole hours, from the hourly roll-up.
-- Inputs: stream, since, until; step_s: a multiple of 3,600; origin: a full hour at which a bin begins.
-- Output: start of the bin, count, sum, min, max; empty bins are left out.
SELECT %(origin)s::timestamptz
           + floor(date_part('epoch', hour - %(origin)s::timestamptz) / %(step_s)s) * %(step_s)s * interval '1 second',
       sum(count), sum(sum), min(min), max(max)
  FROM sensors_hourlyvalue
 WHERE datastream_id = %(stream)s AND hour >= %(since)s AND hour < %(until)s
 GROUP BY 1 ORDER BY 1
