-- Guards of leak events that Django's constraints cannot say.
-- Invariants: an event starts as new, moves only as its states allow, and each move has its line in the history; what was
-- known at detection never changes; an event is told once; events are kept, and their history only grows.

CREATE OR REPLACE FUNCTION balances_move_leak_event() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'leak_event_moves_as_allowed: events are kept' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF TG_OP = 'INSERT' THEN
        IF NEW.state <> 'new' THEN
            RAISE EXCEPTION 'leak_event_moves_as_allowed: an event starts as new'
                USING ERRCODE = 'integrity_constraint_violation';
        END IF;
        RETURN NEW;
    END IF;
    IF OLD.state <> NEW.state
       AND (OLD.state, NEW.state) NOT IN (('new', 'open'), ('new', 'closed'),
                                          ('open', 'under_investigation'), ('open', 'closed'),
                                          ('under_investigation', 'open'), ('under_investigation', 'field_work'),
                                          ('under_investigation', 'closed'),
                                          ('field_work', 'under_investigation'), ('field_work', 'closed'),
                                          ('closed', 'open')) THEN
        RAISE EXCEPTION 'leak_event_moves_as_allowed: % to % refused', OLD.state, NEW.state
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    -- The division follows the zone's; the rest is what people and later searches add.
    IF to_jsonb(NEW) - ARRAY['state', 'outcome', 'leak_id', 'assignee_id', 'cost', 'version', 'now_size_m3h', 'ended_at', 'told_at', 'division_id']
       <> to_jsonb(OLD) - ARRAY['state', 'outcome', 'leak_id', 'assignee_id', 'cost', 'version', 'now_size_m3h', 'ended_at', 'told_at', 'division_id'] THEN
        RAISE EXCEPTION 'leak_event_moves_as_allowed: what was known at detection is frozen'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF OLD.told_at IS NOT NULL AND NEW.told_at IS DISTINCT FROM OLD.told_at THEN
        RAISE EXCEPTION 'leak_event_moves_as_allowed: an event is told once'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER leak_event_moves_as_allowed BEFORE INSERT OR UPDATE OR DELETE ON balances_leakevent
    FOR EACH ROW EXECUTE FUNCTION balances_move_leak_event();
CREATE OR REPLACE TRIGGER leak_event_is_not_truncated BEFORE TRUNCATE ON balances_leakevent
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE OR REPLACE TRIGGER leak_event_history_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON balances_leakeventmove
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- At commit the newest line of the history ends in the state that the event has: no move without its line, and no line
-- about a move that was not made. It looks at both tables, so it is a trigger of both.
CREATE OR REPLACE FUNCTION balances_check_leak_event_history() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    subject bigint := (to_jsonb(NEW) ->> TG_ARGV[0])::bigint;
    newest text;
    present text;
BEGIN
    SELECT to_state INTO newest FROM balances_leakeventmove WHERE event_id = subject ORDER BY id DESC LIMIT 1;
    SELECT state INTO present FROM balances_leakevent WHERE id = subject;
    IF coalesce(newest, 'new') <> present THEN
        RAISE EXCEPTION 'leak_event_history_is_complete: the event is %, its history ends in %', present, coalesce(newest, 'new')
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF EXISTS (SELECT 1
                 FROM (SELECT from_state, lag(to_state, 1, 'new') OVER (ORDER BY id) AS before
                         FROM balances_leakeventmove WHERE event_id = subject) line
                WHERE line.from_state <> line.before) THEN
        RAISE EXCEPTION 'leak_event_history_is_complete: a line does not begin where the one before it ends'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;
DROP TRIGGER IF EXISTS leak_event_history_is_complete ON balances_leakevent;
CREATE CONSTRAINT TRIGGER leak_event_history_is_complete AFTER UPDATE OF state ON balances_leakevent
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION balances_check_leak_event_history('id');
DROP TRIGGER IF EXISTS leak_event_line_is_of_a_move ON balances_leakeventmove;
CREATE CONSTRAINT TRIGGER leak_event_line_is_of_a_move AFTER INSERT ON balances_leakeventmove
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION balances_check_leak_event_history('event_id');
