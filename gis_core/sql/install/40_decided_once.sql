-- Guard of what waits for somebody's decision, which Django's constraints cannot say: one function for all such tables.
-- Invariant: a row begins open and is decided once, both at the moment at which it is done; it says afterwards what it said
-- before; and the document that it came to, if any, is what was asked for. By whom: 40_who_acts.sql.
-- Arguments: the column that says when it began; further columns that a decision writes (by spaces); the column that names the
-- document, its table, and the columns that are the same in both (by spaces; OF_DOCUMENT=OF_ROW where the names differ).
-- A name that is misspelt refuses, it never lets through.

CREATE OR REPLACE FUNCTION decide_once() RETURNS trigger LANGUAGE plpgsql
SET enable_seqscan = off SET jit = off SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    decision CONSTANT text[] := ARRAY['state', 'decided_by_id', 'decided_at'] || string_to_array(TG_ARGV[1], ' ');
    said CONSTANT jsonb := CASE WHEN TG_OP <> 'DELETE' THEN to_jsonb(NEW) END;
    is_as_asked boolean := true;
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.state = 'open' THEN
            RETURN jsonb_populate_record(NEW, jsonb_build_object(TG_ARGV[0], now()));
        END IF;
    ELSIF TG_OP = 'UPDATE' THEN
        IF said ->> TG_ARGV[2] IS NOT NULL THEN
            EXECUTE format('SELECT bool_and((to_jsonb(document) -> split_part(pair, ''='', 1) '
                           '= $2 -> split_part(pair, ''='', -1)) IS TRUE) '
                           'FROM public.%I AS document, string_to_table($3, '' '') AS pair WHERE document.id = $1', TG_ARGV[3])
               INTO is_as_asked USING (said ->> TG_ARGV[2])::bigint, said, TG_ARGV[4];
        END IF;
        IF OLD.state = 'open' AND said - decision = to_jsonb(OLD) - decision AND is_as_asked THEN
            IF NEW.state <> 'open' THEN
                NEW.decided_at := now();
            END IF;
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION '%: % refused', TG_NAME, TG_OP USING ERRCODE = 'integrity_constraint_violation';
END $$;

CREATE OR REPLACE TRIGGER waiting_act_is_decided_once BEFORE INSERT OR UPDATE OR DELETE ON gis_core_waitingact
    FOR EACH ROW EXECUTE FUNCTION decide_once('proposed_at', '');

-- What is proposed is withdrawn by who proposed it. Once it has lasted its 30 days (LASTS_DAYS of the model), or its proposer
-- is not of the house any more, whoever proposes it anew puts it away.
CREATE OR REPLACE FUNCTION check_who_withdraws() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF clock_timestamp() < OLD.proposed_at + interval '30 days'
       AND EXISTS (SELECT FROM gis_core_user WHERE id = OLD.proposed_by_id AND is_active) THEN
        RAISE EXCEPTION 'waiting_act_is_withdrawn_by_its_proposer: % is not', OLD.subject
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER waiting_act_is_withdrawn_by_its_proposer BEFORE UPDATE ON gis_core_waitingact FOR EACH ROW
    WHEN (NEW.state = 'withdrawn' AND NEW.decided_by_id <> OLD.proposed_by_id) EXECUTE FUNCTION check_who_withdraws();

CREATE OR REPLACE TRIGGER waiting_act_is_not_truncated BEFORE TRUNCATE ON gis_core_waitingact
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
