-- What a simulation computed for nodes at one of its instants.
-- Inputs: run: its id; at: the place of the instant in the run's times, from 1.
-- Output: uid (text), pressure (m of water), head (m).
SELECT node.uid::text, round(result.pressure_m[%(at)s]::numeric, 2)::float8, round(result.head_m[%(at)s]::numeric, 2)::float8
  FROM assets_noderesult result JOIN assets_node node ON node.id = result.node_id
 WHERE result.run_id = %(run)s
