-- Compare hours with the neighbours' same hours. Inputs: neighbour_target (datastream_id, hour, minimum_difference, factor,
--   minimum_correlation). Output: rows of found_flag, one for each hour that differs from what is usual.
INSERT INTO found_flag (datastream_id, time, end_time, rule, severity, measure, threshold)
SELECT target.datastream_id, target.hour, target.hour + interval '1 hour', 'neighbours', 'suspect',
       CASE WHEN differs THEN deviation ELSE baseline.correlation END,
       CASE WHEN differs THEN allowed ELSE target.minimum_correlation END
  FROM neighbour_target target
  JOIN sensors_neighbourbaseline baseline ON baseline.datastream_id = target.datastream_id
  JOIN sensors_datastream stream ON stream.id = target.datastream_id
  JOIN sensors_hourlyvalue own ON own.datastream_id = target.datastream_id AND own.hour = target.hour
  CROSS JOIN LATERAL (
      SELECT percentile_cont(0.5) WITHIN GROUP (
                 ORDER BY own.mean - theirs.mean * other.unit_factor / stream.unit_factor - neighbour.middle) AS deviation
        FROM unnest(baseline.neighbours, baseline.offsets) AS neighbour (id, middle)
        JOIN sensors_datastream other ON other.id = neighbour.id
        JOIN sensors_hourlyvalue theirs ON theirs.datastream_id = other.id AND theirs.hour = target.hour
  ) beside
  CROSS JOIN LATERAL (
      SELECT greatest(target.minimum_difference, target.factor * baseline.spread) AS allowed
  ) compared
  CROSS JOIN LATERAL (SELECT coalesce(abs(deviation) > allowed, false) AS differs) verdict
 WHERE deviation IS NOT NULL AND (differs OR baseline.correlation < target.minimum_correlation)
