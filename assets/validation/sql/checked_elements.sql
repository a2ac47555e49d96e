-- What the checks read of the elements on the ground.
-- Inputs: network: id; checked_node_id, checked_pipe_id (id).
-- Output: temporary tables
--   checked_node: the nodes' rows, with the number of lines at each: `present` not removed, `degree` in service;
--   checked_pipe: the lines' rows;
--   node_pipe: the lines that are not removed at each checked node; a line back to its node is there twice;
--   checked_zone: the zones of the nodes, those whose edge they are, and the zones above these;
--   found: what the checks find.
CREATE UNIQUE INDEX ON checked_node_id (id);
CREATE UNIQUE INDEX ON checked_pipe_id (id);
ANALYZE checked_node_id;
ANALYZE checked_pipe_id;
CREATE TEMPORARY TABLE node_pipe AS
SELECT checked.id AS node_id, pipe.id AS pipe_id, true AS is_start, pipe.end_node_id AS other_id, pipe.is_connector,
       pipe.lifecycle = 'in_service' AS is_live, pipe.diameter_m, pipe.material, pipe.status, pipe.has_check_valve
  FROM checked_node_id checked JOIN assets_pipe pipe ON pipe.start_node_id = checked.id
 WHERE pipe.lifecycle <> 'removed'
UNION ALL
SELECT checked.id, pipe.id, false, pipe.start_node_id, pipe.is_connector,
       pipe.lifecycle = 'in_service', pipe.diameter_m, pipe.material, pipe.status, pipe.has_check_valve
  FROM checked_node_id checked JOIN assets_pipe pipe ON pipe.end_node_id = checked.id
 WHERE pipe.lifecycle <> 'removed';
CREATE INDEX ON node_pipe (node_id);
ANALYZE node_pipe;
CREATE TEMPORARY TABLE checked_node AS
SELECT node.*, coalesce(counted.present, 0) AS present, coalesce(counted.degree, 0) AS degree
  FROM checked_node_id checked
  JOIN assets_node node ON node.id = checked.id
  LEFT JOIN (SELECT node_id, count(*) AS present, count(*) FILTER (WHERE is_live) AS degree
               FROM node_pipe GROUP BY node_id) counted ON counted.node_id = checked.id;
ANALYZE checked_node;
CREATE TEMPORARY TABLE checked_pipe AS
SELECT pipe.* FROM checked_pipe_id checked JOIN assets_pipe pipe ON pipe.id = checked.id;
ANALYZE checked_pipe;
CREATE TEMPORARY TABLE checked_zone AS
WITH RECURSIVE touched AS (
    SELECT zone_id AS id FROM checked_node WHERE zone_id IS NOT NULL
    UNION
    SELECT connection.zone_id FROM checked_node node JOIN assets_zoneconnection connection ON connection.node_id = node.id
    UNION
    SELECT zone.parent_id FROM touched JOIN assets_zone zone ON zone.id = touched.id WHERE zone.parent_id IS NOT NULL
)
SELECT zone.id, zone.uid, zone.code, zone.geom FROM (SELECT DISTINCT id FROM touched) touched JOIN assets_zone zone ON zone.id = touched.id;
ANALYZE checked_zone;
CREATE TEMPORARY TABLE found (
    check_code text, nodes bigint[], pipes bigint[], other_nodes bigint[], other_pipes bigint[], geom geometry, facts jsonb
)
