-- What a simulation computed for pipes at one of its instants.
-- Inputs: run: its id; at: the place of the instant in the run's times, from 1.
-- Output: uid (text), flow (m3/h, positive from start to end), velocity (m/s; null where the diameter is not known).
SELECT pipe.uid::text, round(result.flow_m3h[%(at)s]::numeric, 3)::float8,
       round((abs(result.flow_m3h[%(at)s]) / 3600 / (pi() / 4 * pipe.diameter_m ^ 2))::numeric, 3)::float8
  FROM assets_linkresult result JOIN assets_pipe pipe ON pipe.id = result.pipe_id
 WHERE result.run_id = %(run)s AND NOT pipe.is_connector
