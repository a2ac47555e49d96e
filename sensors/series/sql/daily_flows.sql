-- Daily volumes of flow meters on local days, from final values, missing intervals filled.
--
-- Inputs: node_ids (bigint[]), since, until (instants of local midnights of first days of months), time_zone. A flow
--   stamped t is the mean over the interval that ends at t; a stamp a little off counts for the interval it falls in,
--   and several stamps in one interval for their mean.
-- Output: node_id, day, volume_m3, filled_m3, expected, received.
-- Invariants: one row per day of each local month in which the meter sent anything. A gap is filled with the meter's
--   mean at that hour of the day within the same month, or its mean of the month: so a month's figures do not depend on
--   which other months are computed with it. Sums are exact (numeric): in floating point they would depend on the order
--   in which rows happen to come.
WITH stream AS (
    SELECT stream.id, attachment.node_id, stream.interval_s, stream.unit_factor
      FROM sensors_datastream stream
      JOIN sensors_thing thing ON thing.id = stream.thing_id
      JOIN assets_attachment attachment ON attachment.id = thing.attachment_id
     WHERE stream.observed_property = 'flow' AND stream.deleted_at IS NULL AND attachment.node_id = ANY (%(node_ids)s)
), slot_value AS (
    -- Every slot is there once without a value, so that missing ones are seen; no join is needed for that.
    SELECT stream.id, slot, NULL::numeric AS value
      FROM stream
      CROSS JOIN LATERAL generate_series(
          1, ceil(extract(epoch FROM %(until)s::timestamptz - %(since)s::timestamptz) / stream.interval_s)::bigint
      ) AS slot
    UNION ALL
    SELECT stream.id,
           ceil(extract(epoch FROM final.time - %(since)s::timestamptz) / stream.interval_s)::bigint,
           CASE WHEN abs(final.value) < 1e-290 THEN 0 ELSE final.value * stream.unit_factor END::numeric
      FROM sensors_final((SELECT array_agg(id) FROM stream), %(since)s, %(until)s::timestamptz + interval '1 microsecond',
                         'infinity') final
      JOIN stream ON stream.id = final.datastream_id
     WHERE final.time > %(since)s
), slotted AS (
    SELECT stream.id, stream.node_id, stream.interval_s, slot_value.slot, avg(slot_value.value) AS value,
           (%(since)s::timestamptz + make_interval(secs => stream.interval_s::float8 * (slot_value.slot - 1)))
               AT TIME ZONE %(time_zone)s AS local_start
      FROM slot_value JOIN stream USING (id)
     GROUP BY stream.id, stream.node_id, stream.interval_s, slot_value.slot
), typical AS (
    SELECT *, date_trunc('month', local_start) AS month,
           avg(value) OVER (PARTITION BY id, date_trunc('month', local_start), extract(hour FROM local_start)) AS at_hour,
           avg(value) OVER (PARTITION BY id, date_trunc('month', local_start)) AS of_month
      FROM slotted
)
SELECT node_id, local_start::date AS day,
       sum(coalesce(value, at_hour, of_month) * interval_s / 3600.0)::float8,
       coalesce(sum(coalesce(at_hour, of_month) * interval_s / 3600.0) FILTER (WHERE value IS NULL), 0)::float8,
       count(*), count(value)
  FROM typical
 WHERE of_month IS NOT NULL
 GROUP BY 1, 2
 ORDER BY 1, 2;
