-- When the observations of a datastream lie: over its final numbers and its rich observations.
-- A datastream without observations has nulls.

CREATE OR REPLACE FUNCTION sensors_sta_extent(stream bigint)
    RETURNS TABLE (phenomenon_start timestamptz, phenomenon_end timestamptz, result_start timestamptz, result_end timestamptz)
    LANGUAGE sql STABLE ROWS 1
BEGIN ATOMIC
    SELECT least(series.first_time, rich.first_start), greatest(series.last_time, rich.last_end),
           least(CASE WHEN series.has_result_time THEN series.first_time END, rich.first_result),
           greatest(CASE WHEN series.has_result_time THEN series.last_time END, rich.last_result)
      FROM (SELECT min(phenomenon_start) AS first_start, max(coalesce(phenomenon_end, phenomenon_start)) AS last_end,
                   min(result_time) AS first_result, max(result_time) AS last_result
              FROM sensors_richobservation WHERE datastream_id = stream AND deleted_at IS NULL) rich
      LEFT JOIN (SELECT datastream.has_result_time, latest.time AS last_time,
                        -- The first raw value may have been deleted since.
                        CASE WHEN EXISTS (SELECT 1 FROM sensors_correction correction
                                           WHERE correction.datastream_id = stream AND correction.time = latest.first_time
                                             AND correction.value IS NULL)
                             THEN (SELECT min(final.time)
                                     FROM sensors_final(ARRAY[stream], latest.first_time,
                                                        latest.time + interval '1 microsecond', 'infinity') final)
                             ELSE latest.first_time END AS first_time
                   FROM sensors_latestobservation latest JOIN sensors_datastream datastream ON datastream.id = latest.datastream_id
                  WHERE latest.datastream_id = stream) series ON true;
END;

CREATE OR REPLACE FUNCTION sensors_sta_multi_extent(stream bigint)
    RETURNS TABLE (phenomenon_start timestamptz, phenomenon_end timestamptz, result_start timestamptz, result_end timestamptz)
    LANGUAGE sql STABLE ROWS 1
BEGIN ATOMIC
    SELECT min(rich.phenomenon_start), max(coalesce(rich.phenomenon_end, rich.phenomenon_start)),
           min(rich.result_time), max(rich.result_time)
      FROM sensors_richobservation rich WHERE rich.multi_datastream_id = stream AND rich.deleted_at IS NULL;
END;
