-- What is derived from the graph, and how a change outside an edit makes it not current.
-- Invariant: when assets_networkstate.topology_is_current, assets_nodetopology and assets_pipetopology hold exactly the
-- network's nodes and pipes in service, in the segments that a computation from nothing would give.

-- Facts of nodes for topology. Isolation valves and switches bound segments, and other devices that are flagged for it.
-- Closed valves and open switches pass nothing; pumps, check valves and pressure regulators pass along their drawing.
CREATE OR REPLACE VIEW assets_node_facts WITH (security_invoker = true) AS
SELECT node.id AS node_id, node.network_id, node.kind, node.code, node.lifecycle = 'in_service' AS is_in_service,
       coalesce(valve.valve_type = 'isolation' OR valve.is_isolating, pump.is_isolating, switch.node_id IS NOT NULL)
           AS is_boundary,
       CASE WHEN coalesce(valve.status, pump.status) = 'closed' OR switch.status = 'open' THEN 0
            WHEN node.kind = 'pump' OR valve.valve_type IN ('PRV', 'PSV', 'check') THEN 2
            ELSE 1 END::smallint AS passage,
       NOT coalesce(valve.is_broken, false) AND coalesce(valve.is_accessible, true) AS is_operable
  FROM assets_node node
  LEFT JOIN assets_valvedetail valve ON valve.node_id = node.id
  LEFT JOIN assets_pumpdetail pump ON pump.node_id = node.id
  LEFT JOIN assets_switchdetail switch ON switch.node_id = node.id;

-- A change of anything shown moves the network's revision. Outside an edit, what the topology rests on is also not current
-- afterwards; within one, the edit itself keeps it so and moves the revision once, at its end (topology.services.following):
-- a row that is written at each of its statements leaves as many dead versions, through all of which the next one looks.
-- One function serves statements on tables with network_id.
CREATE OR REPLACE FUNCTION note_change_of_networks(networks bigint[], is_topological boolean) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    UPDATE assets_networkstate
       SET revision = nextval('assets_revision'),
           topology_is_current = topology_is_current AND NOT is_topological,
           supply_is_numbered = supply_is_numbered AND NOT is_topological
     WHERE network_id = ANY (networks);
END $$;

CREATE OR REPLACE FUNCTION note_network_change() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    networks bigint[];
    is_topological boolean := TG_TABLE_NAME IN ('assets_node', 'assets_pipe');
BEGIN
    IF edit_in_progress() IS NOT NULL THEN
        RETURN NULL;
    END IF;
    SELECT array_agg(DISTINCT network_id) INTO networks FROM changed;
    IF TG_OP = 'UPDATE' THEN
        IF is_topological AND TG_TABLE_NAME = 'assets_node' THEN
            SELECT EXISTS (SELECT 1 FROM changed JOIN unchanged USING (id)
                            WHERE (changed.kind, changed.lifecycle) IS DISTINCT FROM (unchanged.kind, unchanged.lifecycle))
              INTO is_topological;
        ELSIF is_topological THEN
            SELECT EXISTS (SELECT 1 FROM changed JOIN unchanged USING (id)
                            WHERE (changed.start_node_id, changed.end_node_id, changed.lifecycle, changed.status,
                                   changed.has_check_valve)
                               IS DISTINCT FROM (unchanged.start_node_id, unchanged.end_node_id, unchanged.lifecycle,
                                   unchanged.status, unchanged.has_check_valve))
              INTO is_topological;
        END IF;
    END IF;
    IF networks IS NOT NULL THEN
        PERFORM note_change_of_networks(networks, is_topological);
    END IF;
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION note_device_change() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF edit_in_progress() IS NOT NULL THEN
        RETURN NULL;
    END IF;
    PERFORM note_change_of_networks(
        (SELECT array_agg(DISTINCT node.network_id) FROM changed JOIN assets_node node ON node.id = changed.node_id), true);
    RETURN NULL;
END $$;

DO $$
DECLARE part text;
BEGIN
    FOREACH part IN ARRAY ARRAY['node', 'pipe', 'zone'] LOOP
        EXECUTE format('CREATE OR REPLACE TRIGGER %1$s_noted_new AFTER INSERT ON assets_%1$s REFERENCING NEW TABLE AS changed '
                       'FOR EACH STATEMENT EXECUTE FUNCTION note_network_change()', part);
        EXECUTE format('CREATE OR REPLACE TRIGGER %1$s_noted_change AFTER UPDATE ON assets_%1$s REFERENCING NEW TABLE AS changed '
                       'OLD TABLE AS unchanged FOR EACH STATEMENT EXECUTE FUNCTION note_network_change()', part);
        EXECUTE format('CREATE OR REPLACE TRIGGER %1$s_noted_gone AFTER DELETE ON assets_%1$s REFERENCING OLD TABLE AS changed '
                       'FOR EACH STATEMENT EXECUTE FUNCTION note_network_change()', part);
    END LOOP;
    FOREACH part IN ARRAY ARRAY['valvedetail', 'pumpdetail', 'switchdetail'] LOOP
        EXECUTE format('CREATE OR REPLACE TRIGGER %1$s_noted_new AFTER INSERT ON assets_%1$s REFERENCING NEW TABLE AS changed '
                       'FOR EACH STATEMENT EXECUTE FUNCTION note_device_change()', part);
        EXECUTE format('CREATE OR REPLACE TRIGGER %1$s_noted_change AFTER UPDATE ON assets_%1$s REFERENCING NEW TABLE AS changed '
                       'FOR EACH STATEMENT EXECUTE FUNCTION note_device_change()', part);
        EXECUTE format('CREATE OR REPLACE TRIGGER %1$s_noted_gone AFTER DELETE ON assets_%1$s REFERENCING OLD TABLE AS changed '
                       'FOR EACH STATEMENT EXECUTE FUNCTION note_device_change()', part);
    END LOOP;
END $$;

-- Every network has its state from the start.
CREATE OR REPLACE FUNCTION make_network_state() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    INSERT INTO assets_networkstate (network_id, revision) VALUES (NEW.id, nextval('assets_revision'));
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER network_has_state AFTER INSERT ON assets_network FOR EACH ROW EXECUTE FUNCTION make_network_state();

-- How many members a segment has; a segment that loses its last one by a deletion goes with it.
CREATE OR REPLACE FUNCTION count_segment_members() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        UPDATE assets_segment segment SET member_count = member_count + counted.number
          FROM (SELECT segment_id, count(*) AS number FROM arrived GROUP BY segment_id) counted
         WHERE segment.id = counted.segment_id;
    ELSIF TG_OP = 'DELETE' THEN
        UPDATE assets_segment segment SET member_count = member_count - counted.number
          FROM (SELECT segment_id, count(*) AS number FROM gone GROUP BY segment_id) counted
         WHERE segment.id = counted.segment_id;
        DELETE FROM assets_segment WHERE id IN (SELECT segment_id FROM gone) AND member_count = 0;
    ELSE
        UPDATE assets_segment segment SET member_count = member_count + counted.number
          FROM (SELECT segment_id, sum(number) AS number
                  FROM (SELECT segment_id, count(*) AS number FROM arrived GROUP BY segment_id
                        UNION ALL
                        SELECT segment_id, -count(*) FROM gone GROUP BY segment_id) both_ways
                 GROUP BY segment_id HAVING sum(number) <> 0) counted
         WHERE segment.id = counted.segment_id;
    END IF;
    RETURN NULL;
END $$;

DO $$
DECLARE part text;
BEGIN
    FOREACH part IN ARRAY ARRAY['nodetopology', 'pipetopology'] LOOP
        EXECUTE format('CREATE OR REPLACE TRIGGER %1$s_counted_new AFTER INSERT ON assets_%1$s REFERENCING NEW TABLE AS arrived '
                       'FOR EACH STATEMENT EXECUTE FUNCTION count_segment_members()', part);
        EXECUTE format('CREATE OR REPLACE TRIGGER %1$s_counted_change AFTER UPDATE ON assets_%1$s REFERENCING NEW TABLE AS arrived '
                       'OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION count_segment_members()', part);
        EXECUTE format('CREATE OR REPLACE TRIGGER %1$s_counted_gone AFTER DELETE ON assets_%1$s REFERENCING OLD TABLE AS gone '
                       'FOR EACH STATEMENT EXECUTE FUNCTION count_segment_members()', part);
    END LOOP;
END $$;
