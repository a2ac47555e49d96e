-- Move staged observations into the partitioned table.
-- Input: incoming_observation. Output: the number of rows inserted (the statement's row count).
-- Invariant: no stored value changes; of rows that repeat a key within one load the first one counts.
INSERT INTO sensors_observation (datastream_id, time, value)
SELECT incoming.datastream_id, incoming.time, incoming.value
  FROM incoming_observation incoming
  JOIN sensors_datastream stream ON stream.id = incoming.datastream_id
 WHERE incoming.value > '-Infinity'::float8 AND incoming.value < 'Infinity'::float8
    ON CONFLICT (datastream_id, time) DO NOTHING;
