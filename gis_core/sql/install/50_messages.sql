-- A message goes only the ways of its life, and what it is stays.
-- Input: a row of the outbox as it was and as it is to be.
-- Invariant: final never gives way to late (delivered stays; what failed or was given up is only sent anew, which begins
-- at waiting). To whom, of what and by which way never changes; values can be forgotten, not rewritten.
CREATE OR REPLACE FUNCTION check_message_move() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NEW.state <> OLD.state AND NOT (CASE OLD.state
        WHEN 'waiting' THEN NEW.state IN ('sending', 'failed', 'given_up')
        WHEN 'sending' THEN NEW.state IN ('waiting', 'sent', 'delivered', 'failed', 'given_up', 'unknown')
        WHEN 'sent' THEN NEW.state IN ('delivered', 'failed')
        WHEN 'unknown' THEN NEW.state IN ('waiting', 'sent', 'delivered', 'failed', 'given_up')
        WHEN 'failed' THEN NEW.state = 'waiting'
        WHEN 'given_up' THEN NEW.state = 'waiting'
        ELSE false END) THEN
        RAISE EXCEPTION '%: a message that is % does not become %', TG_NAME, OLD.state, NEW.state
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF (NEW.uid, NEW.division_id, NEW.event, NEW.event_key, NEW.medium, NEW.recipient, NEW.created_at)
        IS DISTINCT FROM
       (OLD.uid, OLD.division_id, OLD.event, OLD.event_key, OLD.medium, OLD.recipient, OLD.created_at)
       OR NEW.template_values IS DISTINCT FROM OLD.template_values AND NEW.template_values <> '{}' THEN
        RAISE EXCEPTION '%: what a message is stays', TG_NAME USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER message_goes_its_ways BEFORE UPDATE ON gis_core_message
    FOR EACH ROW EXECUTE FUNCTION check_message_move();
