-- The staging table of one load; it lives until the transaction ends.
DROP TABLE IF EXISTS incoming_observation;
CREATE TEMPORARY TABLE incoming_observation (
    datastream_id bigint NOT NULL,
    time timestamptz NOT NULL,
    value double precision NOT NULL
) ON COMMIT DROP;
