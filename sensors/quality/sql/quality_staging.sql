SET LOCAL client_min_messages = warning;
-- What a check found, and where it looked for what; they live until the transaction ends.
DROP TABLE IF EXISTS found_flag, checked_zone;
CREATE TEMPORARY TABLE found_flag (
    datastream_id bigint NOT NULL,
    time timestamptz NOT NULL,
    end_time timestamptz,
    rule text NOT NULL,
    severity text NOT NULL,
    measure double precision,
    threshold double precision
) ON COMMIT DROP;
CREATE TEMPORARY TABLE checked_zone (
    datastream_id bigint NOT NULL,
    rules text[] NOT NULL,
    since timestamptz NOT NULL,
    until timestamptz NOT NULL
) ON COMMIT DROP;
