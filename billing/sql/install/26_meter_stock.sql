-- Guards of meters' movements: what follows on what, for what hangs somewhere and what does not.

-- The events of a meter in their order: on one day it is taken down first, then goes through hands, and is hung last.
-- Installations of several registers are told once each; verifications are no places, and what was taken back never was.
CREATE OR REPLACE FUNCTION meter_events(asked_id bigint) RETURNS TABLE (happened_on date, step integer, event_id bigint, what text)
LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT happened_on, 2, id, kind FROM billing_metermovement WHERE meter_id = asked_id AND kind <> 'verified' AND taken_back_at IS NULL
    UNION ALL SELECT lower(validity), 3, id, 'installed' FROM billing_meterinstallation WHERE meter_id = asked_id
    UNION ALL SELECT upper(validity), 1, id, 'removed' FROM billing_meterinstallation WHERE meter_id = asked_id AND NOT upper_inf(validity);
$$;

-- What is wrong with a meter's events, as "what|day|what was before", or NULL: it is received first, if at all; from the store it is issued, from a crew or
-- from where it hung it comes back; whatever does not hang may be hung and written off, and what is written off stays so.
-- Nothing of it happens while it hangs, but verifications.
CREATE OR REPLACE FUNCTION wrong_in_meter(asked_id bigint) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT said FROM (
        SELECT concat_ws('|', event.what, event.happened_on, coalesce(event.before, 'received')) AS said
          FROM (SELECT found.*, lag(what) OVER (ORDER BY happened_on, step, event_id) AS before FROM meter_events(asked_id) found) event
         WHERE NOT CASE what
                   WHEN 'received' THEN before IS NULL
                   WHEN 'issued' THEN coalesce(before, 'received') IN ('received', 'returned')
                   WHEN 'returned' THEN coalesce(before, 'received') IN ('issued', 'removed')
                   WHEN 'written_off' THEN coalesce(before, 'received') IN ('received', 'returned', 'issued', 'removed')
                   ELSE coalesce(before, 'received') <> 'written_off' END
        UNION ALL
        SELECT concat_ws('|', movement.kind, movement.happened_on, 'installed')
          FROM billing_metermovement movement
          JOIN billing_meterinstallation installation USING (meter_id)
         WHERE movement.meter_id = asked_id AND movement.kind <> 'verified' AND movement.taken_back_at IS NULL
           AND movement.happened_on > lower(validity)
           AND (upper_inf(validity) OR movement.happened_on < upper(validity))
        UNION ALL
        SELECT concat_ws('|', 'verified', verified.happened_on, 'written_off')
          FROM billing_metermovement verified
          JOIN billing_metermovement gone USING (meter_id)
         WHERE verified.meter_id = asked_id AND verified.kind = 'verified' AND gone.kind = 'written_off'
           AND verified.happened_on > gone.happened_on AND verified.taken_back_at IS NULL AND gone.taken_back_at IS NULL) wrong
     LIMIT 1;
$$;

-- Asked once for all meters that a statement moves, hangs or says otherwise of; the meters are locked, so that two at once do
-- not both pass, also where neither sees the other's yet.
-- A meter without movements is as free as before there were any: it is in the store where it does not hang.
CREATE OR REPLACE FUNCTION check_meter_moves() RETURNS trigger LANGUAGE plpgsql
SET enable_seqscan = off SET jit = off SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    touched bigint[] := ARRAY(SELECT DISTINCT meter_id FROM added);
    wrong record;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        touched := touched || ARRAY(SELECT DISTINCT meter_id FROM former);
    END IF;
    PERFORM FROM billing_meter meter WHERE meter.id = ANY (touched) ORDER BY meter.id FOR NO KEY UPDATE;
    SELECT meter.serial, wrong_in_meter(meter.id) AS what INTO wrong
      FROM billing_meter meter
     WHERE meter.id = ANY (touched) AND EXISTS (SELECT FROM billing_metermovement WHERE meter_id = meter.id)
       AND wrong_in_meter(meter.id) IS NOT NULL LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION '%: |%|%', TG_NAME, wrong.serial, wrong.what
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER meter_moves_as_allowed AFTER INSERT ON billing_metermovement
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION check_meter_moves();
CREATE OR REPLACE TRIGGER meter_moves_back_as_allowed AFTER UPDATE ON billing_metermovement
    REFERENCING OLD TABLE AS former NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION check_meter_moves();
CREATE OR REPLACE TRIGGER meter_is_hung_as_allowed AFTER INSERT ON billing_meterinstallation
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION check_meter_moves();
CREATE OR REPLACE TRIGGER meter_hangs_as_allowed AFTER UPDATE ON billing_meterinstallation
    REFERENCING OLD TABLE AS former NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION check_meter_moves();
CREATE OR REPLACE TRIGGER meter_hung_as_its_moves_say AFTER DELETE ON billing_meterinstallation
    REFERENCING OLD TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION check_meter_moves();

-- A movement is told of days that have come, shown to the division of its meter, and stands when it is entered.
CREATE OR REPLACE FUNCTION check_meter_movement() RETURNS trigger LANGUAGE plpgsql
SET enable_seqscan = off SET jit = off SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NEW.happened_on > (now() AT TIME ZONE 'Asia/Tashkent')::date OR NEW.taken_back_at IS NOT NULL
       OR NOT EXISTS (SELECT FROM billing_meter WHERE id = NEW.meter_id AND division_id = NEW.division_id) THEN
        RAISE EXCEPTION 'meter_movement_is_of_its_meter: % lies ahead, was taken back before, or the division is not its meter''s', NEW.happened_on
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER meter_movement_is_of_its_meter BEFORE INSERT ON billing_metermovement
    FOR EACH ROW EXECUTE FUNCTION check_meter_movement();
CREATE OR REPLACE TRIGGER metermovement_is_append_only BEFORE DELETE OR TRUNCATE ON billing_metermovement
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- What was entered by mistake is taken back once, for good; nothing else of a movement changes.
CREATE OR REPLACE FUNCTION check_movement_taken_back() RETURNS trigger LANGUAGE plpgsql
SET enable_seqscan = off SET jit = off SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE as_taken_back billing_metermovement := OLD;
BEGIN
    as_taken_back.taken_back_at := NEW.taken_back_at;
    as_taken_back.taken_back_by_id := NEW.taken_back_by_id;
    IF OLD.taken_back_at IS NOT NULL OR NEW.taken_back_at IS NULL OR NEW IS DISTINCT FROM as_taken_back THEN
        RAISE EXCEPTION 'metermovement_taken_back_once: a movement stays as it was entered, but that it is taken back once'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER metermovement_taken_back_once BEFORE UPDATE ON billing_metermovement
    FOR EACH ROW EXECUTE FUNCTION check_movement_taken_back();

-- Movements are shown where their meter is: it stays in its division.
CREATE OR REPLACE FUNCTION check_moved_meter_stays() RETURNS trigger LANGUAGE plpgsql
SET enable_seqscan = off SET jit = off SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM billing_metermovement WHERE meter_id = NEW.id) THEN
        RAISE EXCEPTION 'moved_meter_stays_in_division: the meter % has movements', NEW.serial
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER moved_meter_stays_in_division BEFORE UPDATE OF division_id ON billing_meter
    FOR EACH ROW WHEN (NEW.division_id <> OLD.division_id) EXECUTE FUNCTION check_moved_meter_stays();
