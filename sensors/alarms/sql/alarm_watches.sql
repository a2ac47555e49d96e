-- Make a rule watch each datastream it is about. Inputs: rule. Output: rows of sensors_alarmwatch.
-- What was received before the rule was made is looked at for the last day (or twice the rule's duration) only.
INSERT INTO sensors_alarmwatch (rule_id, datastream_id, evaluated_until)
SELECT rule.id, stream.id,
       CASE WHEN latest.received_at < rule.created_at
            THEN latest.time - greatest(interval '1 day', make_interval(secs => 2 * rule.raise_after_s))
            END
  FROM sensors_alarmrule rule
  JOIN gis_core_division division ON division.id = rule.division_id
  JOIN sensors_datastream stream ON stream.deleted_at IS NULL
   AND CASE WHEN rule.datastream_id IS NOT NULL THEN stream.id = rule.datastream_id
            ELSE stream.observed_property = rule.observed_property END
  JOIN gis_core_division own ON own.id = stream.division_id AND starts_with(own.path, division.path)
  LEFT JOIN sensors_latestobservation latest ON latest.datastream_id = stream.id
 WHERE rule.id = %(rule)s
   AND (rule.network_id IS NULL
        OR EXISTS (SELECT 1 FROM sensors_thing thing JOIN assets_attachment place ON place.id = thing.attachment_id
                    WHERE thing.id = stream.thing_id AND place.network_id = rule.network_id))
   AND NOT EXISTS (SELECT 1 FROM sensors_alarmwatch watch
                    WHERE watch.rule_id = rule.id AND watch.datastream_id = stream.id)
    ON CONFLICT (rule_id, datastream_id) DO NOTHING
