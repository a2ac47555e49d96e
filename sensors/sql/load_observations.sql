-- Move staged observations into the partitioned table.
-- Input: incoming_observation. Output: inserted, unchanged, conflicting, refused, first time, last time.
-- Invariant: inserted + unchanged + conflicting + refused = staged rows; no stored value changes. Of rows that
-- repeat a key within one load the first staged one counts as new, and the others are compared with it.

WITH valid AS MATERIALIZED (
    SELECT incoming.datastream_id, incoming.time, incoming.value
      FROM incoming_observation incoming
     WHERE incoming.value > '-Infinity'::float8 AND incoming.value < 'Infinity'::float8
       AND EXISTS (SELECT 1 FROM sensors_datastream stream WHERE stream.id = incoming.datastream_id)
), stored_before AS MATERIALIZED (
    SELECT valid.datastream_id, valid.time, valid.value, stored.value AS stored_value
      FROM valid LEFT JOIN sensors_observation stored USING (datastream_id, time)
), inserted AS (
    INSERT INTO sensors_observation (datastream_id, time, value)
    SELECT datastream_id, time, value FROM stored_before WHERE stored_value IS NULL
        ON CONFLICT (datastream_id, time) DO NOTHING
    RETURNING datastream_id, time, value
), latest AS (
    INSERT INTO sensors_latestobservation (datastream_id, time, value)
    SELECT DISTINCT ON (datastream_id) datastream_id, time, value
      FROM inserted ORDER BY datastream_id, time DESC
        ON CONFLICT (datastream_id) DO UPDATE SET time = excluded.time, value = excluded.value
     WHERE excluded.time > sensors_latestobservation.time
), compared AS (
    SELECT count(*) FILTER (WHERE coalesce(before.stored_value, new.value) = before.value) AS same,
           count(*) AS total
      FROM stored_before before LEFT JOIN inserted new USING (datastream_id, time)
), summary AS (
    SELECT (SELECT count(*) FROM inserted) AS inserted, compared.same, compared.total,
           (SELECT count(*) FROM incoming_observation) AS staged,
           (SELECT min(time) FROM inserted) AS first_time, (SELECT max(time) FROM inserted) AS last_time
      FROM compared
)
SELECT inserted, same - inserted, total - same, staged - total, first_time, last_time FROM summary;
