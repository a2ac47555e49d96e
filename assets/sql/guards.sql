-- Guards of the network graph.
-- Invariants: a pipe's ends are its end nodes, exactly; every element belongs to one network and that network's
-- division; device details fit the kind of their node; an attachment's node is an end of its pipe.

ALTER TABLE assets_network ADD CONSTRAINT network_division UNIQUE (id, division_id);

-- An element's division is its network's; giving a network to another division carries them along.
ALTER TABLE assets_node ADD CONSTRAINT node_network_division
    FOREIGN KEY (network_id, division_id) REFERENCES assets_network (id, division_id)
    ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE assets_pipe ADD CONSTRAINT pipe_network_division
    FOREIGN KEY (network_id, division_id) REFERENCES assets_network (id, division_id)
    ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE assets_attachment ADD CONSTRAINT attachment_network_division
    FOREIGN KEY (network_id, division_id) REFERENCES assets_network (id, division_id)
    ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE assets_zone ADD CONSTRAINT zone_network_division
    FOREIGN KEY (network_id, division_id) REFERENCES assets_network (id, division_id)
    ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED;

-- End points equal end nodes. PostGIS's btree equality of geometries is exact: same coordinates, no tolerance.
ALTER TABLE assets_node ADD CONSTRAINT node_place UNIQUE (network_id, id, geom);
ALTER TABLE assets_pipe ADD CONSTRAINT pipe_starts_at_its_node
    FOREIGN KEY (network_id, start_node_id, start_point) REFERENCES assets_node (network_id, id, geom)
    DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE assets_pipe ADD CONSTRAINT pipe_ends_at_its_node
    FOREIGN KEY (network_id, end_node_id, end_point) REFERENCES assets_node (network_id, id, geom)
    DEFERRABLE INITIALLY DEFERRED;
-- A null end point (an empty line) would slip past a foreign key, and an infinite one past every distance.
ALTER TABLE assets_pipe ADD CONSTRAINT pipe_has_two_ends
    CHECK (start_point IS NOT NULL AND end_point IS NOT NULL AND ST_NPoints(geom) >= 2
           AND ST_XMin(geom) >= -180 AND ST_XMax(geom) <= 180 AND ST_YMin(geom) >= -90 AND ST_YMax(geom) <= 90);
ALTER TABLE assets_node ADD CONSTRAINT node_is_on_earth
    CHECK (NOT ST_IsEmpty(geom) AND ST_X(geom) BETWEEN -180 AND 180 AND ST_Y(geom) BETWEEN -90 AND 90);

-- Zone membership and zone nesting stay inside one network.
ALTER TABLE assets_zone ADD CONSTRAINT zone_in_network UNIQUE (network_id, id);
ALTER TABLE assets_node ADD CONSTRAINT node_zone_in_same_network
    FOREIGN KEY (network_id, zone_id) REFERENCES assets_zone (network_id, id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE assets_zone ADD CONSTRAINT zone_parent_in_same_network
    FOREIGN KEY (network_id, parent_id) REFERENCES assets_zone (network_id, id) DEFERRABLE INITIALLY DEFERRED;

-- Zones nest as a tree: no zone is above itself. The lock lets one change of a network's tree commit after another:
-- two that are each right could be wrong together.
CREATE FUNCTION check_zone_is_not_above_itself() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('zones of network ' || NEW.network_id, 0));
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
CREATE CONSTRAINT TRIGGER zone_is_not_above_itself AFTER INSERT OR UPDATE OF parent_id ON assets_zone
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.parent_id IS NOT NULL)
    EXECUTE FUNCTION check_zone_is_not_above_itself();

-- A device's details are of its own kind.
ALTER TABLE assets_node ADD CONSTRAINT node_kind UNIQUE (id, kind);
DO $$
DECLARE detail text;
BEGIN
    FOREACH detail IN ARRAY ARRAY['tank', 'reservoir', 'pump', 'valve', 'bulkmeter', 'hydrant', 'facility'] LOOP
        EXECUTE format(
            'ALTER TABLE assets_%1$sdetail ADD CONSTRAINT %1$s_detail_of_its_kind FOREIGN KEY (node_id, node_kind) '
            'REFERENCES assets_node (id, kind) ON UPDATE NO ACTION DEFERRABLE INITIALLY DEFERRED', detail);
    END LOOP;
END $$;

-- An attachment's node and pipe are of its network, and the node is an end of the pipe.
ALTER TABLE assets_node ADD CONSTRAINT node_in_network UNIQUE (network_id, id);
ALTER TABLE assets_pipe ADD CONSTRAINT pipe_in_network UNIQUE (network_id, id);
ALTER TABLE assets_attachment ADD CONSTRAINT attachment_node_in_network
    FOREIGN KEY (network_id, node_id) REFERENCES assets_node (network_id, id) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE assets_attachment ADD CONSTRAINT attachment_pipe_in_network
    FOREIGN KEY (network_id, pipe_id) REFERENCES assets_pipe (network_id, id) DEFERRABLE INITIALLY DEFERRED;

CREATE FUNCTION check_attachment_node_is_pipe_end() RETURNS trigger LANGUAGE plpgsql AS $$
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
CREATE CONSTRAINT TRIGGER attachment_node_is_pipe_end
    AFTER INSERT OR UPDATE OF node_id, pipe_id ON assets_attachment
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.pipe_id IS NOT NULL)
    EXECUTE FUNCTION check_attachment_node_is_pipe_end();

CREATE FUNCTION check_pipe_keeps_attached_nodes() RETURNS trigger LANGUAGE plpgsql AS $$
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
CREATE CONSTRAINT TRIGGER pipe_keeps_attached_nodes AFTER UPDATE OF start_node_id, end_node_id ON assets_pipe
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION check_pipe_keeps_attached_nodes();

-- What crosses a zone's edge is of the zone's network, and neither changes its network later.
CREATE FUNCTION check_connection_within_network() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT network_id FROM assets_zone WHERE id = NEW.zone_id)
       <> (SELECT network_id FROM assets_node WHERE id = NEW.node_id) THEN
        RAISE EXCEPTION 'a zone is connected to nodes of its own network'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER zone_connection_within_network AFTER INSERT OR UPDATE ON assets_zoneconnection
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION check_connection_within_network();

CREATE FUNCTION check_network_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% stays in its network', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER node_stays_in_network BEFORE UPDATE OF network_id ON assets_node
    FOR EACH ROW WHEN (NEW.network_id <> OLD.network_id) EXECUTE FUNCTION check_network_stays();
CREATE TRIGGER zone_stays_in_network BEFORE UPDATE OF network_id ON assets_zone
    FOR EACH ROW WHEN (NEW.network_id <> OLD.network_id) EXECUTE FUNCTION check_network_stays();

-- Multipliers and curves are numbers.
ALTER TABLE assets_pattern ADD CONSTRAINT pattern_is_finite
    CHECK (NOT multipliers && ARRAY['NaN', 'Infinity', '-Infinity']::float8[]);
ALTER TABLE assets_curve ADD CONSTRAINT curve_is_finite
    CHECK (NOT x_values && ARRAY['NaN', 'Infinity', '-Infinity']::float8[]
           AND NOT y_values && ARRAY['NaN', 'Infinity', '-Infinity']::float8[]);

SELECT add_finite_checks('assets_');
