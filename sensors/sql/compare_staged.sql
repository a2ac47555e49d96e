-- How the staged rows stand to what is stored after the load.
-- Input: incoming_observation. Output: staged rows, rows stored with the same value, rows stored with another value,
--   first and last time. The rest (staged - same - other) was refused.
SELECT count(*), count(*) FILTER (WHERE stored.value = incoming.value),
       count(*) FILTER (WHERE stored.value <> incoming.value), min(incoming.time), max(incoming.time)
  FROM incoming_observation incoming
  LEFT JOIN sensors_observation stored
    ON stored.datastream_id = incoming.datastream_id AND stored.time = incoming.time
       -- a value that is no number equals nothing, and its row was refused even where a good one is stored
       AND incoming.value > '-Infinity'::float8 AND incoming.value < 'Infinity'::float8;
