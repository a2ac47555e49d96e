-- Packing a month and letting one go, which change tables and so are the owner's to do, for an application that is not.
-- Invariants: unpacking gives the same times, values and arrivals, bit for bit; only months that have ended are packed or
-- dropped; none is dropped without an audit row of it in the same transaction.

-- A value goes as scaled integer only where the division by a power of ten gives the very same number; minus zero has no
-- integer. A month in memory is sorted without writing it to disk twice. Whoever uses the tables for longer than
-- lock_timeout stops the packing (55P03).
CREATE OR REPLACE FUNCTION sensors_pack_month(month date)
    RETURNS TABLE (observations bigint, bytes_before bigint, bytes_after bigint)
LANGUAGE plpgsql SECURITY DEFINER SET work_mem = '128MB' SET lock_timeout = '10s'
SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
DECLARE
    first_day date := date_trunc('month', sensors_pack_month.month::timestamp)::date;
    since timestamptz := first_day::timestamp AT TIME ZONE 'UTC';
    until timestamptz := (first_day::timestamp + interval '1 month') AT TIME ZONE 'UTC';
    month_name text := to_char(first_day, 'YYYY_MM');
    plain text := 'sensors_observation_' || month_name;
    packed text := 'sensors_packedobservation_' || month_name;
    new_packed text := 'sensors_newlypacked_' || month_name;
    former_bytes bigint;
    stored bigint;
    there bigint;
BEGIN
    IF until > now() THEN
        RAISE EXCEPTION 'packed_month_has_ended: % has not', to_char(first_day, 'YYYY-MM')
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    PERFORM pg_advisory_xact_lock(7350, hashtext(month_name));  -- AdvisoryLock.OBSERVATION_MONTH
    former_bytes := coalesce(pg_total_relation_size(to_regclass(plain)), 0)
                    + coalesce(pg_total_relation_size(to_regclass(packed)), 0);
    EXECUTE format('CREATE TABLE public.%I (LIKE sensors_packedobservation INCLUDING DEFAULTS INCLUDING CONSTRAINTS)',
                   new_packed);
    EXECUTE format($statement$
    INSERT INTO %I (datastream_id, first_time, last_time, count, step_us, time_offsets_us, value_scale, small_values,
                    scaled_values, float_values, received_at, received_lags_us, received_long_lags_us)
    WITH raw AS (
        SELECT datastream_id, time, value, received_at FROM sensors_observation WHERE time >= $1 AND time < $2
        UNION ALL
        SELECT item.datastream_id, item.time, item.value, item.received_at
          FROM (SELECT array_agg(DISTINCT datastream_id) AS streams FROM sensors_packedobservation
                 WHERE first_time >= $1 AND first_time < $2) packed
          CROSS JOIN LATERAL sensors_packed(packed.streams, $1, $2) item
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
    $statement$, new_packed) USING since, until;
    EXECUTE format('ALTER TABLE %I ADD PRIMARY KEY (datastream_id, first_time)', new_packed);
    -- Late writers are made to wait, or we give up.
    LOCK TABLE sensors_observation, sensors_packedobservation IN ACCESS EXCLUSIVE MODE;
    -- What came in while we packed is in the partition, but not in the new rows.
    EXECUTE format('SELECT coalesce(sum(count), 0) FROM %I', new_packed) INTO stored;
    EXECUTE format('SELECT (SELECT count(*) FROM %I) + (SELECT coalesce(sum(count), 0) FROM sensors_packedobservation '
                   'WHERE first_time >= $1 AND first_time < $2)', plain) INTO there USING since, until;
    IF stored <> there THEN
        RAISE EXCEPTION 'values of % came in meanwhile', to_char(first_day, 'YYYY-MM') USING ERRCODE = 'lock_not_available';
    END IF;
    EXECUTE format('DROP TABLE %I', plain);
    EXECUTE format('DROP TABLE IF EXISTS %I', packed);
    EXECUTE format('ALTER TABLE %I RENAME TO %I', new_packed, packed);
    EXECUTE format('ALTER INDEX %I RENAME TO %I', new_packed || '_pkey', packed || '_pkey');
    EXECUTE format('ALTER TABLE sensors_packedobservation ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
                   packed, since, until);
    PERFORM sensors_guard_partition(packed::regclass);
    EXECUTE format('ANALYZE %I', packed);
    INSERT INTO sensors_packedmonth AS known (month, observations, packed_at) VALUES (first_day, stored, now())
        ON CONFLICT (month) DO UPDATE SET observations = excluded.observations, packed_at = excluded.packed_at;
    RETURN QUERY SELECT stored, former_bytes, pg_total_relation_size(to_regclass(packed));
END $$;

-- Let go of a month's raw values and corrections; roll-ups stay. Returns the tables that went, none where there were none.
-- `acting_user`: whom the audit row names; null for the operator of the server.
CREATE OR REPLACE FUNCTION sensors_drop_month(month date, acting_user bigint) RETURNS text[]
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
DECLARE
    first_day date := date_trunc('month', sensors_drop_month.month::timestamp)::date;
    next_day date := (first_day::timestamp + interval '1 month')::date;
    month_name text := to_char(first_day, 'YYYY_MM');
    tables text[];
    gone text;
BEGIN
    IF next_day::timestamp AT TIME ZONE 'UTC' > now() THEN
        RAISE EXCEPTION 'dropped_month_has_ended: % has not', to_char(first_day, 'YYYY-MM')
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    PERFORM pg_advisory_xact_lock(7350, hashtext(month_name));  -- AdvisoryLock.OBSERVATION_MONTH
    SELECT coalesce(array_agg(name ORDER BY name), '{}') INTO tables
      FROM (SELECT format('sensors_%s_%s', kind, month_name) AS name
              FROM unnest(ARRAY['observation', 'packedobservation', 'correction']) kind) partitions
     WHERE to_regclass(name) IS NOT NULL;
    IF tables = '{}' THEN
        RETURN tables;
    END IF;
    -- Hours that are still dirty would be computed from nothing.
    DELETE FROM sensors_dirtybucket WHERE day >= first_day AND day < next_day;
    FOREACH gone IN ARRAY tables LOOP
        EXECUTE format('DROP TABLE %I', gone);
    END LOOP;
    DELETE FROM sensors_packedmonth known WHERE known.month = first_day;
    INSERT INTO gis_core_auditevent (user_id, action, object_type, object_id, new_values)
    VALUES (sensors_drop_month.acting_user, 'drop month', 'sensors.Datastream', to_char(first_day, 'YYYY-MM'),
            jsonb_build_object('tables', tables));
    RETURN tables;
END $$;

-- Packed rows come of raw ones.
CREATE OR REPLACE TRIGGER packed_observation_is_made_by_packing BEFORE INSERT ON sensors_packedobservation
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_direct_write();
CREATE OR REPLACE TRIGGER packed_month_is_noted_by_packing BEFORE INSERT OR UPDATE OR DELETE ON sensors_packedmonth
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_direct_write();
