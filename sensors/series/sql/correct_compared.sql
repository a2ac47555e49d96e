-- Keep values sent again with another value as corrections, one edit for each datastream.
-- Inputs: compared_observation; reason; user. Output: the number of corrections (the statement's row count).
WITH edit AS (
    INSERT INTO sensors_seriesedit (uid, datastream_id, division_id, code, reason, made_by_id)
    SELECT gen_random_uuid(), stream.id, stream.division_id, 'resent', %(reason)s, %(user)s
      FROM (SELECT DISTINCT datastream_id FROM compared_observation WHERE feed_value IS NOT NULL) corrected
      JOIN sensors_datastream stream ON stream.id = corrected.datastream_id
     ORDER BY stream.id
    RETURNING id, datastream_id
)
INSERT INTO sensors_correction (datastream_id, time, edit_id, value, is_manual)
SELECT compared.datastream_id, compared.time, edit.id, compared.value, false
  FROM compared_observation compared JOIN edit USING (datastream_id)
 WHERE compared.feed_value IS NOT NULL
