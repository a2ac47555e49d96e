-- Reading values, wherever and in whatever form they are stored. All functions take datastream ids and [since, until).

-- The values of packed rows that meet the span, unpacked.
CREATE OR REPLACE FUNCTION sensors_packed(streams bigint[], since timestamptz, until timestamptz)
    RETURNS TABLE (datastream_id bigint, "time" timestamptz, value double precision, received_at timestamptz)
    LANGUAGE sql STABLE ROWS 10000
BEGIN ATOMIC
    SELECT unpacked.datastream_id, unpacked.time, unpacked.value, unpacked.received_at
      FROM (SELECT block.datastream_id,
                   stamp.time,
                   coalesce(float_value, coalesce(small_value, scaled_value)::float8 / (10::float8 ^ block.value_scale)) AS value,
                   coalesce(block.received_at,
                            stamp.time + coalesce(lag_us, long_lag_us) * interval '1 microsecond') AS received_at
              FROM sensors_packedobservation block
              CROSS JOIN LATERAL ROWS FROM (
                  generate_series(0, block.count - 1), unnest(block.time_offsets_us), unnest(block.small_values),
                  unnest(block.scaled_values), unnest(block.float_values), unnest(block.received_lags_us),
                  unnest(block.received_long_lags_us)
              ) AS item (place, offset_us, small_value, scaled_value, float_value, lag_us, long_lag_us)
              CROSS JOIN LATERAL (
                  SELECT block.first_time + coalesce(offset_us, place * block.step_us) * interval '1 microsecond' AS time
              ) stamp
             WHERE block.datastream_id = ANY (streams)
               AND block.first_time < until AND block.last_time >= since
               -- No row spans more than its month; so old partitions need not be looked at.
               AND block.first_time >= CASE WHEN isfinite(since) THEN since - interval '32 days' ELSE since END) unpacked
     WHERE unpacked.time >= since AND unpacked.time < until;
END;

-- Raw values as they were known at `as_of`.
CREATE OR REPLACE FUNCTION sensors_raw(streams bigint[], since timestamptz, until timestamptz, as_of timestamptz)
    RETURNS TABLE (datastream_id bigint, "time" timestamptz, value double precision, received_at timestamptz)
    LANGUAGE sql STABLE ROWS 10000
BEGIN ATOMIC
    SELECT observation.datastream_id, observation.time, observation.value, observation.received_at
      FROM sensors_observation observation
     WHERE observation.datastream_id = ANY (streams) AND observation.time >= since AND observation.time < until
       AND observation.received_at <= as_of
    UNION ALL
    SELECT packed.datastream_id, packed.time, packed.value, packed.received_at
      FROM sensors_packed(streams, since, until) packed
     WHERE packed.received_at <= as_of;
END;

-- Final values as they were known at `as_of`: raw with the corrections on top. `code` says why a value is not raw.
-- The last word of a person stands; then the last correction, but for one that filled a gap where a raw value came later.
CREATE OR REPLACE FUNCTION sensors_final(streams bigint[], since timestamptz, until timestamptz, as_of timestamptz)
    RETURNS TABLE (datastream_id bigint, "time" timestamptz, value double precision, received_at timestamptz, edit_id bigint)
    LANGUAGE sql STABLE ROWS 10000
BEGIN ATOMIC
    SELECT coalesce(raw.datastream_id, correction.datastream_id), coalesce(raw.time, correction.time),
           CASE WHEN correction_stands.it THEN correction.value ELSE raw.value END,
           CASE WHEN correction_stands.it THEN correction.made_at ELSE raw.received_at END,
           CASE WHEN correction_stands.it THEN correction.edit_id END
      FROM sensors_raw(streams, since, until, as_of) raw
      FULL JOIN (SELECT DISTINCT ON (one.datastream_id, one.time) one.*
                   FROM sensors_correction one
                  WHERE one.datastream_id = ANY (streams) AND one.time >= since AND one.time < until
                    AND one.made_at <= as_of
                  ORDER BY one.datastream_id, one.time, one.is_manual DESC, one.edit_id DESC) correction
        ON correction.datastream_id = raw.datastream_id AND correction.time = raw.time
      CROSS JOIN LATERAL (
          SELECT correction.edit_id IS NOT NULL
                 AND (raw.time IS NULL OR correction.is_manual OR NOT correction.fills_gap) AS it
      ) correction_stands
     WHERE NOT (correction_stands.it AND correction.value IS NULL);
END;

-- Every raw value, for queries that name no span. Slower on packed months than the functions with a span.
CREATE OR REPLACE VIEW sensors_rawobservation WITH (security_invoker = true) AS
    SELECT datastream_id, time, value, received_at FROM sensors_observation
    UNION ALL
    SELECT block.datastream_id, item.time, item.value, item.received_at
      FROM (SELECT datastream_id, first_time, last_time FROM sensors_packedobservation) block
      CROSS JOIN LATERAL sensors_packed(ARRAY[block.datastream_id], block.first_time,
                                        block.last_time + interval '1 microsecond') item;

-- Set the latest values of datastreams anew after corrections or deletions.
CREATE OR REPLACE FUNCTION sensors_refresh_latest(streams bigint[]) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    stream bigint;
    newest record;
    oldest timestamptz;
    span interval;
    top timestamptz;
BEGIN
    FOR stream IN SELECT unnest(streams) ORDER BY 1 LOOP
        -- Nothing is later than this; corrections may reach beyond the newest raw value.
        SELECT greatest(
            (SELECT max(time) FROM sensors_observation WHERE datastream_id = stream),
            (SELECT max(last_time) FROM sensors_packedobservation WHERE datastream_id = stream),
            (SELECT max(time) FROM sensors_correction WHERE datastream_id = stream)) + interval '1 microsecond' INTO top;
        newest := NULL;
        FOREACH span IN ARRAY ARRAY[interval '2 days', '60 days', '300 years'] LOOP
            SELECT final.time, final.value, final.received_at INTO newest
              FROM sensors_final(ARRAY[stream], top - span, top, 'infinity') final ORDER BY final.time DESC LIMIT 1;
            EXIT WHEN newest.time IS NOT NULL;
        END LOOP;
        IF newest.time IS NULL THEN
            DELETE FROM sensors_latestobservation WHERE datastream_id = stream;
        ELSE
            oldest := least(
                (SELECT min(time) FROM sensors_observation WHERE datastream_id = stream),
                (SELECT min(first_time) FROM sensors_packedobservation WHERE datastream_id = stream),
                (SELECT min(time) FROM sensors_correction WHERE datastream_id = stream AND value IS NOT NULL));
            INSERT INTO sensors_latestobservation (datastream_id, first_time, time, value, received_at)
            VALUES (stream, least(oldest, newest.time), newest.time, newest.value, newest.received_at)
                ON CONFLICT (datastream_id) DO UPDATE
               SET first_time = excluded.first_time, time = excluded.time, value = excluded.value,
                   received_at = excluded.received_at;
        END IF;
    END LOOP;
END $$;
