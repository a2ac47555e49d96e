-- What Django's models cannot say of the tables of sensors, and the partitioned tables.

-- Raw observations, partitioned by UTC month of `time`; partitions are made by sensors_make_partition.
-- Invariants: one raw value per datastream and instant, wherever it is stored; finite values only; raw values are never
-- rewritten; every change of a value marks the hours it touches as dirty and brings the latest value up to date.

CREATE TABLE sensors_observation (
    datastream_id bigint NOT NULL REFERENCES sensors_datastream (id),
    time timestamptz NOT NULL,
    value double precision NOT NULL,
    received_at timestamptz NOT NULL DEFAULT statement_timestamp(),
    PRIMARY KEY (datastream_id, time),
    CONSTRAINT observation_value_finite
        CHECK (value > '-Infinity'::float8 AND value < 'Infinity'::float8)
) PARTITION BY RANGE (time);

-- Final values that stand over raw ones. The last word of a person wins over what a feed or an estimate says; what is
-- later is told by the order of edits and not by a clock, since clocks jump.
CREATE TABLE sensors_correction (
    datastream_id bigint NOT NULL REFERENCES sensors_datastream (id),
    time timestamptz NOT NULL,
    edit_id bigint NOT NULL REFERENCES sensors_seriesedit (id),
    value double precision,
    is_manual boolean NOT NULL,
    -- Whether there was no raw value when it was made: then a raw one that comes later stands over it.
    fills_gap boolean NOT NULL DEFAULT false,
    made_at timestamptz NOT NULL DEFAULT statement_timestamp(),
    PRIMARY KEY (datastream_id, time, edit_id),
    CONSTRAINT correction_value_finite
        CHECK (value > '-Infinity'::float8 AND value < 'Infinity'::float8)
) PARTITION BY RANGE (time);

-- Raw values of closed months, some hundreds of one datastream in a row of arrays (sql/packing.sql says how).
-- What all observations of a row share stands once: `step_us` instead of time_offsets_us, `received_at` instead of
-- received_lags_us. A value is scaled / 10 ^ value_scale where that is the same number bit for bit, else a float.
CREATE TABLE sensors_packedobservation (
    datastream_id bigint NOT NULL REFERENCES sensors_datastream (id),
    first_time timestamptz NOT NULL,
    last_time timestamptz NOT NULL,
    count integer NOT NULL,
    step_us bigint,
    time_offsets_us bigint[],
    value_scale smallint,
    small_values smallint[],
    scaled_values integer[],
    float_values double precision[],
    received_at timestamptz,
    received_lags_us integer[],
    received_long_lags_us bigint[],
    PRIMARY KEY (datastream_id, first_time),
    CONSTRAINT packed_observation_times
        CHECK (count > 0 AND last_time >= first_time AND num_nonnulls(step_us, time_offsets_us) = 1),
    CONSTRAINT packed_observation_values
        CHECK (num_nonnulls(small_values, scaled_values, float_values) = 1
               AND (value_scale IS NULL) = (float_values IS NOT NULL)),
    CONSTRAINT packed_observation_arrivals
        CHECK (num_nonnulls(received_at, received_lags_us, received_long_lags_us) = 1),
    CONSTRAINT packed_observation_whole
        CHECK (count = coalesce(cardinality(small_values), cardinality(scaled_values), cardinality(float_values))
               AND count = coalesce(cardinality(time_offsets_us), count)
               AND count = coalesce(cardinality(received_lags_us), cardinality(received_long_lags_us), count))
) PARTITION BY RANGE (first_time);

-- What belongs to a thing is shown to the thing's division, and a thing on the network to the network's.
ALTER TABLE assets_attachment ADD CONSTRAINT attachment_in_division UNIQUE (id, division_id);
ALTER TABLE sensors_thing ADD CONSTRAINT thing_in_division UNIQUE (id, division_id);
ALTER TABLE sensors_datastream ADD CONSTRAINT datastream_in_division UNIQUE (id, division_id);
ALTER TABLE sensors_multidatastream ADD CONSTRAINT multi_datastream_in_division UNIQUE (id, division_id);
ALTER TABLE sensors_thing ADD CONSTRAINT thing_attachment_division
    FOREIGN KEY (attachment_id, division_id) REFERENCES assets_attachment (id, division_id)
    ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE sensors_datastream ADD CONSTRAINT datastream_thing_division
    FOREIGN KEY (thing_id, division_id) REFERENCES sensors_thing (id, division_id)
    ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE sensors_multidatastream ADD CONSTRAINT multi_datastream_thing_division
    FOREIGN KEY (thing_id, division_id) REFERENCES sensors_thing (id, division_id)
    ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE sensors_richobservation ADD CONSTRAINT rich_observation_datastream_division
    FOREIGN KEY (datastream_id, division_id) REFERENCES sensors_datastream (id, division_id)
    ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE sensors_richobservation ADD CONSTRAINT rich_observation_multi_division
    FOREIGN KEY (multi_datastream_id, division_id) REFERENCES sensors_multidatastream (id, division_id)
    ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED;

-- One row a datastream, changed with each batch: room on the page keeps the updates there.
ALTER TABLE sensors_latestobservation SET (fillfactor = 70);
ALTER TABLE sensors_dirtybucket SET (autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05);
CREATE INDEX sensors_dirtybucket_of ON sensors_dirtybucket (datastream_id, day);

ALTER TABLE sensors_uncheckedbucket
    SET (autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05);
ALTER TABLE sensors_qualityrule ADD CONSTRAINT quality_rule_parameters_object CHECK (jsonb_typeof(parameters) = 'object');

-- Rules and alarms of a datastream are shown to its division.
ALTER TABLE sensors_qualityrule ADD CONSTRAINT quality_rule_datastream_division
    FOREIGN KEY (datastream_id, division_id) REFERENCES sensors_datastream (id, division_id)
    ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE sensors_alarmrule ADD CONSTRAINT alarm_rule_datastream_division
    FOREIGN KEY (datastream_id, division_id) REFERENCES sensors_datastream (id, division_id)
    ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE sensors_alarm ADD CONSTRAINT alarm_datastream_division
    FOREIGN KEY (datastream_id, division_id) REFERENCES sensors_datastream (id, division_id)
    ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED;

-- A regulator is what its node is, and is shown to the node's division.
ALTER TABLE assets_node ADD CONSTRAINT node_in_division UNIQUE (id, division_id);
ALTER TABLE sensors_regulator ADD CONSTRAINT regulator_of_its_kind
    FOREIGN KEY (node_id, node_kind) REFERENCES assets_node (id, kind) ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE sensors_regulator ADD CONSTRAINT regulator_node_division
    FOREIGN KEY (node_id, division_id) REFERENCES assets_node (id, division_id)
    ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE sensors_regulator ADD CONSTRAINT regulator_in_division UNIQUE (id, division_id);
ALTER TABLE sensors_regulatorcommand ADD CONSTRAINT regulator_command_division
    FOREIGN KEY (regulator_id, division_id) REFERENCES sensors_regulator (id, division_id)
    ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED;
