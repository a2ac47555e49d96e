-- Tank levels at local midnights, interpolated between the nearest observations within 48 hours on either side.
-- Inputs: node_ids (bigint[]), since, until (instants of local midnights), time_zone.
-- Output: node_id, day (the local day that begins at that midnight), level_m.
WITH stream AS (
    SELECT stream.id, attachment.node_id
      FROM sensors_datastream stream
      JOIN sensors_thing thing ON thing.id = stream.thing_id
      JOIN assets_attachment attachment ON attachment.id = thing.attachment_id
     WHERE stream.observed_property = 'level' AND attachment.node_id = ANY (%(node_ids)s)
), midnight AS (
    SELECT local_day::date AS day, local_day AT TIME ZONE %(time_zone)s AS instant
      FROM generate_series(%(since)s::timestamptz AT TIME ZONE %(time_zone)s,
                           %(until)s::timestamptz AT TIME ZONE %(time_zone)s, interval '1 day') AS local_day
)
SELECT stream.node_id, midnight.day,
       CASE WHEN earlier.time = later.time THEN earlier.value
            ELSE earlier.value + (later.value - earlier.value)
                 * extract(epoch FROM midnight.instant - earlier.time) / extract(epoch FROM later.time - earlier.time)
       END
  FROM stream CROSS JOIN midnight
  CROSS JOIN LATERAL (
      SELECT time, value FROM sensors_observation
       WHERE datastream_id = stream.id AND time <= midnight.instant AND time > midnight.instant - interval '48 hours'
       ORDER BY time DESC LIMIT 1) earlier
  CROSS JOIN LATERAL (
      SELECT time, value FROM sensors_observation
       WHERE datastream_id = stream.id AND time >= midnight.instant AND time < midnight.instant + interval '48 hours'
       ORDER BY time LIMIT 1) later
 ORDER BY 1, 2;
