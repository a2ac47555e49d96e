-- Junctions whose pressure fell below a limit at some instant of a simulation, the lowest first.
-- Inputs: run: its id; below: the limit (m of water); row_limit.
-- Output: uid (text), kind, code, longitude, latitude, zone code, lowest pressure (m), time of it (s since the beginning), and
-- how many there are in all. Sources, tanks and devices have no customers at them: their pressure is nobody's.
WITH lowest AS (
    SELECT result.node_id, least.pressure_m, run.times_s[least.place] AS time_s
      FROM assets_noderesult result
      JOIN assets_simulationrun run ON run.id = result.run_id
     CROSS JOIN LATERAL (
           SELECT pressure_m, place FROM unnest(result.pressure_m) WITH ORDINALITY each (pressure_m, place)
            ORDER BY pressure_m, place LIMIT 1) least
     WHERE result.run_id = %(run)s AND least.pressure_m < %(below)s
)
SELECT node.uid::text, node.kind, node.code, ST_X(node.geom), ST_Y(node.geom), zone.code,
       round(lowest.pressure_m::numeric, 2)::float8, lowest.time_s, count(*) OVER ()
  FROM lowest JOIN assets_node node ON node.id = lowest.node_id LEFT JOIN assets_zone zone ON zone.id = node.zone_id
 WHERE node.kind = 'junction'
 ORDER BY lowest.pressure_m, node.code, node.id
 LIMIT %(row_limit)s
