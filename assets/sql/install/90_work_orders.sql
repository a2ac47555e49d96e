-- Guards of work orders and of what is recorded in the field.
-- Invariants: an order goes from state to state as the trade has it, from new on, and its journal tells every move;
-- the journal, materials, turned valves and applied changes stay as they were written.

CREATE OR REPLACE FUNCTION check_work_order_move() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    -- The same pairs as assets/work_orders/services/moving.py:TRANSITIONS.
    IF (OLD.state, NEW.state) NOT IN (
        ('new', 'assigned'), ('new', 'cancelled'),
        ('assigned', 'new'), ('assigned', 'on_the_way'), ('assigned', 'impossible'), ('assigned', 'cancelled'),
        ('on_the_way', 'assigned'), ('on_the_way', 'done'), ('on_the_way', 'impossible'), ('on_the_way', 'cancelled'),
        ('impossible', 'assigned'), ('impossible', 'cancelled')
    ) THEN
        RAISE EXCEPTION 'work order %: a move from % to % is illegal', OLD.number, OLD.state, NEW.state
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER work_order_moves_legally BEFORE UPDATE OF state ON assets_workorder
    FOR EACH ROW WHEN (NEW.state <> OLD.state) EXECUTE FUNCTION check_work_order_move();

CREATE OR REPLACE FUNCTION check_work_order_begins() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    RAISE EXCEPTION 'a work order begins as new, not as %', NEW.state
        USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE OR REPLACE TRIGGER work_order_begins_as_new BEFORE INSERT ON assets_workorder
    FOR EACH ROW WHEN (NEW.state <> 'new') EXECUTE FUNCTION check_work_order_begins();

-- Every state of an order has its number, so that whoever decided on another state is told.
CREATE OR REPLACE FUNCTION count_work_order_version() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    NEW.version := OLD.version + 1;
    NEW.changed_at := now();
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER work_order_version BEFORE UPDATE ON assets_workorder
    FOR EACH ROW EXECUTE FUNCTION count_work_order_version();

-- What an order is and where it came from stays; it is cancelled, not deleted.
CREATE OR REPLACE FUNCTION check_work_order_stays() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    RAISE EXCEPTION 'work order %: its number, network and source stay', OLD.number
        USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE OR REPLACE TRIGGER work_order_stays BEFORE UPDATE OF uid, number, network_id, source, source_uid
    ON assets_workorder FOR EACH ROW
    WHEN ((NEW.uid, NEW.number, NEW.network_id, NEW.source, NEW.source_uid)
          IS DISTINCT FROM (OLD.uid, OLD.number, OLD.network_id, OLD.source, OLD.source_uid))
    EXECUTE FUNCTION check_work_order_stays();
CREATE OR REPLACE TRIGGER work_order_is_kept BEFORE DELETE OR TRUNCATE ON assets_workorder
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- At the end of a transaction the last move of an order is the one to its state, by its assignee.
CREATE OR REPLACE FUNCTION check_work_order_journal() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (
        SELECT 1 FROM assets_workorder present
          JOIN LATERAL (SELECT move.to_state, move.assignee_id FROM assets_workordermove move
                         WHERE move.order_id = present.id ORDER BY move.id DESC LIMIT 1) last ON true
         WHERE present.id = NEW.id AND last.to_state = present.state
           AND last.assignee_id IS NOT DISTINCT FROM present.assignee_id
    ) THEN
        RAISE EXCEPTION 'work order %: its journal does not tell how it came to its state', NEW.number
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;
DROP TRIGGER IF EXISTS work_order_journal_agrees ON assets_workorder;
CREATE CONSTRAINT TRIGGER work_order_journal_agrees AFTER INSERT OR UPDATE OF state, assignee_id ON assets_workorder
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION check_work_order_journal();

-- A line of the journal begins where the one before it ended, and is written for a move that the order makes.
CREATE OR REPLACE FUNCTION check_work_order_move_follows() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NEW.from_state <> coalesce((SELECT move.to_state FROM assets_workordermove move
                                    WHERE move.order_id = NEW.order_id AND move.id < NEW.id
                                    ORDER BY move.id DESC LIMIT 1), '')
       OR NOT EXISTS (
           SELECT 1 FROM assets_workorder present
             JOIN LATERAL (SELECT move.to_state, move.assignee_id FROM assets_workordermove move
                            WHERE move.order_id = present.id ORDER BY move.id DESC LIMIT 1) last ON true
            WHERE present.id = NEW.order_id AND last.to_state = present.state
              AND last.assignee_id IS NOT DISTINCT FROM present.assignee_id) THEN
        RAISE EXCEPTION 'the journal of work order % tells a move that was not made', NEW.order_id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;
DROP TRIGGER IF EXISTS work_order_move_follows ON assets_workordermove;
CREATE CONSTRAINT TRIGGER work_order_move_follows AFTER INSERT ON assets_workordermove
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION check_work_order_move_follows();

CREATE OR REPLACE TRIGGER work_order_move_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON assets_workordermove
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE OR REPLACE TRIGGER work_material_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON assets_workmaterial
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE OR REPLACE TRIGGER work_photo_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON assets_workphoto
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE OR REPLACE TRIGGER field_change_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON assets_fieldchange
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Of a turned valve only the division of its network may change.
CREATE OR REPLACE FUNCTION check_valve_operation_stays() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF TG_OP = 'DELETE' OR to_jsonb(NEW) - 'division_id' <> to_jsonb(OLD) - 'division_id' THEN
        RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER valve_operation_stays BEFORE UPDATE OR DELETE ON assets_valveoperation
    FOR EACH ROW EXECUTE FUNCTION check_valve_operation_stays();
