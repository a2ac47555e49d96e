-- The newest stamp of some series before a moment.
-- Inputs: streams (ids), since, until (instants; until exclusive). Output: one row, one stamp; NULL where there is none.
SELECT max(time) FROM sensors_observation
 WHERE datastream_id = ANY (%(streams)s::bigint[]) AND time >= %(since)s AND time < %(until)s
