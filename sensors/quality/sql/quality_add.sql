-- Add the found flags that do not hold already. Inputs: found_flag. Output: rows of sensors_qualityflag.
INSERT INTO sensors_qualityflag (datastream_id, time, end_time, rule, severity, measure, threshold, made_at)
SELECT DISTINCT ON (datastream_id, time, rule)
       datastream_id, time, end_time, rule, severity, measure, threshold, statement_timestamp()
  FROM found_flag
 -- A value that is doubtful twice under one rule is told once, by the worse.
 ORDER BY datastream_id, time, rule, severity = 'fail' DESC, measure
    ON CONFLICT (datastream_id, time, rule) WHERE cleared_at IS NULL DO NOTHING
