-- Networks in figures, kept with the revision that they are of.
-- Input: networks (ids).
-- Effect: the summary of each of them whose revision is no longer that of its state is counted anew.
-- Invariant: the revision is read in the snapshot that is counted, so a change that comes meanwhile makes the summary old.
WITH stale AS (
    SELECT state.network_id, state.revision FROM assets_networkstate state
     WHERE state.network_id = ANY(%(networks)s)
       AND NOT EXISTS (SELECT FROM assets_networksummary summary
                        WHERE summary.network_id = state.network_id AND summary.revision = state.revision)
), node_count AS (
    SELECT node.network_id, count(*) FILTER (WHERE code_class = 'node' AND lifecycle <> 'removed') AS nodes,
           count(*) FILTER (WHERE code_class = 'device' AND lifecycle <> 'removed') AS devices, ST_Extent(geom) AS box
      FROM stale JOIN assets_node node USING (network_id) GROUP BY 1
), pipe_count AS (
    SELECT pipe.network_id, count(*) AS pipes, sum(coalesce(stated_length_m, geodesic_length_m)) AS length_m
      FROM stale JOIN assets_pipe pipe USING (network_id)
     WHERE NOT pipe.is_connector AND pipe.lifecycle <> 'removed' GROUP BY 1
), zone_count AS (
    SELECT zone.network_id, count(*) AS zones, ST_Extent(geom) AS box
      FROM stale JOIN assets_zone zone USING (network_id) GROUP BY 1
), counted AS (
    SELECT network_id, revision, coalesce(nodes, 0) AS nodes, coalesce(devices, 0) AS devices, coalesce(pipes, 0) AS pipes,
           coalesce(zones, 0) AS zones, coalesce(length_m, 0) AS length_m,
           ST_Collect(node_count.box::geometry, zone_count.box::geometry) AS extent
      FROM stale LEFT JOIN node_count USING (network_id) LEFT JOIN pipe_count USING (network_id)
      LEFT JOIN zone_count USING (network_id)
)
INSERT INTO assets_networksummary (network_id, revision, nodes, devices, pipes, zones, length_m, extent)
SELECT network_id, revision, nodes, devices, pipes, zones, length_m,
       CASE WHEN NOT ST_IsEmpty(extent)
            THEN ARRAY[ST_XMin(extent), ST_YMin(extent), ST_XMax(extent), ST_YMax(extent)] END
  FROM counted
 -- In one order, so that two readers of the same networks wait for each other and not in a circle.
 ORDER BY network_id
    ON CONFLICT (network_id) DO UPDATE
   SET revision = excluded.revision, nodes = excluded.nodes, devices = excluded.devices, pipes = excluded.pipes,
       zones = excluded.zones, length_m = excluded.length_m, extent = excluded.extent
 WHERE assets_networksummary.revision < excluded.revision
