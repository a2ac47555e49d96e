-- Clear the flags of the checked zones that were not found again.
-- Inputs: found_flag, checked_zone. Output: cleared_at of sensors_qualityflag.
-- Invariant: afterwards each open flag of a checked zone is among the found ones, with the same end, severity and measure.
UPDATE sensors_qualityflag
   -- A clock that ran ahead when the flag was made must not keep it for ever.
   SET cleared_at = greatest(statement_timestamp(), made_at)
 WHERE id IN (
       SELECT flag.id
         FROM checked_zone zone
         JOIN sensors_qualityflag flag
           ON flag.datastream_id = zone.datastream_id AND flag.cleared_at IS NULL
          AND flag.time >= zone.since AND flag.time < zone.until AND flag.rule = ANY (zone.rules)
         LEFT JOIN found_flag found
           ON found.datastream_id = flag.datastream_id AND found.time = flag.time AND found.rule = flag.rule
          AND found.severity = flag.severity AND found.end_time IS NOT DISTINCT FROM flag.end_time
          AND found.measure IS NOT DISTINCT FROM flag.measure
        WHERE found.datastream_id IS NULL)
