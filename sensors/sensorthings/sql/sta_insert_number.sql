-- Store one number of a series that is plainly new: the everyday case of a SensorThings POST, in one statement.
-- Inputs: stream; time; value; partition (its name); month (its first day); entity_id: the observation's id.
-- Output: one row inserted, or none where anything is known of the instant, its month has no partition yet or is packed:
--   then sensors/series/services/ingestion.py compares.
INSERT INTO sensors_observation (datastream_id, time, value)
SELECT stream.id, %(time)s::timestamptz, %(value)s::float8
  FROM sensors_datastream stream
 WHERE stream.id = %(stream)s AND stream.deleted_at IS NULL
   AND to_regclass(%(partition)s) IS NOT NULL
   AND NOT EXISTS (SELECT 1 FROM sensors_packedmonth packed WHERE packed.month = %(month)s::date)
   AND NOT EXISTS (SELECT 1 FROM sensors_correction correction
                    WHERE correction.datastream_id = %(stream)s AND correction.time = %(time)s::timestamptz)
   AND NOT EXISTS (SELECT 1 FROM sensors_richobservation rich
                    WHERE rich.sta_id = %(entity_id)s AND rich.deleted_at IS NULL)
    ON CONFLICT (datastream_id, time) DO NOTHING
