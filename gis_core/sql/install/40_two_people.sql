-- Guard of acts that wait for a second person, which Django's constraints cannot say.
-- Invariant: one begins open, is decided once, at the moment at which it is done, and says afterwards what it said before.
-- By whom: 40_who_acts.sql.

CREATE OR REPLACE FUNCTION decide_waiting_act() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.state = 'open' THEN
            NEW.proposed_at := now();
            RETURN NEW;
        END IF;
    ELSIF TG_OP = 'UPDATE' THEN
        IF OLD.state = 'open' AND NEW.state <> 'open'
           AND (to_jsonb(NEW) - ARRAY['state', 'decided_by_id', 'decided_at'])
               = (to_jsonb(OLD) - ARRAY['state', 'decided_by_id', 'decided_at']) THEN
            NEW.decided_at := now();
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION 'waiting_act_is_decided_once: % refused', TG_OP USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE OR REPLACE TRIGGER waiting_act_is_decided_once BEFORE INSERT OR UPDATE OR DELETE ON gis_core_waitingact
    FOR EACH ROW EXECUTE FUNCTION decide_waiting_act();
CREATE OR REPLACE TRIGGER waiting_act_is_not_truncated BEFORE TRUNCATE ON gis_core_waitingact
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
