-- Guards of quality flags, alarms and regulators that Django's constraints cannot say.
-- Invariants: a flag is only ever cleared; an alarm moves as its states allow and its journal only grows; no set-point
-- anywhere leaves the safe limits of its regulator, and a command's journal line is only ever answered.

-- What came in or changed has to be checked: the same hours as those whose roll-ups are dirty.
CREATE OR REPLACE FUNCTION sensors_note_unchecked() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    INSERT INTO sensors_uncheckedbucket (datastream_id, day, hours) SELECT datastream_id, day, hours FROM incoming;
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER dirty_bucket_is_noted AFTER INSERT ON sensors_dirtybucket
    REFERENCING NEW TABLE AS incoming FOR EACH STATEMENT EXECUTE FUNCTION sensors_note_unchecked();

-- Take hours that are to be checked out of their log: those of the datastreams that the `oldest` first rows are about, at
-- most `most` rows. `streams`: ids, or null for all. Found and deleted as in sensors_take_dirty.
CREATE OR REPLACE FUNCTION sensors_take_unchecked(streams bigint[], oldest integer, most integer)
RETURNS TABLE (datastream_id bigint, day date, hours integer)
LANGUAGE plpgsql SET enable_seqscan = off SET plan_cache_mode = force_custom_plan
SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    WITH first AS MATERIALIZED (
        SELECT datastream_id FROM sensors_uncheckedbucket
         WHERE streams IS NULL OR datastream_id = ANY (streams)
         ORDER BY id LIMIT oldest
    ), gone AS (
        DELETE FROM sensors_uncheckedbucket bucket
         WHERE bucket.ctid = ANY (ARRAY(
               SELECT own.place
                 FROM (SELECT DISTINCT datastream_id FROM first) stream
                 -- OFFSET 0: the rows of one datastream after the other, by their index.
                CROSS JOIN LATERAL (SELECT one.ctid AS place, one.datastream_id, one.day
                                      FROM sensors_uncheckedbucket one
                                     WHERE one.datastream_id = stream.datastream_id OFFSET 0) own
                ORDER BY own.datastream_id, own.day LIMIT most))
        RETURNING bucket.datastream_id, bucket.day, bucket.hours
    )
    SELECT datastream_id, day, bit_or(hours) FROM gone GROUP BY 1, 2 ORDER BY 1, 2;
END $$;

-- A flag is cleared once; all else about it stays.
CREATE OR REPLACE FUNCTION sensors_keep_quality_flag() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF OLD.cleared_at IS NULL AND NEW.cleared_at IS NOT NULL
           AND (to_jsonb(NEW) - 'cleared_at') = (to_jsonb(OLD) - 'cleared_at') THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION 'quality_flag_is_only_cleared: % refused', TG_OP USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE OR REPLACE TRIGGER quality_flag_is_only_cleared BEFORE UPDATE OR DELETE ON sensors_qualityflag
    FOR EACH ROW EXECUTE FUNCTION sensors_keep_quality_flag();
CREATE OR REPLACE TRIGGER quality_flag_is_not_truncated BEFORE TRUNCATE ON sensors_qualityflag
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- An alarm starts as raised, and moves raised > acknowledged > cleared > closed, or back to raised before it is closed.
CREATE OR REPLACE FUNCTION sensors_move_alarm() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'alarm_moves_as_allowed: alarms are kept' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF TG_OP = 'INSERT' THEN
        IF NEW.state <> 'raised' THEN
            RAISE EXCEPTION 'alarm_moves_as_allowed: an alarm starts as raised'
                USING ERRCODE = 'integrity_constraint_violation';
        END IF;
        RETURN NEW;
    END IF;
    IF (NEW.id, NEW.uid, NEW.rule_id, NEW.datastream_id, NEW.raised_at)
       IS DISTINCT FROM (OLD.id, OLD.uid, OLD.rule_id, OLD.datastream_id, OLD.raised_at)
       OR (OLD.state = 'closed' AND (to_jsonb(NEW) - 'division_id') <> (to_jsonb(OLD) - 'division_id'))
       OR (OLD.state <> NEW.state
           AND (OLD.state, NEW.state) NOT IN (('raised', 'acknowledged'), ('raised', 'cleared'),
                                              ('acknowledged', 'cleared'), ('cleared', 'raised'),
                                              ('cleared', 'closed'))) THEN
        RAISE EXCEPTION 'alarm_moves_as_allowed: % to % refused', OLD.state, NEW.state
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER alarm_moves_as_allowed BEFORE INSERT OR UPDATE OR DELETE ON sensors_alarm
    FOR EACH ROW EXECUTE FUNCTION sensors_move_alarm();
CREATE OR REPLACE TRIGGER alarm_is_not_truncated BEFORE TRUNCATE ON sensors_alarm
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE OR REPLACE TRIGGER alarm_journal_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON sensors_alarmevent
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Set-points of the schedule lie within the limits; the lock holds the limits while an entry is written.
CREATE OR REPLACE FUNCTION sensors_keep_schedule_safe() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    safe record;
BEGIN
    SELECT minimum_set_point, maximum_set_point INTO safe
      FROM sensors_regulator WHERE id = NEW.regulator_id FOR SHARE;
    IF NOT FOUND OR NEW.set_point < safe.minimum_set_point OR NEW.set_point > safe.maximum_set_point THEN
        RAISE EXCEPTION 'set_point_entry_within_limits: % is outside of % to %',
            NEW.set_point, safe.minimum_set_point, safe.maximum_set_point USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER set_point_entry_within_limits BEFORE INSERT OR UPDATE ON sensors_setpointentry
    FOR EACH ROW EXECUTE FUNCTION sensors_keep_schedule_safe();

CREATE OR REPLACE FUNCTION sensors_keep_limits_around_schedule() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM sensors_setpointentry entry
                WHERE entry.regulator_id = NEW.id
                  AND (entry.set_point < NEW.minimum_set_point OR entry.set_point > NEW.maximum_set_point)) THEN
        RAISE EXCEPTION 'regulator_limits_hold_schedule: its schedule leaves the limits'
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER regulator_limits_hold_schedule BEFORE UPDATE OF minimum_set_point, maximum_set_point ON sensors_regulator
    FOR EACH ROW EXECUTE FUNCTION sensors_keep_limits_around_schedule();

-- A command names the limits that its regulator has now and two people gave it, and no further step than it may take; afterwards it is answered.
CREATE OR REPLACE FUNCTION sensors_keep_command_safe() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    safe record;
BEGIN
    SELECT minimum_set_point, maximum_set_point, maximum_step, set_point, is_enabled, limits_confirmed INTO safe
      FROM sensors_regulator WHERE id = NEW.regulator_id FOR SHARE;
    -- A thousandth of a step lets decimal fractions be added up.
    IF NOT FOUND OR NEW.minimum_set_point <> safe.minimum_set_point OR NEW.maximum_set_point <> safe.maximum_set_point
       OR NEW.set_point < safe.minimum_set_point OR NEW.set_point > safe.maximum_set_point
       OR abs(NEW.set_point - safe.set_point) > safe.maximum_step * 1.001
          -- A device that holds something unsafe is brought back to the nearest limit at once.
          AND safe.set_point BETWEEN safe.minimum_set_point AND safe.maximum_set_point
       OR NOT safe.is_enabled OR NOT safe.limits_confirmed THEN
        RAISE EXCEPTION 'regulator_command_is_safe: % refused', NEW.set_point USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.state <> 'pending' THEN
        RAISE EXCEPTION 'regulator_command_is_safe: a command starts as pending' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER regulator_command_is_safe BEFORE INSERT ON sensors_regulatorcommand
    FOR EACH ROW EXECUTE FUNCTION sensors_keep_command_safe();

CREATE OR REPLACE FUNCTION sensors_answer_command() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF (to_jsonb(NEW) - ARRAY['state', 'sent_at', 'answered_at', 'answer', 'division_id'])
           = (to_jsonb(OLD) - ARRAY['state', 'sent_at', 'answered_at', 'answer', 'division_id'])
           AND (OLD.state = NEW.state
                OR (OLD.state, NEW.state) IN (('pending', 'sent'), ('pending', 'expired'), ('pending', 'acknowledged'),
                                              ('pending', 'refused'), ('sent', 'acknowledged'), ('sent', 'refused'),
                                              ('sent', 'expired'),
                                              -- An answer that came late is still the truth about the device.
                                              ('expired', 'acknowledged'), ('expired', 'refused'))) THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION 'regulator_command_is_only_answered: % refused', TG_OP
        USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE OR REPLACE TRIGGER regulator_command_is_only_answered BEFORE UPDATE OR DELETE ON sensors_regulatorcommand
    FOR EACH ROW EXECUTE FUNCTION sensors_answer_command();
CREATE OR REPLACE TRIGGER regulator_command_is_not_truncated BEFORE TRUNCATE ON sensors_regulatorcommand
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- What devices are told comes of a stored command: its topic, its uid, its set-point; of a device with a key within the
-- body that is signed. Afterwards it is only noted how the sending went.
CREATE OR REPLACE FUNCTION sensors_keep_outbox_true() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    asked record;
    told jsonb;
    sending CONSTANT text[] := ARRAY['sent_at', 'attempts', 'last_error'];
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF to_jsonb(NEW) - sending <> to_jsonb(OLD) - sending OR (OLD.sent_at IS NOT NULL AND NEW.sent_at IS DISTINCT FROM OLD.sent_at) THEN
            RAISE EXCEPTION 'mqtt_message_carries_its_command: a message is not rewritten'
                USING ERRCODE = 'integrity_constraint_violation';
        END IF;
        RETURN NEW;
    END IF;
    SELECT command.uid, command.set_point, command.state, regulator.command_topic, regulator.key_sealed <> '' AS has_key
      INTO asked
      FROM sensors_regulatorcommand command JOIN sensors_regulator regulator ON regulator.id = command.regulator_id
     WHERE command.id = NEW.command_id;
    IF FOUND AND asked.state = 'pending' AND NEW.topic = asked.command_topic AND NEW.sent_at IS NULL THEN
        told := NEW.payload::jsonb;
        IF asked.has_key THEN
            told := CASE WHEN told ? 'mac' THEN (told ->> 'body')::jsonb END;
        END IF;
    END IF;
    -- Without a command of that device nothing was read of the message, and nothing is what it says.
    IF (told ->> 'command') IS DISTINCT FROM asked.uid::text OR told IS NULL
       OR (told ->> 'set_point')::float8 IS DISTINCT FROM asked.set_point THEN
        RAISE EXCEPTION 'mqtt_message_carries_its_command: no pending command says this to %', NEW.topic
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER mqtt_message_carries_its_command BEFORE INSERT OR UPDATE ON sensors_mqttoutbox
    FOR EACH ROW EXECUTE FUNCTION sensors_keep_outbox_true();
CREATE OR REPLACE TRIGGER mqtt_message_is_kept BEFORE DELETE OR TRUNCATE ON sensors_mqttoutbox
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
