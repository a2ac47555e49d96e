-- Store what is new. Input: compared_observation. Output: the number of rows inserted (the statement's row count).
-- What another load stored in the meantime is left alone.
INSERT INTO sensors_observation (datastream_id, time, value)
SELECT datastream_id, time, value FROM compared_observation WHERE feed_value IS NULL
    ON CONFLICT (datastream_id, time) DO NOTHING
