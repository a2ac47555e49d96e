-- What an isolation concerns, with its place.
-- Inputs: network, pipe: ids; at: share of the pipe where it broke; pipes, cut_off: ids; close, held_by, passed: codes of devices.
-- Output: role, element (pipe or node), uid, code, kind, reason (of a valve that is passed), distance_m from the break (valves
-- only), geometry as GeoJSON in degrees. Pipes first, then valves from near to far, then nodes that lose their supply.
WITH broken AS (
    SELECT ST_LineInterpolatePoint(geom, %(at)s) AS place FROM assets_pipe WHERE id = %(pipe)s
), valves AS (
    SELECT CASE WHEN node.code = ANY (%(close)s) THEN 'close' WHEN node.code = ANY (%(held_by)s) THEN 'held_by' ELSE 'passed' END AS role,
           node.uid, node.code, node.kind, node.geom,
           CASE WHEN node.code = ANY (%(passed)s) THEN
                CASE WHEN valve.is_broken THEN 'broken' WHEN NOT valve.is_accessible THEN 'inaccessible' ELSE 'said' END END AS reason,
           ST_Distance(node.geom::geography, broken.place::geography) AS distance_m
      FROM assets_node node
      CROSS JOIN broken
      LEFT JOIN assets_valvedetail valve ON valve.node_id = node.id
     WHERE node.network_id = %(network)s AND node.code_class = 'device'
       AND (node.code = ANY (%(close)s) OR node.code = ANY (%(held_by)s) OR node.code = ANY (%(passed)s))
)
SELECT role, element, uid, code, kind, reason, round(distance_m::numeric, 1)::float8, ST_AsGeoJSON(geom, 7)::json
  FROM (
    SELECT 1 AS part, 'pipe' AS role, 'pipe' AS element, uid, code, 'pipe' AS kind, NULL AS reason, NULL::float8 AS distance_m, geom
      FROM assets_pipe WHERE id = ANY (%(pipes)s)
    UNION ALL
    SELECT 2, role, 'node', uid, code, kind, reason, distance_m, geom FROM valves
    UNION ALL
    SELECT 3, 'cut_off', 'node', uid, code, kind, NULL, NULL, geom FROM assets_node WHERE id = ANY (%(cut_off)s)
  ) concerned
 ORDER BY part, distance_m, code
