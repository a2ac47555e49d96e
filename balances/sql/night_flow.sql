-- The least hourly net inflow of each local night (00 to 06) of a zone, from the hourly roll-ups of its edge's meters.
-- Inputs: streams (datastream ids), signs (1 into the zone, -1 out of it, of each), since, until (local days, until
--   exclusive), time_zone. Output: night (its local day), flow_m3h, hours (how many hours of the six all meters gave).
-- Invariant: an hour counts only when every meter gave it; a night with fewer than five such hours has no flow.
WITH meter AS (
    SELECT given.stream_id, given.sign, stream.unit_factor
      FROM unnest(%(streams)s::bigint[], %(signs)s::integer[]) AS given (stream_id, sign)
      JOIN sensors_datastream stream ON stream.id = given.stream_id
), hourly AS (
    SELECT value.hour, sum(meter.sign * value.mean * meter.unit_factor) AS net_m3h
      FROM sensors_hourlyvalue value
      JOIN meter ON meter.stream_id = value.datastream_id
     WHERE value.hour >= %(since)s::timestamp AT TIME ZONE %(time_zone)s
       AND value.hour < %(until)s::timestamp AT TIME ZONE %(time_zone)s
       AND extract(hour FROM value.hour AT TIME ZONE %(time_zone)s) < 6
     GROUP BY 1
    HAVING count(*) = (SELECT count(*) FROM meter)
)
SELECT (hour AT TIME ZONE %(time_zone)s)::date AS night,
       CASE WHEN count(*) >= 5 THEN min(net_m3h) END AS flow_m3h, count(*) AS hours
  FROM hourly GROUP BY 1 ORDER BY 1;
