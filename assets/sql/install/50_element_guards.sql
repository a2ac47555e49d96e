-- Guards of nodes and pipes that services rely on: what an element is, and which of them stand together.
-- Invariants: an element keeps its uid, and a line stays a pipe or a connector; a connector ends at a device; a device
-- (pump, valve, regulator, hydrant, meter, switch) has the details of its kind; a line that is not removed ends at nodes
-- that are not removed.
-- A network of a million pipes comes by COPY, so what is asked of each new pipe is asked once for all of them.

-- History, plans and other systems know elements by their uid.
CREATE OR REPLACE FUNCTION refuse_new_identity() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    RAISE EXCEPTION '% % stays what it is: % is not changed', TG_TABLE_NAME, OLD.code, TG_ARGV[0]
        USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE OR REPLACE TRIGGER node_keeps_uid BEFORE UPDATE OF uid ON assets_node
    FOR EACH ROW WHEN (NEW.uid <> OLD.uid) EXECUTE FUNCTION refuse_new_identity('uid');
CREATE OR REPLACE TRIGGER pipe_keeps_uid BEFORE UPDATE OF uid ON assets_pipe
    FOR EACH ROW WHEN (NEW.uid <> OLD.uid) EXECUTE FUNCTION refuse_new_identity('uid');
CREATE OR REPLACE TRIGGER pipe_stays_pipe_or_connector BEFORE UPDATE OF is_connector ON assets_pipe
    FOR EACH ROW WHEN (NEW.is_connector <> OLD.is_connector) EXECUTE FUNCTION refuse_new_identity('is_connector');

-- Connectors come and go with their device; one without a device would be a pipe that nobody sees.
CREATE OR REPLACE FUNCTION check_connector_ends_at_device() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF EXISTS (
        SELECT 1 FROM assets_pipe pipe
         WHERE pipe.id = NEW.id AND pipe.is_connector
           AND NOT EXISTS (SELECT 1 FROM assets_node node
                            WHERE node.id IN (pipe.start_node_id, pipe.end_node_id) AND node.code_class = 'device')
    ) THEN
        RAISE EXCEPTION 'connector %: neither of its ends is a device', NEW.code
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;
DROP TRIGGER IF EXISTS connector_ends_at_device ON assets_pipe;
CREATE CONSTRAINT TRIGGER connector_ends_at_device AFTER INSERT OR UPDATE OF start_node_id, end_node_id ON assets_pipe
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.is_connector)
    EXECUTE FUNCTION check_connector_ends_at_device();

CREATE OR REPLACE FUNCTION check_device_keeps_connectors() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF EXISTS (
        SELECT 1 FROM assets_pipe pipe
         WHERE NEW.id IN (pipe.start_node_id, pipe.end_node_id) AND pipe.is_connector
           AND NOT EXISTS (SELECT 1 FROM assets_node node
                            WHERE node.id IN (pipe.start_node_id, pipe.end_node_id) AND node.code_class = 'device')
    ) THEN
        RAISE EXCEPTION 'node % is not a device any more, and a connector ends at it', NEW.code
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;
DROP TRIGGER IF EXISTS device_keeps_connectors ON assets_node;
CREATE CONSTRAINT TRIGGER device_keeps_connectors AFTER UPDATE OF kind ON assets_node
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.kind <> OLD.kind)
    EXECUTE FUNCTION check_device_keeps_connectors();

-- That details are of the kind of their node is held by foreign keys; here, that they are there at all.
CREATE OR REPLACE FUNCTION refuse_device_without_details(device bigint) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE bare record;
BEGIN
    SELECT node.kind, node.code INTO bare FROM assets_node node
     WHERE node.id = device
       AND CASE WHEN node.kind = 'pump' THEN NOT EXISTS (SELECT 1 FROM assets_pumpdetail WHERE node_id = device)
                WHEN node.kind IN ('valve', 'regulator')
                    THEN NOT EXISTS (SELECT 1 FROM assets_valvedetail WHERE node_id = device)
                WHEN node.kind = 'hydrant' THEN NOT EXISTS (SELECT 1 FROM assets_hydrantdetail WHERE node_id = device)
                WHEN node.kind = 'bulk_meter'
                    THEN NOT EXISTS (SELECT 1 FROM assets_bulkmeterdetail WHERE node_id = device)
                WHEN node.kind = 'switch' THEN NOT EXISTS (SELECT 1 FROM assets_switchdetail WHERE node_id = device)
                ELSE false END;
    IF FOUND THEN
        RAISE EXCEPTION '% % has no details', bare.kind, bare.code USING ERRCODE = 'integrity_constraint_violation';
    END IF;
END $$;

CREATE OR REPLACE FUNCTION check_device_has_details() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM refuse_device_without_details(NEW.id);
    RETURN NULL;
END $$;
DROP TRIGGER IF EXISTS device_has_details ON assets_node;
CREATE CONSTRAINT TRIGGER device_has_details AFTER INSERT OR UPDATE OF kind ON assets_node
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (NEW.kind IN ('pump', 'valve', 'regulator', 'hydrant', 'bulk_meter', 'switch'))
    EXECUTE FUNCTION check_device_has_details();

CREATE OR REPLACE FUNCTION check_device_keeps_details() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM refuse_device_without_details(OLD.node_id);
    RETURN NULL;
END $$;

DO $$
DECLARE detail text;
BEGIN
    FOREACH detail IN ARRAY ARRAY['pump', 'valve', 'hydrant', 'bulkmeter', 'switch'] LOOP
        EXECUTE format('DROP TRIGGER IF EXISTS device_keeps_details ON assets_%sdetail', detail);
        EXECUTE format('CREATE CONSTRAINT TRIGGER device_keeps_details AFTER DELETE OR UPDATE OF node_id '
                       'ON assets_%sdetail DEFERRABLE INITIALLY DEFERRED FOR EACH ROW '
                       'EXECUTE FUNCTION check_device_keeps_details()', detail);
    END LOOP;
END $$;

-- What is removed carries nothing. New lines are checked as they come, all of a statement at once, since their nodes
-- were there before them; whatever changes later is checked at the end, when nodes and lines have changed together.
-- The lock, shared by those that bring lines and held alone by those that remove nodes, lets one commit after another.
CREATE OR REPLACE FUNCTION refuse_line_at_removed_node(line text, node text) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    RAISE EXCEPTION 'pipe % is not removed and ends at node %, which is', line, node
        USING ERRCODE = 'integrity_constraint_violation';
END $$;

-- A plan made for one new pipe serves for a million, and the other way round: each looks into the index of the few.
CREATE OR REPLACE FUNCTION check_new_pipes_end_at_present_nodes() RETURNS trigger LANGUAGE plpgsql
SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(7210, (network_id % 2147483648)::integer)  -- AdvisoryLock.REMOVALS
       FROM (SELECT DISTINCT network_id FROM arrived ORDER BY network_id) networks;
    PERFORM refuse_line_at_removed_node(arrived.code, node.code)
       FROM arrived JOIN assets_node node ON node.id = arrived.start_node_id AND node.lifecycle = 'removed'
      WHERE arrived.lifecycle <> 'removed';
    PERFORM refuse_line_at_removed_node(arrived.code, node.code)
       FROM arrived JOIN assets_node node ON node.id = arrived.end_node_id AND node.lifecycle = 'removed'
      WHERE arrived.lifecycle <> 'removed';
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER new_pipe_ends_at_present_nodes AFTER INSERT ON assets_pipe REFERENCING NEW TABLE AS arrived
    FOR EACH STATEMENT EXECUTE FUNCTION check_new_pipes_end_at_present_nodes();

CREATE OR REPLACE FUNCTION check_pipe_ends_at_present_nodes() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(7210, (NEW.network_id % 2147483648)::integer);  -- AdvisoryLock.REMOVALS
    PERFORM refuse_line_at_removed_node(pipe.code, node.code)
       FROM assets_pipe pipe JOIN assets_node node ON node.id IN (pipe.start_node_id, pipe.end_node_id)
      WHERE pipe.id = NEW.id AND pipe.lifecycle <> 'removed' AND node.lifecycle = 'removed';
    RETURN NULL;
END $$;
DROP TRIGGER IF EXISTS pipe_ends_at_present_nodes ON assets_pipe;
CREATE CONSTRAINT TRIGGER pipe_ends_at_present_nodes AFTER UPDATE OF lifecycle, start_node_id, end_node_id ON assets_pipe
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (NEW.lifecycle <> 'removed' AND (NEW.lifecycle, NEW.start_node_id, NEW.end_node_id)
          IS DISTINCT FROM (OLD.lifecycle, OLD.start_node_id, OLD.end_node_id))
    EXECUTE FUNCTION check_pipe_ends_at_present_nodes();

CREATE OR REPLACE FUNCTION check_node_is_removed_with_its_pipes() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(7210, (NEW.network_id % 2147483648)::integer);  -- AdvisoryLock.REMOVALS
    PERFORM refuse_line_at_removed_node(pipe.code, node.code)
       FROM assets_node node JOIN assets_pipe pipe ON pipe.start_node_id = node.id OR pipe.end_node_id = node.id
      WHERE node.id = NEW.id AND node.lifecycle = 'removed' AND pipe.lifecycle <> 'removed';
    RETURN NULL;
END $$;
DROP TRIGGER IF EXISTS node_is_removed_with_its_pipes ON assets_node;
CREATE CONSTRAINT TRIGGER node_is_removed_with_its_pipes AFTER INSERT OR UPDATE OF lifecycle ON assets_node
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.lifecycle = 'removed')
    EXECUTE FUNCTION check_node_is_removed_with_its_pipes();
