-- Daily volumes of flow meters on local days, missing intervals filled.
-- Inputs: node_ids (bigint[]), since, until (instants of local midnights), time_zone. A flow stamped t is the mean
-- over the interval that ends at t, so a day's values are those stamped within (its midnight, the next midnight].
-- Output: node_id, day, volume_m3, filled_m3, expected, received. Invariant: one row per meter with data and day.
WITH stream AS (
    SELECT stream.id, attachment.node_id, stream.interval_s
      FROM sensors_datastream stream
      JOIN sensors_thing thing ON thing.id = stream.thing_id
      JOIN assets_attachment attachment ON attachment.id = thing.attachment_id
     WHERE stream.observed_property = 'flow' AND attachment.node_id = ANY (%(node_ids)s)
), observed AS (
    SELECT stream.id, observation.time, observation.value
      FROM stream JOIN sensors_observation observation ON observation.datastream_id = stream.id
     WHERE observation.time > %(since)s AND observation.time <= %(until)s
), expected AS (
    SELECT stream.id, stream.node_id, stream.interval_s, tick AS time,
           (tick - make_interval(secs => stream.interval_s)) AT TIME ZONE %(time_zone)s AS local_start
      FROM stream
      CROSS JOIN LATERAL generate_series(%(since)s::timestamptz + make_interval(secs => stream.interval_s),
                                         %(until)s::timestamptz, make_interval(secs => stream.interval_s)) AS tick
     WHERE EXISTS (SELECT 1 FROM observed WHERE observed.id = stream.id)
), typical AS (
    SELECT id, extract(hour FROM (time - interval '1 second') AT TIME ZONE %(time_zone)s) AS hour,
           avg(value) AS mean_value
      FROM observed GROUP BY 1, 2
), overall AS (
    SELECT id, avg(value) AS mean_value FROM observed GROUP BY 1
)
SELECT expected.node_id,
       expected.local_start::date AS day,
       sum(coalesce(observed.value, typical.mean_value, overall.mean_value) * expected.interval_s / 3600.0),
       coalesce(sum(coalesce(typical.mean_value, overall.mean_value) * expected.interval_s / 3600.0)
                FILTER (WHERE observed.value IS NULL), 0),
       count(*),
       count(observed.value)
  FROM expected
  JOIN overall ON overall.id = expected.id
  LEFT JOIN observed ON observed.id = expected.id AND observed.time = expected.time
  LEFT JOIN typical ON typical.id = expected.id AND typical.hour = extract(hour FROM expected.local_start)
 GROUP BY 1, 2
 ORDER BY 1, 2;
