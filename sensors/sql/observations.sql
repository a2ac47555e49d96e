-- Raw observations, partitioned by UTC month of `time`; partitions are made by sensors_make_partition.
-- Invariants: one raw value per datastream and instant, wherever it is stored; finite values only; raw values are never
-- rewritten; every change of a value marks the hours it touches as dirty and brings the latest value up to date.

CREATE TABLE sensors_observation (
    datastream_id bigint NOT NULL REFERENCES sensors_datastream (id),
    time timestamptz NOT NULL,
    value double precision NOT NULL,
    received_at timestamptz NOT NULL DEFAULT statement_timestamp(),
    PRIMARY KEY (datastream_id, time),
    CONSTRAINT observation_value_finite
        CHECK (value > '-Infinity'::float8 AND value < 'Infinity'::float8)
) PARTITION BY RANGE (time);

-- Raw is immutable: a correction is a versioned row beside it, never an update of it.
-- A row trigger is cloned to every partition, so it holds there too; TRUNCATE knows statement triggers only, so each
-- partition gets its own below. Retention drops whole partitions.
CREATE TRIGGER observation_is_immutable BEFORE UPDATE OR DELETE ON sensors_observation
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER observation_is_not_truncated BEFORE TRUNCATE ON sensors_observation
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Final values that stand over raw ones. The last word of a person wins over what a feed or an estimate says; what is
-- later is told by the order of edits and not by a clock, since clocks jump.
CREATE TABLE sensors_correction (
    datastream_id bigint NOT NULL REFERENCES sensors_datastream (id),
    time timestamptz NOT NULL,
    edit_id bigint NOT NULL REFERENCES sensors_seriesedit (id),
    value double precision,
    is_manual boolean NOT NULL,
    -- Whether there was no raw value when it was made: then a raw one that comes later stands over it.
    fills_gap boolean NOT NULL DEFAULT false,
    made_at timestamptz NOT NULL DEFAULT statement_timestamp(),
    PRIMARY KEY (datastream_id, time, edit_id),
    CONSTRAINT correction_value_finite
        CHECK (value > '-Infinity'::float8 AND value < 'Infinity'::float8)
) PARTITION BY RANGE (time);
CREATE TRIGGER correction_is_immutable BEFORE UPDATE OR DELETE ON sensors_correction
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER correction_is_not_truncated BEFORE TRUNCATE ON sensors_correction
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER series_edit_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON sensors_seriesedit
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Raw values of closed months, some hundreds of one datastream in a row of arrays (sql/packing.sql says how).
-- What all observations of a row share stands once: `step_us` instead of time_offsets_us, `received_at` instead of
-- received_lags_us. A value is scaled / 10 ^ value_scale where that is the same number bit for bit, else a float.
CREATE TABLE sensors_packedobservation (
    datastream_id bigint NOT NULL REFERENCES sensors_datastream (id),
    first_time timestamptz NOT NULL,
    last_time timestamptz NOT NULL,
    count integer NOT NULL,
    step_us bigint,
    time_offsets_us bigint[],
    value_scale smallint,
    small_values smallint[],
    scaled_values integer[],
    float_values double precision[],
    received_at timestamptz,
    received_lags_us integer[],
    received_long_lags_us bigint[],
    PRIMARY KEY (datastream_id, first_time),
    CONSTRAINT packed_observation_times
        CHECK (count > 0 AND last_time >= first_time AND num_nonnulls(step_us, time_offsets_us) = 1),
    CONSTRAINT packed_observation_values
        CHECK (num_nonnulls(small_values, scaled_values, float_values) = 1
               AND (value_scale IS NULL) = (float_values IS NOT NULL)),
    CONSTRAINT packed_observation_arrivals
        CHECK (num_nonnulls(received_at, received_lags_us, received_long_lags_us) = 1),
    CONSTRAINT packed_observation_whole
        CHECK (count = coalesce(cardinality(small_values), cardinality(scaled_values), cardinality(float_values))
               AND count = coalesce(cardinality(time_offsets_us), count)
               AND count = coalesce(cardinality(received_lags_us), cardinality(received_long_lags_us), count))
) PARTITION BY RANGE (first_time);
-- Packing anew puts a whole table in a month's place; nothing takes single rows away.
CREATE TRIGGER packed_observation_is_immutable BEFORE UPDATE OR DELETE ON sensors_packedobservation
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER packed_observation_is_not_truncated BEFORE TRUNCATE ON sensors_packedobservation
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- What belongs to a thing is shown to the thing's division, and a thing on the network to the network's.
ALTER TABLE assets_attachment ADD CONSTRAINT attachment_in_division UNIQUE (id, division_id);
ALTER TABLE sensors_thing ADD CONSTRAINT thing_in_division UNIQUE (id, division_id);
ALTER TABLE sensors_datastream ADD CONSTRAINT datastream_in_division UNIQUE (id, division_id);
ALTER TABLE sensors_multidatastream ADD CONSTRAINT multi_datastream_in_division UNIQUE (id, division_id);
ALTER TABLE sensors_thing ADD CONSTRAINT thing_attachment_division
    FOREIGN KEY (attachment_id, division_id) REFERENCES assets_attachment (id, division_id)
    ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE sensors_datastream ADD CONSTRAINT datastream_thing_division
    FOREIGN KEY (thing_id, division_id) REFERENCES sensors_thing (id, division_id)
    ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE sensors_multidatastream ADD CONSTRAINT multi_datastream_thing_division
    FOREIGN KEY (thing_id, division_id) REFERENCES sensors_thing (id, division_id)
    ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE sensors_richobservation ADD CONSTRAINT rich_observation_datastream_division
    FOREIGN KEY (datastream_id, division_id) REFERENCES sensors_datastream (id, division_id)
    ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE sensors_richobservation ADD CONSTRAINT rich_observation_multi_division
    FOREIGN KEY (multi_datastream_id, division_id) REFERENCES sensors_multidatastream (id, division_id)
    ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED;

-- One row a datastream, changed with each batch: room on the page keeps the updates there.
ALTER TABLE sensors_latestobservation SET (fillfactor = 70);
ALTER TABLE sensors_dirtybucket SET (autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05);
CREATE INDEX sensors_dirtybucket_of ON sensors_dirtybucket (datastream_id, day);

-- Take dirty hours out of the log, oldest first. `streams`: ids, or null for all; `most`: how many rows of the log.
-- The log is filled and emptied all day, so what statistics say of it is often of another hour: rows are found by an
-- index and deleted by their place, whatever they say.
CREATE FUNCTION sensors_take_dirty(streams bigint[], most integer)
RETURNS TABLE (datastream_id bigint, day date, hours integer)
LANGUAGE plpgsql SET enable_seqscan = off SET plan_cache_mode = force_custom_plan AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    WITH gone AS (
        DELETE FROM sensors_dirtybucket bucket
         WHERE bucket.ctid = ANY (ARRAY(SELECT oldest.ctid FROM sensors_dirtybucket oldest
                                         WHERE streams IS NULL OR oldest.datastream_id = ANY (streams)
                                         ORDER BY oldest.id LIMIT most))
        RETURNING bucket.datastream_id, bucket.day, bucket.hours
    )
    SELECT datastream_id, day, bit_or(hours) FROM gone GROUP BY 1, 2;
END $$;

-- After values came in: their hours are dirty, and the newest of them may be the latest.
-- Datastreams are taken in ascending order, so that two loads never wait for each other in a circle.
CREATE FUNCTION sensors_note_observations() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO sensors_dirtybucket (datastream_id, day, hours)
    SELECT datastream_id, utc::date, bit_or(1 << date_part('hour', utc)::integer)
      FROM (SELECT datastream_id, time AT TIME ZONE 'UTC' AS utc FROM incoming) stamped
     GROUP BY 1, 2;
    INSERT INTO sensors_latestobservation AS latest (datastream_id, first_time, time, value, received_at)
    SELECT incoming.datastream_id, span.first_time, incoming.time, incoming.value, incoming.received_at
      FROM (SELECT datastream_id, min(time) AS first_time, max(time) AS time FROM incoming GROUP BY 1) span
      JOIN incoming ON incoming.datastream_id = span.datastream_id AND incoming.time = span.time
     ORDER BY 1
        ON CONFLICT (datastream_id) DO UPDATE
       SET first_time = least(latest.first_time, excluded.first_time),
           time = greatest(latest.time, excluded.time),
           value = CASE WHEN excluded.time > latest.time THEN excluded.value ELSE latest.value END,
           received_at = CASE WHEN excluded.time > latest.time THEN excluded.received_at ELSE latest.received_at END
     WHERE excluded.time > latest.time OR excluded.first_time < latest.first_time;
    RETURN NULL;
END $$;
CREATE TRIGGER observation_is_noted AFTER INSERT ON sensors_observation
    REFERENCING NEW TABLE AS incoming FOR EACH STATEMENT EXECUTE FUNCTION sensors_note_observations();

CREATE FUNCTION sensors_note_corrections() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO sensors_dirtybucket (datastream_id, day, hours)
    SELECT datastream_id, utc::date, bit_or(1 << date_part('hour', utc)::integer)
      FROM (SELECT datastream_id, time AT TIME ZONE 'UTC' AS utc FROM incoming) stamped
     GROUP BY 1, 2;
    PERFORM sensors_refresh_latest(
        (SELECT array_agg(DISTINCT incoming.datastream_id)
           FROM incoming LEFT JOIN sensors_latestobservation latest USING (datastream_id)
          WHERE latest.datastream_id IS NULL OR incoming.time >= latest.time OR incoming.time <= latest.first_time));
    RETURN NULL;
END $$;
CREATE TRIGGER correction_is_noted AFTER INSERT ON sensors_correction
    REFERENCING NEW TABLE AS incoming FOR EACH STATEMENT EXECUTE FUNCTION sensors_note_corrections();

-- A month that is packed takes late values into its plain partition, but none that it holds already.
CREATE FUNCTION sensors_refuse_packed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM sensors_packed(ARRAY[NEW.datastream_id], NEW.time, NEW.time + interval '1 microsecond')) THEN
        RAISE EXCEPTION 'observation_once_in_packed_month: datastream % has a value at %', NEW.datastream_id, NEW.time
            USING ERRCODE = 'unique_violation';
    END IF;
    RETURN NEW;
END $$;

-- Make the partitions that hold `instant`, unless they are there. The lock serialises makers of the same month.
-- A table is made apart and attached, which lets others go on reading and writing: made as a partition it would keep
-- them all out until the load ends, and two that wait for each other are a deadlock.
CREATE FUNCTION sensors_make_partition(instant timestamptz) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    month_start timestamp := date_trunc('month', instant AT TIME ZONE 'UTC');
    month_name text := to_char(month_start, 'YYYY_MM');
    partition text := 'sensors_observation_' || month_name;
    first_instant timestamptz := month_start AT TIME ZONE 'UTC';
    next_instant timestamptz := (month_start + interval '1 month') AT TIME ZONE 'UTC';
    correction text := 'sensors_correction_' || month_name;
BEGIN
    IF to_regclass(partition) IS NOT NULL THEN
        RETURN partition;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtext('sensors_observation'), hashtext(month_name));
    IF to_regclass(correction) IS NULL THEN
        EXECUTE format('CREATE TABLE %I (LIKE sensors_correction INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', correction);
        EXECUTE format('ALTER TABLE sensors_correction ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
                       correction, first_instant, next_instant);
        EXECUTE format('CREATE TRIGGER correction_is_not_truncated BEFORE TRUNCATE ON %I '
                       'FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()', correction);
        EXECUTE format('CREATE TRIGGER correction_is_noted AFTER INSERT ON %I REFERENCING NEW TABLE AS incoming '
                       'FOR EACH STATEMENT EXECUTE FUNCTION sensors_note_corrections()', correction);
    END IF;
    IF to_regclass(partition) IS NULL THEN
        EXECUTE format('CREATE TABLE %I (LIKE sensors_observation INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', partition);
        EXECUTE format('ALTER TABLE sensors_observation ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
                       partition, first_instant, next_instant);
        EXECUTE format('CREATE TRIGGER observation_is_not_truncated BEFORE TRUNCATE ON %I '
                       'FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()', partition);
        -- What is copied straight into a partition does not pass the parent's statement triggers.
        EXECUTE format('CREATE TRIGGER observation_is_noted AFTER INSERT ON %I REFERENCING NEW TABLE AS incoming '
                       'FOR EACH STATEMENT EXECUTE FUNCTION sensors_note_observations()', partition);
        IF EXISTS (SELECT 1 FROM sensors_packedmonth WHERE month = month_start::date) THEN
            EXECUTE format('CREATE TRIGGER observation_once_in_packed_month BEFORE INSERT ON %I '
                           'FOR EACH ROW EXECUTE FUNCTION sensors_refuse_packed()', partition);
        END IF;
    END IF;
    RETURN partition;
END $$;
