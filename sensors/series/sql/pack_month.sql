-- Pack the raw values of a month, those already packed and late ones together, into rows of at most 256 values.
-- Inputs: since, until (the month's first instant and the next month's), table made by packing_table.sql.
-- Output: rows of new_packed.
-- Invariant: unpacking gives the same times, values and arrivals, bit for bit. A value goes as scaled integer only where
--   the division by a power of ten gives the very same number; minus zero has no integer.
INSERT INTO new_packed (datastream_id, first_time, last_time, count, step_us, time_offsets_us, value_scale, small_values,
                        scaled_values, float_values, received_at, received_lags_us, received_long_lags_us)
WITH raw AS (
    SELECT datastream_id, time, value, received_at FROM sensors_observation WHERE time >= %(since)s AND time < %(until)s
    UNION ALL
    SELECT item.datastream_id, item.time, item.value, item.received_at
      FROM (SELECT array_agg(DISTINCT datastream_id) AS streams FROM sensors_packedobservation
             WHERE first_time >= %(since)s AND first_time < %(until)s) packed
      CROSS JOIN LATERAL sensors_packed(packed.streams, %(since)s, %(until)s) item
), numbered AS (
    SELECT *, (row_number() OVER of_stream - 1) / 256 AS block, lag(time) OVER of_stream AS time_before,
           CASE WHEN value = 0 AND float8send(value) <> '\x0000000000000000' OR abs(value) >= 2e9 THEN NULL
                WHEN value = round(value) THEN 0
                WHEN value = round(value * 10) / 10 THEN 1
                WHEN value = round(value * 100) / 100 THEN 2
                WHEN value = round(value * 1000) / 1000 THEN 3
                WHEN value = round(value * 10000) / 10000 THEN 4
                WHEN value = round(value * 1e6) / 1e6 THEN 6 END AS digits
      FROM raw
    WINDOW of_stream AS (PARTITION BY datastream_id ORDER BY time)
), placed AS (
    SELECT *, row_number() OVER of_block AS place, min(time) OVER of_block_whole AS first_time,
           CASE WHEN count(digits) OVER of_block_whole = count(*) OVER of_block_whole
                THEN max(digits) OVER of_block_whole END AS scale,
           round(date_part('epoch', received_at - time) * 1e6)::bigint AS lag_us
      FROM numbered
    WINDOW of_block AS (PARTITION BY datastream_id, block ORDER BY time),
           of_block_whole AS (PARTITION BY datastream_id, block)
), gathered AS (
    SELECT datastream_id, block, min(time) AS first_time, max(time) AS last_time, count(*) AS count,
           min(time - time_before) FILTER (WHERE place > 1) AS least_step,
           max(time - time_before) FILTER (WHERE place > 1) AS greatest_step,
           array_agg(round(date_part('epoch', time - first_time) * 1e6)::bigint ORDER BY time) AS offsets_us,
           min(scale) AS scale, max(abs(round(value * 10::float8 ^ scale))) AS greatest,
           array_agg(round(value * 10::float8 ^ scale) ORDER BY time) AS scaled,
           array_agg(value ORDER BY time) AS values,
           min(received_at) AS first_received, max(received_at) AS last_received,
           array_agg(lag_us ORDER BY time) AS lags_us, min(lag_us) AS least_lag, max(lag_us) AS greatest_lag
      FROM placed GROUP BY datastream_id, block
)
SELECT datastream_id, first_time, last_time, count,
       CASE WHEN is_regular THEN coalesce(round(date_part('epoch', least_step) * 1e6)::bigint, 0) END,
       CASE WHEN NOT is_regular THEN offsets_us END,
       CASE WHEN greatest < 2147483647 THEN scale END,
       CASE WHEN greatest < 32767 THEN scaled::smallint[] END,
       CASE WHEN greatest >= 32767 AND greatest < 2147483647 THEN scaled::integer[] END,
       CASE WHEN greatest IS NULL OR greatest >= 2147483647 THEN values END,
       CASE WHEN first_received = last_received THEN first_received END,
       CASE WHEN first_received <> last_received AND lags_fit THEN lags_us::integer[] END,
       CASE WHEN first_received <> last_received AND NOT lags_fit THEN lags_us END
  FROM gathered
  CROSS JOIN LATERAL (
      SELECT count = 1 OR least_step = greatest_step AS is_regular,
             least_lag > -2147483648 AND greatest_lag < 2147483647 AS lags_fit
  ) shape
 ORDER BY datastream_id, first_time
