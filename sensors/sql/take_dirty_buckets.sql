-- Take dirty hours out of the log, oldest first. Inputs: limit; streams: ids, or null for all.
-- Output: taken_bucket (datastream_id, day, hours), which lives until the transaction ends.
CREATE TEMPORARY TABLE taken_bucket ON COMMIT DROP AS
WITH gone AS (
    DELETE FROM sensors_dirtybucket
     WHERE id IN (SELECT id FROM sensors_dirtybucket
                   WHERE %(streams)s::bigint[] IS NULL OR datastream_id = ANY (%(streams)s)
                   ORDER BY id LIMIT %(limit)s)
    RETURNING datastream_id, day, hours
)
SELECT datastream_id, day, bit_or(hours) AS hours FROM gone GROUP BY datastream_id, day
