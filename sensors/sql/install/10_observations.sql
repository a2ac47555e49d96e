-- Raw observations and corrections: raw values are never rewritten; every change of a value marks the hours it touches as
-- dirty and brings the latest value up to date.

-- Raw is immutable: a correction is a versioned row beside it, never an update of it.
-- A row trigger is cloned to every partition, so it holds there too; TRUNCATE knows statement triggers only, so each
-- partition gets its own below. Retention drops whole partitions.
CREATE OR REPLACE TRIGGER observation_is_immutable BEFORE UPDATE OR DELETE ON sensors_observation
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE OR REPLACE TRIGGER observation_is_not_truncated BEFORE TRUNCATE ON sensors_observation
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE OR REPLACE TRIGGER correction_is_immutable BEFORE UPDATE OR DELETE ON sensors_correction
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE OR REPLACE TRIGGER correction_is_not_truncated BEFORE TRUNCATE ON sensors_correction
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE OR REPLACE TRIGGER series_edit_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON sensors_seriesedit
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
-- Packing anew puts a whole table in a month's place (60_packing.sql); nothing takes single rows away.
CREATE OR REPLACE TRIGGER packed_observation_is_immutable BEFORE UPDATE OR DELETE ON sensors_packedobservation
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE OR REPLACE TRIGGER packed_observation_is_not_truncated BEFORE TRUNCATE ON sensors_packedobservation
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Take dirty hours out of the log, oldest first. `streams`: ids, or null for all; `most`: how many rows of the log.
-- The log is filled and emptied all day, so what statistics say of it is often of another hour: rows are found by an
-- index and deleted by their place, whatever they say.
CREATE OR REPLACE FUNCTION sensors_take_dirty(streams bigint[], most integer)
RETURNS TABLE (datastream_id bigint, day date, hours integer)
LANGUAGE plpgsql SET enable_seqscan = off SET plan_cache_mode = force_custom_plan
SET search_path = pg_catalog, public, pg_temp AS $$
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
CREATE OR REPLACE FUNCTION sensors_note_observations() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
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
CREATE OR REPLACE TRIGGER observation_is_noted AFTER INSERT ON sensors_observation
    REFERENCING NEW TABLE AS incoming FOR EACH STATEMENT EXECUTE FUNCTION sensors_note_observations();

CREATE OR REPLACE FUNCTION sensors_note_corrections() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
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
CREATE OR REPLACE TRIGGER correction_is_noted AFTER INSERT ON sensors_correction
    REFERENCING NEW TABLE AS incoming FOR EACH STATEMENT EXECUTE FUNCTION sensors_note_corrections();

-- A month that is packed takes late values into its plain partition, but none that it holds already.
CREATE OR REPLACE FUNCTION sensors_refuse_packed() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM sensors_packed(ARRAY[NEW.datastream_id], NEW.time, NEW.time + interval '1 microsecond')) THEN
        RAISE EXCEPTION 'observation_once_in_packed_month: datastream % has a value at %', NEW.datastream_id, NEW.time
            USING ERRCODE = 'unique_violation';
    END IF;
    RETURN NEW;
END $$;

-- The triggers and rights of one partition that it does not have from the whole: TRUNCATE knows statement triggers only,
-- and what is copied straight into a partition passes neither the parent's statement triggers nor its rights. May be
-- called again at any time; by its owner only.
CREATE OR REPLACE FUNCTION sensors_guard_partition(partition regclass) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    whole text := (SELECT inhparent::regclass::text FROM pg_inherits WHERE inhrelid = partition);
    guard text := CASE whole WHEN 'sensors_observation' THEN 'observation' WHEN 'sensors_correction' THEN 'correction'
                             WHEN 'sensors_packedobservation' THEN 'packed_observation' END;
    given record;
BEGIN
    EXECUTE format('CREATE OR REPLACE TRIGGER %I BEFORE TRUNCATE ON %s FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()',
                   guard || '_is_not_truncated', partition);
    IF guard IN ('observation', 'correction') THEN
        EXECUTE format('CREATE OR REPLACE TRIGGER %I AFTER INSERT ON %s REFERENCING NEW TABLE AS incoming '
                       'FOR EACH STATEMENT EXECUTE FUNCTION %I()',
                       guard || '_is_noted', partition, 'sensors_note_' || guard || 's');
    END IF;
    IF guard = 'observation' AND EXISTS (SELECT 1 FROM sensors_packedmonth
                                          WHERE month = to_date(right(partition::text, 7), 'YYYY_MM')) THEN
        EXECUTE format('CREATE OR REPLACE TRIGGER observation_once_in_packed_month BEFORE INSERT ON %s '
                       'FOR EACH ROW EXECUTE FUNCTION sensors_refuse_packed()', partition);
    END IF;
    FOR given IN SELECT acl.privilege_type, acl.grantee::regrole AS role
                   FROM pg_class class, aclexplode(class.relacl) acl
                  WHERE class.oid = whole::regclass AND acl.grantee NOT IN (0, class.relowner)
                    AND acl.privilege_type <> 'SELECT'
    LOOP
        EXECUTE format('GRANT %s ON %s TO %s', given.privilege_type, partition, given.role);
    END LOOP;
END $$;

-- Make the partitions that hold `instant`, unless they are there. The lock serialises makers of the same month.
-- A table is made apart and attached, which lets others go on reading and writing: made as a partition it would keep
-- them all out until the load ends, and two that wait for each other are a deadlock.
-- It runs as the owner of the tables, since the application owns none.
CREATE OR REPLACE FUNCTION sensors_make_partition(instant timestamptz) RETURNS text LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
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
    PERFORM pg_advisory_xact_lock(7350, hashtext(month_name));  -- AdvisoryLock.OBSERVATION_MONTH
    IF to_regclass(correction) IS NULL THEN
        EXECUTE format('CREATE TABLE public.%I (LIKE sensors_correction INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', correction);
        EXECUTE format('ALTER TABLE sensors_correction ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
                       correction, first_instant, next_instant);
        PERFORM sensors_guard_partition(correction::regclass);
    END IF;
    IF to_regclass(partition) IS NULL THEN
        EXECUTE format('CREATE TABLE public.%I (LIKE sensors_observation INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', partition);
        EXECUTE format('ALTER TABLE sensors_observation ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
                       partition, first_instant, next_instant);
        PERFORM sensors_guard_partition(partition::regclass);
    END IF;
    RETURN partition;
END $$;

-- The partitions that are there.
DO $$
DECLARE partition regclass;
BEGIN
    FOR partition IN
        SELECT inhrelid::regclass FROM pg_inherits
         WHERE inhparent IN ('sensors_observation'::regclass, 'sensors_correction'::regclass,
                             'sensors_packedobservation'::regclass)
    LOOP
        PERFORM sensors_guard_partition(partition);
    END LOOP;
END $$;
