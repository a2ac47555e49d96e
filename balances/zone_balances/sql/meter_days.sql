-- What zone meters measured on the local days of some months, from final values.
-- Inputs: temporary table wanted_meter_month (datastream_id, month), time_zone, as_of (values known then). A flow stamped t
--   is the mean over the interval that ends at t; a stamp a little off counts for the interval it falls in, and several
--   stamps in one interval for their mean.
-- Output: rows of balances_meterday, one for each day of the month; of power (kW) in kWh.
-- Invariants: a gap is filled with the meter's mean at that hour of the day within the month, or its mean of the month: a
--   month does not depend on others. Days are differences of rounded sums, so that they add up to the month's rounded sum.
--   Sums are exact (numeric): in floating point they would depend on the order in which rows happen to come.
--   A tank's content at a midnight is interpolated between the nearest values within 48 hours on either side; where a series
--   begins or ends there, its outermost value within two intervals (an hour at least) holds. It is kept
--   above that of the month's first known midnight, so that days sum to the month's change to the litre.
WITH wanted AS MATERIALIZED (
    SELECT stream.id, wanted.month, stream.observed_property, stream.interval_s, stream.unit_factor,
           wanted.month::timestamp AT TIME ZONE %(time_zone)s AS since,
           (wanted.month + interval '1 month') AT TIME ZONE %(time_zone)s AS until
      FROM wanted_meter_month wanted JOIN sensors_datastream stream ON stream.id = wanted.datastream_id
), slot_value AS (
    -- Every slot is there once without a value, so that missing ones are seen; no join is needed for that.
    SELECT wanted.id, wanted.month, slot, NULL::numeric AS value
      FROM wanted
     CROSS JOIN LATERAL generate_series(
           1, ceil(extract(epoch FROM wanted.until - wanted.since) / wanted.interval_s)::bigint) AS slot
     WHERE wanted.observed_property IN ('flow', 'power')
    UNION ALL
    SELECT wanted.id, wanted.month, ceil(extract(epoch FROM final.time - wanted.since) / wanted.interval_s)::bigint,
           CASE WHEN abs(final.value) < 1e-290 THEN 0 ELSE final.value * wanted.unit_factor END::numeric
      FROM wanted
     CROSS JOIN LATERAL sensors_final(ARRAY[wanted.id], wanted.since, wanted.until + interval '1 microsecond',
                                      %(as_of)s::timestamptz) final
     WHERE wanted.observed_property IN ('flow', 'power') AND final.time > wanted.since
), slotted AS (
    SELECT id, month, slot_value.slot, avg(slot_value.value) AS value, wanted.interval_s,
           (wanted.since + make_interval(secs => wanted.interval_s::float8 * (slot_value.slot - 1)))
               AT TIME ZONE %(time_zone)s AS local_start
      FROM slot_value JOIN wanted USING (id, month)
     GROUP BY id, month, slot_value.slot, wanted.interval_s, wanted.since
), typical AS (
    SELECT slotted.*, avg(value) OVER (PARTITION BY id, month, extract(hour FROM local_start)) AS at_hour,
           avg(value) OVER (PARTITION BY id, month) AS of_month
      FROM slotted
), filled AS (
    SELECT *, coalesce(value, at_hour, of_month) * interval_s / 3600.0 AS volume FROM typical
), flow_day AS (
    SELECT id, month, local_start::date AS day, sum(CASE WHEN volume < 0 THEN 0 ELSE volume END) AS forward,
           sum(CASE WHEN volume > 0 THEN 0 ELSE -volume END) AS backward,
           coalesce(sum(abs(volume)) FILTER (WHERE value IS NULL), 0)::float8 AS filled_m3,
           count(*) AS expected, count(value) AS received
      FROM filled GROUP BY 1, 2, 3
), flow AS (
    SELECT *, round(sum(forward) OVER upto, 3) AS forward_upto, round(sum(backward) OVER upto, 3) AS backward_upto
      FROM flow_day WINDOW upto AS (PARTITION BY id, month ORDER BY day)
), midnight AS (
    SELECT wanted.id, wanted.observed_property, wanted.unit_factor, wanted.interval_s, local_day::date AS day,
           local_day AT TIME ZONE %(time_zone)s AS instant
      FROM wanted
     CROSS JOIN LATERAL generate_series(wanted.month::timestamp, wanted.month + interval '1 month', interval '1 day') local_day
     WHERE wanted.observed_property IN ('level', 'volume')
     GROUP BY 1, 2, 3, 4, 5, 6
), near AS (
    SELECT midnight.id, midnight.day, midnight.instant, midnight.observed_property, final.time,
           abs(extract(epoch FROM final.time - midnight.instant)) <= greatest(2 * midnight.interval_s, 3600) AS is_close,
           CASE WHEN abs(final.value) < 1e-290 THEN 0 ELSE final.value * midnight.unit_factor END AS value
      FROM midnight
     CROSS JOIN LATERAL sensors_final(ARRAY[midnight.id], midnight.instant - interval '48 hours' + interval '1 microsecond',
                                      midnight.instant + interval '48 hours', %(as_of)s::timestamptz) final
), earlier AS (
    SELECT DISTINCT ON (id, day) * FROM near WHERE time <= instant ORDER BY id, day, time DESC
), later AS (
    SELECT DISTINCT ON (id, day) * FROM near WHERE time >= instant ORDER BY id, day, time
), level AS (
    SELECT id, day, coalesce(earlier.observed_property, later.observed_property) AS observed_property,
           CASE WHEN later.time IS NULL THEN CASE WHEN earlier.is_close THEN earlier.value END
                WHEN earlier.time IS NULL THEN CASE WHEN later.is_close THEN later.value END
                WHEN earlier.time = later.time THEN earlier.value
                ELSE earlier.value + (later.value - earlier.value)
                     * extract(epoch FROM earlier.instant - earlier.time) / extract(epoch FROM later.time - earlier.time)
           END AS value
      FROM earlier FULL JOIN later USING (id, day)
), content AS (
    SELECT level.id, level.day,
           (CASE WHEN level.observed_property = 'volume' THEN level.value
                 WHEN tank.volume_curve_id IS NOT NULL THEN on_curve.volume
                 WHEN tank.diameter_m > 0 THEN pi() / 4 * tank.diameter_m ^ 2 * level.value END)::numeric AS volume
      FROM level
      JOIN sensors_datastream stream ON stream.id = level.id
      JOIN sensors_thing thing ON thing.id = stream.thing_id
      LEFT JOIN assets_attachment attachment ON attachment.id = thing.attachment_id
      LEFT JOIN assets_tankdetail tank ON tank.node_id = attachment.node_id
      LEFT JOIN assets_curve curve ON curve.id = tank.volume_curve_id
      -- Straight between the curve's points; beyond its ends as its outermost pieces go on.
      LEFT JOIN LATERAL (
          SELECT y + (next_y - y) * (level.value - x) / (next_x - x) AS volume
            FROM (SELECT x, y, lead(x) OVER (ORDER BY x) AS next_x, lead(y) OVER (ORDER BY x) AS next_y,
                         row_number() OVER (ORDER BY x) AS place
                    FROM unnest(curve.x_values, curve.y_values) AS point (x, y)) piece
           WHERE next_x > x AND (level.value >= x OR place = 1)
           ORDER BY x DESC LIMIT 1
      ) on_curve ON true
), known AS (
    SELECT wanted.id, wanted.month, content.day,
           round(content.volume - first_value(content.volume) OVER (PARTITION BY wanted.id, wanted.month
                                                                    ORDER BY content.day), 3) AS above_first
      FROM wanted
      JOIN content ON content.id = wanted.id AND content.day BETWEEN wanted.month AND wanted.month + interval '1 month'
     WHERE content.volume IS NOT NULL
), stored AS (
    SELECT wanted.id, local_day::date AS day, opening.above_first AS start_m3, closing.above_first AS end_m3
      FROM wanted
     CROSS JOIN LATERAL generate_series(wanted.month::timestamp, wanted.month + interval '1 month' - interval '1 day',
                                        interval '1 day') local_day
      LEFT JOIN known opening ON (opening.id, opening.month, opening.day) = (wanted.id, wanted.month, local_day::date)
      LEFT JOIN known closing ON (closing.id, closing.month, closing.day) = (wanted.id, wanted.month, local_day::date + 1)
     WHERE wanted.observed_property IN ('level', 'volume')
)
INSERT INTO balances_meterday (datastream_id, day, forward_m3, backward_m3, filled_m3, expected, received, start_m3, end_m3)
SELECT id, day, forward_upto - coalesce(lag(forward_upto) OVER upto, 0),
       backward_upto - coalesce(lag(backward_upto) OVER upto, 0), filled_m3, expected, received, NULL::numeric, NULL::numeric
  FROM flow WINDOW upto AS (PARTITION BY id, month ORDER BY day)
UNION ALL
SELECT id, day, NULL, NULL, 0, 0, 0, start_m3, end_m3 FROM stored
 ORDER BY 1, 2
    ON CONFLICT (datastream_id, day) DO UPDATE
   SET forward_m3 = excluded.forward_m3, backward_m3 = excluded.backward_m3, filled_m3 = excluded.filled_m3,
       expected = excluded.expected, received = excluded.received, start_m3 = excluded.start_m3, end_m3 = excluded.end_m3;
