-- Observations, partitioned by UTC month of `time`; partitions are made by sensors_make_partition.
-- Invariants: one value per datastream and instant; finite values only; raw values are never rewritten.

CREATE TABLE sensors_observation (
    datastream_id bigint NOT NULL REFERENCES sensors_datastream (id),
    time timestamptz NOT NULL,
    value double precision NOT NULL,
    received_at timestamptz NOT NULL DEFAULT statement_timestamp(),
    PRIMARY KEY (datastream_id, time),
    CONSTRAINT observation_value_finite
        CHECK (value > '-Infinity'::float8 AND value < 'Infinity'::float8)
) PARTITION BY RANGE (time);

-- Raw is immutable: a correction is a versioned edit beside it, never an update of it.
-- A row trigger is cloned to every partition, so it holds there too; TRUNCATE knows statement triggers only, so each
-- partition gets its own below. Retention drops whole partitions.
CREATE TRIGGER observation_is_immutable BEFORE UPDATE OR DELETE ON sensors_observation
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER observation_is_not_truncated BEFORE TRUNCATE ON sensors_observation
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- What belongs to a thing is shown to the thing's division, and a thing on the network to the network's.
ALTER TABLE assets_attachment ADD CONSTRAINT attachment_in_division UNIQUE (id, division_id);
ALTER TABLE sensors_thing ADD CONSTRAINT thing_in_division UNIQUE (id, division_id);
ALTER TABLE sensors_thing ADD CONSTRAINT thing_attachment_division
    FOREIGN KEY (attachment_id, division_id) REFERENCES assets_attachment (id, division_id)
    ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE sensors_datastream ADD CONSTRAINT datastream_thing_division
    FOREIGN KEY (thing_id, division_id) REFERENCES sensors_thing (id, division_id)
    ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED;

-- Make the partition that holds `instant`, unless it is there. The lock serialises makers of the same month.
CREATE FUNCTION sensors_make_partition(instant timestamptz) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    month_start timestamp := date_trunc('month', instant AT TIME ZONE 'UTC');
    partition text := 'sensors_observation_' || to_char(month_start, 'YYYY_MM');
BEGIN
    IF to_regclass(partition) IS NOT NULL THEN
        RETURN partition;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtext(partition));
    IF to_regclass(partition) IS NULL THEN
        EXECUTE format(
            'CREATE TABLE %I PARTITION OF sensors_observation FOR VALUES FROM (%L) TO (%L)',
            partition, month_start AT TIME ZONE 'UTC', (month_start + interval '1 month') AT TIME ZONE 'UTC');
        EXECUTE format(
            'CREATE TRIGGER observation_is_not_truncated BEFORE TRUNCATE ON %I '
            'FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()', partition);
    END IF;
    RETURN partition;
END $$;
