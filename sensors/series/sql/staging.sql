SET LOCAL client_min_messages = warning;
-- The staging tables of one load; they live until the transaction ends.
DROP TABLE IF EXISTS incoming_observation, compared_observation;
CREATE TEMPORARY TABLE incoming_observation (
    datastream_id bigint NOT NULL,
    time timestamptz NOT NULL,
    value double precision NOT NULL
) ON COMMIT DROP;
