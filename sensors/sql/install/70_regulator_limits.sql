-- Guards of regulators' limits that Django's constraints cannot say.
-- Invariants: limits change only to those of the newest proposal that a second person confirmed, and count as confirmed, the
-- first ones too, while they are that; what has none that count is not commanded; no limits rise above the
-- ceiling of their kind of device; a proposal begins open, is decided once, and says afterwards what it said before.
-- They run after the row's own constraints, so that what is wrong in itself is named first.

CREATE OR REPLACE FUNCTION sensors_keep_limits_confirmed() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    newest record;
BEGIN
    SELECT minimum_set_point, maximum_set_point, maximum_step INTO newest
      FROM sensors_limitproposal WHERE regulator_id = NEW.id AND state = 'confirmed' ORDER BY decided_at DESC, id DESC LIMIT 1;
    IF NOT FOUND OR (newest.minimum_set_point, newest.maximum_set_point, newest.maximum_step)
                    IS DISTINCT FROM (NEW.minimum_set_point, NEW.maximum_set_point, NEW.maximum_step) THEN
        RAISE EXCEPTION '%: % to % refused', TG_NAME, NEW.minimum_set_point, NEW.maximum_set_point
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER regulator_limits_are_confirmed AFTER UPDATE ON sensors_regulator FOR EACH ROW
    WHEN ((OLD.minimum_set_point, OLD.maximum_set_point, OLD.maximum_step)
          IS DISTINCT FROM (NEW.minimum_set_point, NEW.maximum_set_point, NEW.maximum_step)
          OR (NEW.limits_confirmed AND NOT OLD.limits_confirmed))
    EXECUTE FUNCTION sensors_keep_limits_confirmed();
-- Of one that is registered just now no limits are confirmed yet.
CREATE OR REPLACE TRIGGER regulator_first_limits_wait AFTER INSERT ON sensors_regulator FOR EACH ROW
    WHEN (NEW.limits_confirmed) EXECUTE FUNCTION sensors_keep_limits_confirmed();

CREATE OR REPLACE FUNCTION sensors_keep_below_ceiling() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    -- What was registered under other ceilings stays until its limits, kind or unit change.
    IF TG_OP = 'UPDATE' AND (OLD.maximum_set_point, OLD.unit, OLD.node_kind) IS NOT DISTINCT FROM
                            (NEW.maximum_set_point, NEW.unit, NEW.node_kind) THEN
        RETURN NULL;
    END IF;
    IF NOT EXISTS (SELECT 1 FROM sensors_setpointceiling
                    WHERE node_kind = NEW.node_kind AND unit = NEW.unit AND greatest >= NEW.maximum_set_point) THEN
        RAISE EXCEPTION 'regulator_below_ceiling: % % refused for a %', NEW.maximum_set_point, NEW.unit, NEW.node_kind
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER regulator_below_ceiling AFTER INSERT OR UPDATE ON sensors_regulator
    FOR EACH ROW EXECUTE FUNCTION sensors_keep_below_ceiling();

CREATE OR REPLACE FUNCTION sensors_decide_proposal() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.state = 'open' THEN
            RETURN NEW;
        END IF;
    ELSIF TG_OP = 'UPDATE' THEN
        IF (to_jsonb(NEW) - ARRAY['state', 'decided_by_id', 'decided_at', 'division_id'])
           = (to_jsonb(OLD) - ARRAY['state', 'decided_by_id', 'decided_at', 'division_id'])
           AND (OLD.state = 'open'
                OR (OLD.state, OLD.decided_by_id, OLD.decided_at)
                   IS NOT DISTINCT FROM (NEW.state, NEW.decided_by_id, NEW.decided_at)) THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION 'limit_proposal_is_decided_once: % refused', TG_OP USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE OR REPLACE TRIGGER limit_proposal_is_decided_once BEFORE INSERT OR UPDATE OR DELETE ON sensors_limitproposal
    FOR EACH ROW EXECUTE FUNCTION sensors_decide_proposal();
CREATE OR REPLACE TRIGGER limit_proposal_is_not_truncated BEFORE TRUNCATE ON sensors_limitproposal
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
