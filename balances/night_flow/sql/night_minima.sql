-- The least rolling hour of inflow - outflow - storage of each local night, 00 to 06.
-- Inputs: streams, signs, factors, intervals (arrays, one entry a flow meter), tanks, tank_intervals (level or volume
--   datastreams), segment_tank, segment_low, segment_base, segment_volume, segment_slope (arrays: level in canonical unit
--   from which a piece of a tank's volume curve holds, the level and volume where it begins, m3 a unit of level; of each tank
--   the lowest begins at -Infinity), factor_tank, tank_factor (unit factors of tanks), since, until (local days, until
--   exclusive), step_s (of the grid; it divides an hour), time_zone.
-- Output: night, at (end of the hour), flow_m3h (inflow - outflow), storage_m3h (into storage), meter_flows (m3/h of each
--   meter in the order of `streams`), coverage (of the meter or tank that sent least); at is NULL where no hour was known.
-- Invariants: a flow stamped t is the mean over the interval that ends at t, wherever in the grid it falls; an hour counts
--   only where every meter gave three quarters of it, and every tank a value within two hours on either side.
WITH night AS (
    SELECT day::date AS night, day AT TIME ZONE %(time_zone)s AS starts,
           (day + interval '6 hours') AT TIME ZONE %(time_zone)s AS ends
      FROM generate_series(%(since)s::timestamp, %(until)s::timestamp - interval '1 day', interval '1 day') AS day
), meter AS (
    SELECT * FROM unnest(%(streams)s::bigint[], %(signs)s::int[], %(factors)s::float8[], %(intervals)s::int[])
                  WITH ORDINALITY AS given (id, sign, factor, interval_s, place)
), measured AS MATERIALIZED (
    SELECT night.night, meter.place, meter.factor * final.value AS value,
           ceil(extract(epoch FROM final.time - night.starts) / meter.interval_s)::int AS slot
      FROM night
      CROSS JOIN LATERAL sensors_final(%(streams)s::bigint[], night.starts + interval '1 microsecond',
                                       night.ends + interval '1 microsecond', 'infinity') final
      JOIN meter ON meter.id = final.datastream_id
), slotted AS (
    SELECT night, place, slot, avg(value) AS value FROM measured GROUP BY 1, 2, 3
), covered AS (
    SELECT night.night, meter.place,
           coalesce(count(slotted.value) / greatest(1, floor(extract(epoch FROM night.ends - night.starts) / meter.interval_s)), 0)
               ::float8 AS share
      FROM night CROSS JOIN meter
      LEFT JOIN slotted ON slotted.night = night.night AND slotted.place = meter.place
     GROUP BY night.night, night.starts, night.ends, meter.place, meter.interval_s
), gridded AS (
    -- Each slot of a meter covers whole steps of the grid: those whose end lies within it.
    SELECT slotted.night, slotted.place, step,
           avg(slotted.value) AS value
      FROM slotted JOIN meter USING (place)
      CROSS JOIN LATERAL generate_series(
          floor((slotted.slot - 1) * meter.interval_s / %(step_s)s::float8)::int + 1,
          floor(slotted.slot * meter.interval_s / %(step_s)s::float8)::int) AS step
     GROUP BY 1, 2, 3
), grid AS (
    SELECT night.night, night.starts, step, night.starts + make_interval(secs => step * %(step_s)s::float8) AS at
      FROM night
      CROSS JOIN LATERAL generate_series(
          1, floor(extract(epoch FROM night.ends - night.starts) / %(step_s)s)::int) AS step
), rolling AS (
    SELECT grid.night, grid.step, grid.at, meter.place, meter.sign,
           avg(gridded.value) OVER hour_before AS flow_m3h, count(gridded.value) OVER hour_before AS known
      FROM grid CROSS JOIN meter
      LEFT JOIN gridded ON gridded.night = grid.night AND gridded.step = grid.step AND gridded.place = meter.place
    WINDOW hour_before AS (PARTITION BY grid.night, meter.place ORDER BY grid.step
                           RANGE BETWEEN %(steps_before)s PRECEDING AND CURRENT ROW)
), hourly AS (
    SELECT night, step, at, sum(sign * flow_m3h) AS flow_m3h, array_agg(flow_m3h ORDER BY place) AS meter_flows
      FROM rolling
     WHERE step > %(steps_before)s
     GROUP BY 1, 2, 3
    HAVING bool_and(known >= 0.75 * (%(steps_before)s + 1))
), tank AS (
    SELECT * FROM unnest(%(tanks)s::bigint[], %(tank_factors)s::float8[], %(tank_intervals)s::int[])
                  AS given (id, factor, interval_s)
), segment AS (
    SELECT tank_id, low, base, volume, slope,
           coalesce(lead(low) OVER (PARTITION BY tank_id ORDER BY low), 'Infinity') AS high
      FROM unnest(%(segment_tank)s::bigint[], %(segment_low)s::float8[], %(segment_base)s::float8[],
                  %(segment_volume)s::float8[], %(segment_slope)s::float8[]) AS given (tank_id, low, base, volume, slope)
), stored AS MATERIALIZED (
    SELECT night.night, night.starts, night.ends, tank.id, tank.interval_s, final.time,
           segment.volume + segment.slope * (final.value * tank.factor - segment.base) AS volume_m3
      FROM night
      CROSS JOIN LATERAL sensors_final(%(tanks)s::bigint[], night.starts - interval '2 hours',
                                       night.ends + interval '2 hours', 'infinity') final
      JOIN tank ON tank.id = final.datastream_id
      JOIN segment ON segment.tank_id = tank.id AND final.value * tank.factor >= segment.low
                  AND final.value * tank.factor < segment.high
), tank_covered AS (
    SELECT night.night, tank.id,
           least(1, count(DISTINCT ceil(extract(epoch FROM stored.time - night.starts) / tank.interval_s))
                    / greatest(1, floor(extract(epoch FROM night.ends - night.starts) / tank.interval_s)))::float8 AS share
      FROM night CROSS JOIN tank
      LEFT JOIN stored ON stored.night = night.night AND stored.id = tank.id
                      AND stored.time > night.starts AND stored.time <= night.ends
     GROUP BY night.night, night.starts, night.ends, tank.id, tank.interval_s
), instant AS (
    -- Every end of a step, and midnight; beside them the values: each run of rows begins with the value before it.
    SELECT night, id, time AS at, time, volume_m3, NULL::int AS step FROM stored
    UNION ALL
    SELECT night.night, tank.id, night.starts + make_interval(secs => step * %(step_s)s::float8), NULL, NULL, step
      FROM night CROSS JOIN tank
      CROSS JOIN LATERAL generate_series(
          0, floor(extract(epoch FROM night.ends - night.starts) / %(step_s)s)::int) AS step
), counted AS (
    SELECT *, count(time) OVER (PARTITION BY night, id ORDER BY at) AS run_before,
           count(time) OVER (PARTITION BY night, id ORDER BY at DESC) AS run_after
      FROM instant
), bracketed AS (
    SELECT night, id, step, at,
           max(time) OVER before_it AS earlier, max(volume_m3) OVER before_it AS earlier_m3,
           max(time) OVER after_it AS later, max(volume_m3) OVER after_it AS later_m3
      FROM counted
    WINDOW before_it AS (PARTITION BY night, id, run_before), after_it AS (PARTITION BY night, id, run_after)
), volume AS (
    SELECT night, id, step,
           CASE WHEN earlier = later THEN earlier_m3
                WHEN at - earlier <= interval '2 hours' AND later - at <= interval '2 hours'
                THEN earlier_m3 + (later_m3 - earlier_m3) * (extract(epoch FROM at - earlier)
                                                             / extract(epoch FROM later - earlier))::float8 END AS volume_m3
      FROM bracketed WHERE step IS NOT NULL
), storage AS (
    SELECT hour_end.night, hour_end.step, sum(hour_end.volume_m3 - hour_start.volume_m3) AS storage_m3h
      FROM volume hour_end
      JOIN volume hour_start ON hour_start.night = hour_end.night AND hour_start.id = hour_end.id
                            AND hour_start.step = hour_end.step - %(steps_before)s - 1
     GROUP BY 1, 2
    HAVING bool_and(hour_end.volume_m3 IS NOT NULL AND hour_start.volume_m3 IS NOT NULL)
), least_hour AS (
    SELECT DISTINCT ON (hourly.night) hourly.night, hourly.at, hourly.flow_m3h, hourly.meter_flows,
           coalesce(storage.storage_m3h, 0) AS storage_m3h
      FROM hourly LEFT JOIN storage USING (night, step)
     WHERE storage.storage_m3h IS NOT NULL OR NOT EXISTS (SELECT FROM tank)
     ORDER BY hourly.night, hourly.flow_m3h - coalesce(storage.storage_m3h, 0), hourly.step
), coverage AS (
    SELECT night, min(share) AS share
      FROM (SELECT night, share FROM covered UNION ALL SELECT night, share FROM tank_covered) every_one
     GROUP BY night
)
SELECT night.night, least_hour.at, least_hour.flow_m3h, least_hour.storage_m3h, least_hour.meter_flows,
       coalesce(coverage.share, 0) AS coverage
  FROM night
  LEFT JOIN least_hour USING (night)
  LEFT JOIN coverage USING (night)
 ORDER BY 1;
