-- Tank levels at local midnights, interpolated between the nearest observations within 48 hours on either side.
-- Inputs: node_ids (bigint[]), since, until (instants of local midnights), time_zone.
-- Output: node_id, day (the local day that begins at that midnight), level_m.
WITH stream AS (
    SELECT stream.id, attachment.node_id, stream.unit_factor
      FROM sensors_datastream stream
      JOIN sensors_thing thing ON thing.id = stream.thing_id
      JOIN assets_attachment attachment ON attachment.id = thing.attachment_id
     WHERE stream.observed_property = 'level' AND stream.deleted_at IS NULL AND attachment.node_id = ANY (%(node_ids)s)
), midnight AS (
    SELECT local_day::date AS day, local_day AT TIME ZONE %(time_zone)s AS instant
      FROM generate_series(%(since)s::timestamptz AT TIME ZONE %(time_zone)s,
                           %(until)s::timestamptz AT TIME ZONE %(time_zone)s, interval '1 day') AS local_day
), near AS (
    SELECT stream.id, stream.node_id, midnight.day, midnight.instant, final.time,
           CASE WHEN abs(final.value) < 1e-290 THEN 0 ELSE final.value * stream.unit_factor END AS value
      FROM stream CROSS JOIN midnight
      CROSS JOIN LATERAL sensors_final(ARRAY[stream.id], midnight.instant - interval '48 hours' + interval '1 microsecond',
                                       midnight.instant + interval '48 hours', 'infinity') final
), earlier AS (
    SELECT DISTINCT ON (id, day) * FROM near WHERE time <= instant ORDER BY id, day, time DESC
), later AS (
    SELECT DISTINCT ON (id, day) * FROM near WHERE time >= instant ORDER BY id, day, time
)
SELECT earlier.node_id, earlier.day,
       CASE WHEN earlier.time = later.time THEN earlier.value
            ELSE earlier.value + (later.value - earlier.value)
                 * extract(epoch FROM earlier.instant - earlier.time) / extract(epoch FROM later.time - earlier.time)
       END
  FROM earlier JOIN later USING (id, day)
 ORDER BY 1, 2;
