-- How staged values stand to what the feeds brought before.
-- Inputs: incoming_observation; since, until: the span of its times; has_packed: whether a packed month lies in it.
-- Output: compared_observation (datastream_id, time, value, feed_value): what is not stored yet has no feed_value.
--   Rows stored with the same value are left out.
-- What the feed said last is its last re-sent value, or else the raw one; edits by people and estimates do not count.
CREATE TEMPORARY TABLE compared_observation ON COMMIT DROP AS
SELECT incoming.datastream_id, incoming.time, incoming.value, stored.value AS feed_value
  FROM incoming_observation incoming
  LEFT JOIN (
      SELECT datastream_id, time, value FROM sensors_observation WHERE time >= %(since)s AND time < %(until)s
      UNION ALL
      SELECT item.datastream_id, item.time, item.value
        FROM (SELECT array_agg(DISTINCT datastream_id) AS streams FROM incoming_observation WHERE %(has_packed)s) sent
        CROSS JOIN LATERAL sensors_packed(sent.streams, %(since)s, %(until)s) item
  ) raw ON raw.datastream_id = incoming.datastream_id AND raw.time = incoming.time
  LEFT JOIN (
      SELECT DISTINCT ON (correction.datastream_id, correction.time)
             correction.datastream_id, correction.time, correction.value
        FROM sensors_correction correction JOIN sensors_seriesedit edit ON edit.id = correction.edit_id
       WHERE correction.time >= %(since)s AND correction.time < %(until)s AND edit.code = 'resent'
       ORDER BY correction.datastream_id, correction.time, correction.edit_id DESC
  ) resent ON resent.datastream_id = incoming.datastream_id AND resent.time = incoming.time
  CROSS JOIN LATERAL (SELECT coalesce(resent.value, raw.value) AS value) stored
 WHERE stored.value IS NULL OR stored.value <> incoming.value
