-- Guards of the network graph that constraints cannot say: zones nest as a tree, what is attached to a pipe hangs on one of
-- its ends, and nothing changes its network. The keys that hold the rest are in the migrations.

-- Zones nest as a tree: no zone is above itself. The lock lets one change of a network's tree commit after another:
-- two that are each right could be wrong together.
CREATE OR REPLACE FUNCTION check_zone_is_not_above_itself() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(7220, (NEW.network_id % 2147483648)::integer);  -- AdvisoryLock.ZONE_TREE
    IF EXISTS (
        WITH RECURSIVE above AS (
            SELECT NEW.parent_id AS id
            UNION
            SELECT zone.parent_id FROM assets_zone zone JOIN above ON zone.id = above.id
        )
        SELECT 1 FROM above WHERE id = NEW.id
    ) THEN
        RAISE EXCEPTION 'zone % would be above itself', NEW.code USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;
DROP TRIGGER IF EXISTS zone_is_not_above_itself ON assets_zone;
CREATE CONSTRAINT TRIGGER zone_is_not_above_itself AFTER INSERT OR UPDATE OF parent_id ON assets_zone
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.parent_id IS NOT NULL)
    EXECUTE FUNCTION check_zone_is_not_above_itself();

CREATE OR REPLACE FUNCTION check_attachment_node_is_pipe_end() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    -- Whoever is moving the pipe's ends is waited for, and whoever comes next waits for this attachment.
    PERFORM 1 FROM assets_pipe WHERE id = NEW.pipe_id FOR SHARE;
    IF EXISTS (
        SELECT 1 FROM assets_attachment attachment JOIN assets_pipe pipe ON pipe.id = attachment.pipe_id
        WHERE attachment.id = NEW.id AND attachment.node_id NOT IN (pipe.start_node_id, pipe.end_node_id)
    ) THEN
        RAISE EXCEPTION 'attachment %: its node is not an end of its pipe', NEW.id
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;
DROP TRIGGER IF EXISTS attachment_node_is_pipe_end ON assets_attachment;
CREATE CONSTRAINT TRIGGER attachment_node_is_pipe_end
    AFTER INSERT OR UPDATE OF node_id, pipe_id ON assets_attachment
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.pipe_id IS NOT NULL)
    EXECUTE FUNCTION check_attachment_node_is_pipe_end();

CREATE OR REPLACE FUNCTION check_pipe_keeps_attached_nodes() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF EXISTS (
        SELECT 1 FROM assets_attachment attachment JOIN assets_pipe pipe ON pipe.id = attachment.pipe_id
        WHERE pipe.id = NEW.id AND attachment.node_id NOT IN (pipe.start_node_id, pipe.end_node_id)
    ) THEN
        RAISE EXCEPTION 'pipe %: something attached to it hangs on a node that is no longer its end', NEW.code
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;
DROP TRIGGER IF EXISTS pipe_keeps_attached_nodes ON assets_pipe;
CREATE CONSTRAINT TRIGGER pipe_keeps_attached_nodes AFTER UPDATE OF start_node_id, end_node_id ON assets_pipe
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION check_pipe_keeps_attached_nodes();

-- What crosses a zone's edge is of the zone's network, and neither changes its network later.
CREATE OR REPLACE FUNCTION check_connection_within_network() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF (SELECT network_id FROM assets_zone WHERE id = NEW.zone_id)
       <> (SELECT network_id FROM assets_node WHERE id = NEW.node_id) THEN
        RAISE EXCEPTION 'a zone is connected to nodes of its own network'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;
DROP TRIGGER IF EXISTS zone_connection_within_network ON assets_zoneconnection;
CREATE CONSTRAINT TRIGGER zone_connection_within_network AFTER INSERT OR UPDATE ON assets_zoneconnection
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION check_connection_within_network();

CREATE OR REPLACE FUNCTION check_network_stays() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    RAISE EXCEPTION '% stays in its network', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE OR REPLACE TRIGGER node_stays_in_network BEFORE UPDATE OF network_id ON assets_node
    FOR EACH ROW WHEN (NEW.network_id <> OLD.network_id) EXECUTE FUNCTION check_network_stays();
CREATE OR REPLACE TRIGGER zone_stays_in_network BEFORE UPDATE OF network_id ON assets_zone
    FOR EACH ROW WHEN (NEW.network_id <> OLD.network_id) EXECUTE FUNCTION check_network_stays();
