-- What a new installation starts with, in canonical units: wide enough that a healthy network shows no flag.
INSERT INTO sensors_qualityrule (uid, observed_property, kind, rule, parameters, is_enabled, changed_at)
SELECT gen_random_uuid(), observed_property, kind, rule, parameters::jsonb, true, now()
  FROM (VALUES
    ('', '', 'gap', '{"suspect_steps": 1.5, "fail_steps": 12}'),
    ('', '', 'duplicate', '{"step_share": 0.05}'),
    ('', '', 'future_stamp', '{"suspect_s": 300, "fail_s": 86400}'),
    ('', '', 'clock_drift', '{"tolerance_s": 120, "days": 7}'),
    ('', 'counter', 'rollover', '{}'),
    ('pressure', '', 'range', '{"fail_minimum": -10, "fail_maximum": 400, "suspect_minimum": -1, "suspect_maximum": 200}'),
    ('flow', '', 'range', '{"fail_minimum": -200000, "fail_maximum": 200000}'),
    ('level', '', 'range', '{"fail_minimum": -1, "fail_maximum": 1000}'),
    ('temperature', '', 'range', '{"fail_minimum": -60, "fail_maximum": 200, "suspect_minimum": -45, "suspect_maximum": 110}'),
    ('chlorine', '', 'range', '{"fail_maximum": 20, "suspect_maximum": 5}'),
    ('turbidity', '', 'range', '{"fail_maximum": 4000, "suspect_maximum": 100}'),
    ('ph', '', 'range', '{"fail_minimum": 0, "fail_maximum": 14, "suspect_minimum": 5, "suspect_maximum": 10}'),
    ('position', '', 'range', '{"fail_minimum": -5, "fail_maximum": 105, "suspect_minimum": -1, "suspect_maximum": 101}'),
    ('pressure', '', 'spike', '{"method": "average", "suspect": 25, "fail": 60}'),
    ('level', '', 'spike', '{"method": "average", "suspect": 1.5, "fail": 4}'),
    ('temperature', '', 'spike', '{"method": "average", "suspect": 10, "fail": 25}'),
    ('pressure', '', 'flat_line', '{"suspect_s": 43200, "fail_s": 172800, "tolerance": 1e-06}'),
    ('flow', '', 'flat_line', '{"suspect_s": 86400, "fail_s": 259200, "tolerance": 1e-06}'),
    ('level', '', 'flat_line', '{"suspect_s": 86400, "fail_s": 259200, "tolerance": 1e-06}'),
    ('pressure', '', 'negative', '{"tolerance": 0.5, "severity": "suspect"}'),
    ('flow', '', 'negative', '{"tolerance": 0, "severity": "suspect"}'),
    ('level', '', 'negative', '{"tolerance": 0, "severity": "fail"}'),
    ('volume', '', 'negative', '{"tolerance": 0, "severity": "fail"}'),
    ('counter', '', 'negative', '{"tolerance": 0, "severity": "fail"}'),
    ('chlorine', '', 'negative', '{"tolerance": 0, "severity": "fail"}'),
    ('turbidity', '', 'negative', '{"tolerance": 0, "severity": "fail"}'),
    ('conductivity', '', 'negative', '{"tolerance": 0, "severity": "fail"}'),
    ('ph', '', 'negative', '{"tolerance": 0, "severity": "fail"}'),
    ('energy', '', 'negative', '{"tolerance": 0, "severity": "fail"}'),
    ('pressure', '', 'neighbours', '{"count": 3, "distance_m": 2000, "factor": 8, "minimum_difference": 5}')
) AS given (observed_property, kind, rule, parameters);

-- One sensor and one property for each quantity stand for the streams of our own registers.
INSERT INTO sensors_sensor (uid, code, name, description, encoding_type, metadata)
VALUES (gen_random_uuid(), 'register', 'Field device', 'A device of the registers; its thing says more.', 'text/plain',
        '"See the thing and the datastream."');
INSERT INTO sensors_observedproperty (uid, code, name, definition, description)
SELECT gen_random_uuid(), code, name, 'urn:tarmoq:quantity:' || code, name
  FROM (VALUES ('pressure', 'pressure'), ('flow', 'flow'), ('level', 'level'), ('volume', 'stored volume'),
               ('counter', 'counter reading'), ('temperature', 'temperature'), ('chlorine', 'free chlorine'),
               ('turbidity', 'turbidity'), ('conductivity', 'conductivity'), ('ph', 'acidity (pH)'), ('power', 'power'),
               ('energy', 'energy'), ('voltage', 'voltage'), ('current', 'electric current'), ('position', 'valve position'),
               ('state', 'state'), ('other', 'other')) quantity (code, name)
ON CONFLICT (code) DO NOTHING;
