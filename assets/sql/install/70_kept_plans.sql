-- What every edit and every isolation asks of the graph, as functions, so that each connection plans it once: planning
-- takes longer than running where a few rows are read by their keys.
-- Inputs and outputs: see each. Invariant: all of them go by indexes and cost what they return, whatever the network's size.
-- The settings stand for that: one plan for all arguments, and none made for tables that were small when it was made.

-- Whether a supply number is none or lies in one of the spans.
CREATE OR REPLACE FUNCTION is_in_spans(number integer, firsts integer[], lasts integer[]) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN number IS NULL
        OR EXISTS (SELECT 1 FROM unnest(firsts, lasts) span (first, last) WHERE number BETWEEN span.first AND span.last);

-- Ways that water can take into nodes along one pipe: the pipe, the node the way comes from, the node it leads into; supply
-- numbers and kind of where it comes from, the kind only where the number is none or lies in one of the spans.
-- Closed pipes and devices pass nothing; pipes with a check valve, pumps, check valves and pressure regulators pass
-- along their drawing only.
CREATE OR REPLACE FUNCTION ways_into_nodes(nodes bigint[], firsts integer[], lasts integer[])
RETURNS TABLE (pipe_id bigint, from_id bigint, to_id bigint, supply_first integer, supply_last integer, kind text)
LANGUAGE plpgsql STABLE SET enable_seqscan = off SET plan_cache_mode = force_generic_plan
SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT way.pipe_id, way.from_id, way.to_id, origin.supply_first, origin.supply_last,
           CASE WHEN is_in_spans(origin.supply_first, firsts, lasts)
                THEN (SELECT node.kind FROM assets_node node WHERE node.id = way.from_id) END::text
      FROM (SELECT pipe.id AS pipe_id, pipe.start_node_id AS from_id, pipe.end_node_id AS to_id, false AS is_backward
              FROM assets_pipe pipe
             WHERE pipe.end_node_id = ANY (nodes) AND pipe.lifecycle = 'in_service' AND pipe.status = 'open'
            UNION ALL
            SELECT pipe.id, pipe.end_node_id, pipe.start_node_id, true
              FROM assets_pipe pipe
             WHERE pipe.start_node_id = ANY (nodes) AND pipe.lifecycle = 'in_service' AND pipe.status = 'open'
               AND NOT pipe.has_check_valve) way
      JOIN assets_nodetopology origin ON origin.node_id = way.from_id
      JOIN assets_nodetopology target ON target.node_id = way.to_id
     WHERE CASE WHEN way.is_backward THEN origin.passage = 1 AND target.passage = 1
                ELSE origin.passage <> 0 AND target.passage <> 0 END;
END $$;

-- Pipes in service at nodes, with the node at the other end: its supply number, and its kind where that is needed.
CREATE OR REPLACE FUNCTION ways_from_nodes(nodes bigint[], firsts integer[], lasts integer[])
RETURNS TABLE (pipe_id bigint, inner_id bigint, node_id bigint, supply_first integer, kind text)
LANGUAGE plpgsql STABLE SET enable_seqscan = off SET plan_cache_mode = force_generic_plan
SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT way.pipe_id, way.inner_id, topology.node_id, topology.supply_first,
           CASE WHEN is_in_spans(topology.supply_first, firsts, lasts)
                THEN (SELECT node.kind FROM assets_node node WHERE node.id = topology.node_id) END::text
      FROM (SELECT id AS pipe_id, start_node_id AS inner_id, end_node_id AS outer_id FROM assets_pipe
             WHERE start_node_id = ANY (nodes) AND lifecycle = 'in_service'
            UNION ALL
            SELECT id, end_node_id, start_node_id FROM assets_pipe
             WHERE end_node_id = ANY (nodes) AND lifecycle = 'in_service') way
      LEFT JOIN assets_nodetopology topology ON topology.node_id = way.outer_id;
END $$;

-- The pipes of the segments of some pipes.
CREATE OR REPLACE FUNCTION pipes_of_segments(pipes bigint[])
RETURNS TABLE (id bigint, start_node_id bigint, end_node_id bigint, has_check_valve boolean, code text, is_connector boolean,
               length_m float8, diameter_m float8)
LANGUAGE plpgsql STABLE SET enable_seqscan = off SET plan_cache_mode = force_generic_plan
SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT pipe.id, pipe.start_node_id, pipe.end_node_id, pipe.has_check_valve, pipe.code::text, pipe.is_connector,
           coalesce(pipe.stated_length_m, pipe.geodesic_length_m), coalesce(pipe.diameter_m, 0)
      FROM assets_pipetopology topology JOIN assets_pipe pipe ON pipe.id = topology.pipe_id
     WHERE topology.segment_id = ANY (ARRAY(SELECT segment_id FROM assets_pipetopology WHERE pipe_id = ANY (pipes)));
END $$;

-- Nodes in service with what isolation asks of them.
CREATE OR REPLACE FUNCTION nodes_of_segments(nodes bigint[])
RETURNS TABLE (id bigint, code text, kind text, is_boundary boolean, passage smallint, is_operable boolean,
               is_check_valve boolean, supply_first integer, supply_last integer, supply_pipe_id bigint)
LANGUAGE plpgsql STABLE SET enable_seqscan = off SET plan_cache_mode = force_generic_plan
SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT topology.node_id, node.code::text, node.kind::text, topology.is_boundary, topology.passage,
           NOT coalesce(valve.is_broken, false) AND coalesce(valve.is_accessible, true),
           coalesce(valve.valve_type = 'check', false),
           topology.supply_first, topology.supply_last, topology.supply_pipe_id
      FROM assets_nodetopology topology
      JOIN assets_node node ON node.id = topology.node_id
      -- Only valves have such a row, and most nodes are none.
      LEFT JOIN assets_valvedetail valve ON valve.node_id = topology.node_id AND node.kind = 'valve'
     WHERE topology.node_id = ANY (nodes);
END $$;

-- What hangs on pipes, at nodes without a pipe, or on pipes at nodes that are cut off.
CREATE OR REPLACE FUNCTION attachments_of_part(pipes bigint[], nodes bigint[], cut bigint[])
RETURNS bigint[] LANGUAGE plpgsql STABLE SET enable_seqscan = off SET plan_cache_mode = force_generic_plan
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    RETURN ARRAY(
        SELECT id FROM assets_attachment WHERE pipe_id = ANY (pipes)
        UNION SELECT id FROM assets_attachment WHERE pipe_id IS NULL AND node_id = ANY (nodes)
        UNION SELECT attachment.id FROM assets_pipe pipe JOIN assets_attachment attachment ON attachment.pipe_id = pipe.id
               WHERE pipe.start_node_id = ANY (cut)
        UNION SELECT attachment.id FROM assets_pipe pipe JOIN assets_attachment attachment ON attachment.pipe_id = pipe.id
               WHERE pipe.end_node_id = ANY (cut)
        ORDER BY 1);
END $$;

-- What one edit changed of the topology: nodes made, deleted, or of another kind, lifecycle or device state; pipes made,
-- deleted, or with other ends, lifecycle, status or check valve, each with the ends it had and has.
-- The statistics of what was changed so far say nothing of one edit, so its rows are read first, by the edit alone, and
-- the elements they name looked up one by one.
CREATE OR REPLACE FUNCTION topological_changes(edit bigint) RETURNS TABLE (element text, row_id bigint, ends bigint[])
LANGUAGE plpgsql STABLE SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
    SET plan_cache_mode = force_generic_plan
SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    WITH changed AS MATERIALIZED (
        SELECT change.table_name, change.row_id, change.before FROM assets_rowchange change WHERE change.edit_id = edit
    )
    SELECT 'pipe' AS element, change.row_id,
           array_remove(ARRAY[(change.before ->> 'start_node_id')::bigint, (change.before ->> 'end_node_id')::bigint,
                              pipe.start_node_id, pipe.end_node_id], NULL) AS ends
      FROM changed change LEFT JOIN assets_pipe pipe ON pipe.id = change.row_id
     WHERE change.table_name = 'assets_pipe'
       AND (pipe.id IS NULL OR change.before IS NULL
            OR (pipe.start_node_id, pipe.end_node_id, pipe.lifecycle, pipe.status, pipe.has_check_valve)
               IS DISTINCT FROM ((change.before ->> 'start_node_id')::bigint, (change.before ->> 'end_node_id')::bigint,
                                 change.before ->> 'lifecycle', change.before ->> 'status',
                                 (change.before ->> 'has_check_valve')::boolean))
    UNION ALL
    SELECT 'node', change.row_id, '{}'
      FROM changed change LEFT JOIN assets_node node ON node.id = change.row_id
     WHERE change.table_name = 'assets_node'
       AND (node.id IS NULL OR change.before IS NULL
            OR (node.kind, node.lifecycle) IS DISTINCT FROM (change.before ->> 'kind', change.before ->> 'lifecycle'))
    UNION
    SELECT 'node', facts.node_id, '{}'
      FROM changed change
      JOIN assets_node_facts facts ON facts.node_id = change.row_id
      LEFT JOIN assets_nodetopology topology ON topology.node_id = facts.node_id
     WHERE change.table_name IN ('assets_valvedetail', 'assets_pumpdetail', 'assets_switchdetail')
       AND (facts.is_boundary, facts.passage) IS DISTINCT FROM (topology.is_boundary, topology.passage);
END $$;

-- Pipes in service at nodes, and those named, each with its ends that lie in segments, and all their segments.
CREATE OR REPLACE FUNCTION pipes_around(nodes bigint[], pipes bigint[])
RETURNS TABLE (id bigint, start_id bigint, start_segment bigint, end_id bigint, end_segment bigint, segment bigint)
LANGUAGE plpgsql STABLE SET enable_seqscan = off SET plan_cache_mode = force_generic_plan
SET search_path = pg_catalog, public, pg_temp AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT pipe.id, start_row.node_id, start_row.segment_id, end_row.node_id, end_row.segment_id, own.segment_id
      FROM (SELECT id, start_node_id, end_node_id FROM assets_pipe
             WHERE start_node_id = ANY (nodes) AND lifecycle = 'in_service'
            UNION
            SELECT id, start_node_id, end_node_id FROM assets_pipe
             WHERE end_node_id = ANY (nodes) AND lifecycle = 'in_service'
            UNION
            SELECT id, start_node_id, end_node_id FROM assets_pipe
             WHERE id = ANY (pipes) AND lifecycle = 'in_service') pipe
      LEFT JOIN assets_nodetopology start_row ON start_row.node_id = pipe.start_node_id AND NOT start_row.is_boundary
      LEFT JOIN assets_nodetopology end_row ON end_row.node_id = pipe.end_node_id AND NOT end_row.is_boundary
      LEFT JOIN assets_pipetopology own ON own.pipe_id = pipe.id;
END $$;

-- Bring the topology's rows of nodes and pipes in line; what is not in service has none. New pipes get theirs later.
CREATE OR REPLACE FUNCTION refresh_topology_rows(nodes bigint[], pipes bigint[]) RETURNS void
LANGUAGE plpgsql SET enable_seqscan = off SET plan_cache_mode = force_generic_plan
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    DELETE FROM assets_nodetopology topology USING assets_node node
     WHERE topology.node_id = ANY (nodes) AND node.id = topology.node_id AND node.lifecycle <> 'in_service';
    DELETE FROM assets_pipetopology topology USING assets_pipe pipe
     WHERE topology.pipe_id = ANY (pipes) AND pipe.id = topology.pipe_id AND pipe.lifecycle <> 'in_service';
    INSERT INTO assets_nodetopology AS topology (node_id, network_id, is_boundary, passage)
    SELECT node_id, network_id, is_boundary, passage FROM assets_node_facts
     WHERE node_id = ANY (nodes) AND is_in_service
    ON CONFLICT (node_id) DO UPDATE
       SET is_boundary = excluded.is_boundary, passage = excluded.passage,
           segment_id = CASE WHEN excluded.is_boundary THEN NULL ELSE topology.segment_id END;
END $$;

-- Put nodes and pipes into a segment.
CREATE OR REPLACE FUNCTION put_into_segment(network bigint, segment bigint, nodes bigint[], pipes bigint[]) RETURNS void
LANGUAGE plpgsql SET enable_seqscan = off SET plan_cache_mode = force_generic_plan
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    UPDATE assets_nodetopology SET segment_id = segment
     WHERE node_id = ANY (nodes) AND segment_id IS DISTINCT FROM segment;
    INSERT INTO assets_pipetopology AS topology (pipe_id, network_id, segment_id)
    SELECT member, network, segment FROM unnest(pipes) member
    ON CONFLICT (pipe_id) DO UPDATE SET segment_id = excluded.segment_id WHERE topology.segment_id <> excluded.segment_id;
END $$;

-- Ground touched by one edit: assets_dirtyarea gets one rectangle for each group of changed nodes and pipes that lie within
-- about 100 m of each other, as they were and as they are, with 2 m around them.
-- Read as in topological_changes.
CREATE OR REPLACE FUNCTION mark_dirty_areas(network bigint, edit bigint) RETURNS void
LANGUAGE plpgsql SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
    SET plan_cache_mode = force_generic_plan
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    WITH changed AS MATERIALIZED (
        SELECT change.table_name, change.row_id, change.before, change.before_geom
          FROM assets_rowchange change
         WHERE change.edit_id = edit
    ), touched AS (
        SELECT change.before_geom AS geom
          FROM changed change
         WHERE change.table_name IN ('assets_node', 'assets_pipe')
        UNION ALL
        SELECT node.geom
          FROM changed change JOIN assets_node node ON node.id = change.row_id
         WHERE change.table_name IN ('assets_node', 'assets_tankdetail', 'assets_reservoirdetail', 'assets_pumpdetail',
                                     'assets_valvedetail', 'assets_bulkmeterdetail', 'assets_hydrantdetail',
                                     'assets_facilitydetail', 'assets_transformerdetail', 'assets_switchdetail')
        UNION ALL
        SELECT node.geom
          FROM changed change
          JOIN assets_node node ON node.id = (change.before ->> 'node_id')::bigint
         WHERE change.table_name IN ('assets_demand', 'assets_zoneconnection')
        UNION ALL
        SELECT node.geom
          FROM changed change
          JOIN assets_demand demand ON demand.id = change.row_id
          JOIN assets_node node ON node.id = demand.node_id
         WHERE change.table_name = 'assets_demand'
        UNION ALL
        SELECT node.geom
          FROM changed change
          JOIN assets_zoneconnection connection ON connection.id = change.row_id
          JOIN assets_node node ON node.id = connection.node_id
         WHERE change.table_name = 'assets_zoneconnection'
        UNION ALL
        SELECT pipe.geom
          FROM changed change JOIN assets_pipe pipe ON pipe.id = change.row_id
         WHERE change.table_name = 'assets_linedetail'
        UNION ALL
        SELECT coalesce(change.before_geom, zone.geom)
          FROM changed change LEFT JOIN assets_zone zone ON zone.id = change.row_id
         WHERE change.table_name = 'assets_zone'
        UNION ALL
        SELECT pipe.geom
          FROM changed change JOIN assets_pipe pipe ON pipe.id = change.row_id
         WHERE change.table_name = 'assets_pipe'
        UNION ALL
        SELECT node.geom
          FROM changed change JOIN assets_attachment attachment ON attachment.id = change.row_id
          JOIN assets_node node ON node.id = attachment.node_id
         WHERE change.table_name = 'assets_attachment'
    ), grouped AS (
        SELECT geom, ST_ClusterDBSCAN(geom, 0.001, 1) OVER () AS area FROM touched WHERE geom IS NOT NULL
    )
    INSERT INTO assets_dirtyarea (network_id, edit_id, geom, made_at)
    SELECT network, edit, ST_Expand(ST_Envelope(ST_Collect(geom)), 0.00002)::geometry(Polygon, 4326), now()
      FROM grouped GROUP BY area;
END $$;
