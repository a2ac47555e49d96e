-- The balances of all zones of some networks over days, months and years, stored where they changed.
-- Inputs: network_ids, since, until (first days of months, until exclusive), years (first days of years whose every month lies
--   between), as_of, coverage_gate, metering_limit, filled_limit (shares at 95 percent); the temporary tables zone_consumption and
--   zone_billed; balances_meterday of the meters' months. Output: rows of balances_zonebalance that were not so before.
-- Invariants: a zone's consumption, storage and imported volumes are those of itself and of all zones inside it, so children
--   sum to their parent to the litre. What crosses the edge is what its own meters measure; a zone without such has those of
--   the zones inside it, where an outlet of one that is an inlet of another cancels. Months and years are the sums of their
--   days, storage that of the midnights around them. Nothing is clamped.
--   limit: the root of the summed squares of independent terms (AWWA M36); errors of one meter on its days are alike.
WITH RECURSIVE inside AS (
    SELECT zone.id AS zone_id, zone.id AS inner_id FROM assets_zone zone WHERE zone.network_id = ANY (%(network_ids)s)
    -- Not UNION ALL: it ends, whatever is stored.
    UNION
    SELECT inside.zone_id, child.id FROM inside JOIN assets_zone child ON child.parent_id = inside.inner_id
), meter AS MATERIALIZED (
    SELECT meter.zone_id, meter.datastream_id, meter.role, meter.error_percent / 100 AS error
      FROM balances_zonemeter meter
      JOIN assets_zone zone ON zone.id = meter.zone_id AND zone.network_id = ANY (%(network_ids)s)
     WHERE meter.made_at <= %(as_of)s::timestamptz
       AND (meter.removed_at IS NULL OR meter.removed_at > %(as_of)s::timestamptz)
), own_edge AS MATERIALIZED (
    SELECT zone_id, datastream_id, NULL::bigint AS node_id, CASE role WHEN 'inlet' THEN 1 ELSE -1 END AS sign, error
      FROM meter WHERE role <> 'storage'
    UNION ALL
    -- A device of the edge that nothing measures; the power of a pump's motor says nothing of its water.
    SELECT connection.zone_id, NULL, connection.node_id, CASE connection.role WHEN 'inlet' THEN 1 ELSE -1 END, 0
      FROM assets_zoneconnection connection
      JOIN assets_zone zone ON zone.id = connection.zone_id AND zone.network_id = ANY (%(network_ids)s)
      JOIN assets_network network ON network.id = zone.network_id
     WHERE connection.role IN ('inlet', 'outlet')
       AND NOT EXISTS (SELECT FROM assets_attachment attachment
                         JOIN sensors_thing thing ON thing.attachment_id = attachment.id AND thing.deleted_at IS NULL
                         JOIN sensors_datastream stream ON stream.thing_id = thing.id AND stream.deleted_at IS NULL
                        WHERE attachment.node_id = connection.node_id AND attachment.pipe_id IS NULL
                          AND (stream.observed_property = 'flow' OR stream.observed_property = 'power'
                                                                    AND network.commodity IN ('electricity', 'heat')))
), reach AS (
    -- From a zone down to the nearest zones that have an edge of their own.
    SELECT zone.id AS zone_id, zone.id AS edged_id FROM assets_zone zone WHERE zone.network_id = ANY (%(network_ids)s)
    UNION
    SELECT reach.zone_id, child.id
      FROM reach JOIN assets_zone child ON child.parent_id = reach.edged_id
     WHERE NOT EXISTS (SELECT FROM own_edge WHERE own_edge.zone_id = reach.edged_id)
), edge AS MATERIALIZED (
    SELECT reach.zone_id, own_edge.datastream_id, own_edge.node_id, sum(own_edge.sign) AS weight, max(own_edge.error) AS error
      FROM reach JOIN own_edge ON own_edge.zone_id = reach.edged_id
     GROUP BY 1, 2, 3 HAVING sum(own_edge.sign) <> 0
), store AS MATERIALIZED (
    SELECT inside.zone_id, meter.datastream_id, max(meter.error) AS error
      FROM inside JOIN meter ON meter.zone_id = inside.inner_id AND meter.role = 'storage'
     GROUP BY 1, 2
), period AS MATERIALIZED (
    SELECT 'day' AS granularity, day::date AS start, day::date AS last_day
      FROM generate_series(%(since)s::timestamp, %(until)s::timestamp - interval '1 day', interval '1 day') AS day
    UNION ALL
    SELECT 'month', month::date, (month + interval '1 month' - interval '1 day')::date
      FROM generate_series(%(since)s::timestamp, %(until)s::timestamp - interval '1 day', interval '1 month') AS month
    UNION ALL
    SELECT 'year', year, (year + interval '1 year' - interval '1 day')::date FROM unnest(%(years)s::date[]) AS year
), period_day AS MATERIALIZED (
    -- Within a month a tank's content is kept above that of its first midnight: each month has its first day and its last.
    SELECT granularity, start, last_day, day::date AS day, last_day - start + 1 AS days,
           day = greatest(start, date_trunc('month', day)) AS opens,
           day = least(last_day, date_trunc('month', day) + interval '1 month' - interval '1 day') AS closes
      FROM period CROSS JOIN LATERAL generate_series(start::timestamp, last_day::timestamp, interval '1 day') AS day
), measured AS MATERIALIZED (
    SELECT value.datastream_id, granularity, start,
           CASE WHEN count(value.forward_m3) = min(days) THEN sum(value.forward_m3) END AS forward_m3,
           CASE WHEN count(value.forward_m3) = min(days) THEN sum(value.backward_m3) END AS backward_m3,
           sum(value.filled_m3) AS filled_m3, sum(value.expected) AS expected, sum(value.received) AS received,
           CASE WHEN count(*) FILTER (WHERE opens AND value.start_m3 IS NULL OR closes AND value.end_m3 IS NULL) = 0
                     AND count(*) = min(days)
                THEN sum(value.end_m3) FILTER (WHERE closes) - sum(value.start_m3) FILTER (WHERE opens) END AS change_m3
      FROM balances_meterday value JOIN period_day USING (day)
     WHERE value.datastream_id IN (SELECT datastream_id FROM meter) AND value.day >= %(since)s AND value.day < %(until)s
     GROUP BY 1, 2, 3
), crossed AS (
    SELECT edge.zone_id, granularity, start, bool_and(measured.forward_m3 IS NOT NULL) AS is_known,
           sum(abs(weight) * CASE WHEN weight > 0 THEN measured.forward_m3 ELSE measured.backward_m3 END) AS input_m3,
           sum(abs(weight) * CASE WHEN weight > 0 THEN measured.backward_m3 ELSE measured.forward_m3 END) AS output_m3,
           coalesce(sum(measured.expected), 0) AS expected, coalesce(sum(measured.received), 0) AS received,
           coalesce(sum(((measured.forward_m3 + measured.backward_m3)::float8 * error * weight) ^ 2
                        + (measured.filled_m3 * %(filled_limit)s * weight) ^ 2), 0) AS squares,
           jsonb_agg(jsonb_build_object('datastream', stream.code, 'reason', 'no_meter', 'node', node.code)
                     ORDER BY node.code) FILTER (WHERE edge.datastream_id IS NULL) AS without_meter,
           jsonb_agg(jsonb_build_object('datastream', stream.code, 'reason', 'no_readings') ORDER BY stream.code)
               FILTER (WHERE edge.datastream_id IS NOT NULL
                         AND (coalesce(measured.received, 0) = 0 OR measured.forward_m3 IS NULL)) AS silent,
           jsonb_agg(jsonb_build_object('datastream', stream.code, 'reason', 'coverage', 'coverage',
                                        round(coalesce(measured.received::numeric / nullif(measured.expected, 0), 0), 6))
                     ORDER BY stream.code)
               FILTER (WHERE edge.datastream_id IS NOT NULL
                         AND coalesce(measured.received::float8 / nullif(measured.expected, 0), 0)
                             < %(coverage_gate)s) AS under_gate
      FROM edge CROSS JOIN period
      LEFT JOIN measured USING (datastream_id, granularity, start)
      LEFT JOIN sensors_datastream stream ON stream.id = edge.datastream_id
      LEFT JOIN assets_node node ON node.id = edge.node_id
     GROUP BY 1, 2, 3
), held AS (
    SELECT store.zone_id, granularity, start, bool_and(measured.change_m3 IS NOT NULL) AS is_known,
           sum(measured.change_m3) AS change_m3,
           coalesce(sum((measured.change_m3::float8 * error) ^ 2), 0) AS squares,
           jsonb_agg(jsonb_build_object('datastream', stream.code, 'reason', 'no_level') ORDER BY stream.code)
               FILTER (WHERE measured.change_m3 IS NULL) AS without_level
      FROM store CROSS JOIN period
      LEFT JOIN measured USING (datastream_id, granularity, start)
      JOIN sensors_datastream stream ON stream.id = store.datastream_id
     GROUP BY 1, 2, 3
), known_volume AS (
    -- What is billed elsewhere, and what nobody is billed for, spread evenly over their days to the litre.
    SELECT given.zone_id, given.kind, given.volume_m3, given.first_day, given.last_day, given.connections,
           coalesce(given.limit95_percent / 100, %(metering_limit)s) AS error_share
      FROM balances_importedconsumption given
      JOIN assets_zone zone ON zone.id = given.zone_id AND zone.network_id = ANY (%(network_ids)s)
     WHERE given.made_at <= %(as_of)s::timestamptz
       AND (given.replaced_at IS NULL OR given.replaced_at > %(as_of)s::timestamptz)
       AND given.first_day < %(until)s AND given.last_day >= %(since)s
    UNION ALL
    SELECT given.zone_id, CASE WHEN given.is_metered THEN 'unbilled_metered' ELSE 'unbilled_unmetered' END, given.volume_m3,
           given.started_on, given.ended_on - 1, NULL, 0
      FROM balances_unbilledconsumption given
      JOIN assets_zone zone ON zone.id = given.zone_id AND zone.network_id = ANY (%(network_ids)s)
     WHERE given.started_on < %(until)s AND given.ended_on > %(since)s
), known_day AS MATERIALIZED (
    SELECT zone_id, kind, day::date AS day, connections, error_share,
           round(volume_m3 * (day::date + 1 - first_day) / (last_day + 1 - first_day), 3)
           - round(volume_m3 * (day::date - first_day) / (last_day + 1 - first_day), 3) AS volume_m3
      FROM known_volume
     CROSS JOIN LATERAL generate_series(greatest(first_day, %(since)s)::timestamp,
                                        least(last_day, %(until)s - 1)::timestamp, interval '1 day') AS day
), known_kind AS (
    SELECT zone_id, granularity, start, kind, sum(volume_m3) AS volume_m3, sum(volume_m3::float8 * error_share) AS error_m3,
           min(day) AS first_day, max(day) AS last_day
      FROM known_day JOIN period_day USING (day) GROUP BY 1, 2, 3, 4
), connected AS (
    SELECT zone_id, granularity, start, max(connections) AS connections
      FROM (SELECT zone_id, day, sum(connections) AS connections
              FROM (SELECT zone_id, kind, day, max(connections) AS connections FROM known_day GROUP BY 1, 2, 3) by_kind
             GROUP BY 1, 2) by_day
      JOIN period_day USING (day) GROUP BY 1, 2, 3
), known_own AS (
    SELECT zone_id, granularity, start,
           coalesce(sum(volume_m3) FILTER (WHERE kind = 'billed_metered'), 0) AS metered_m3,
           coalesce(sum(volume_m3) FILTER (WHERE kind = 'billed_unmetered'), 0) AS unmetered_m3,
           coalesce(sum(volume_m3) FILTER (WHERE starts_with(kind, 'unbilled')), 0) AS unbilled_m3,
           sum(error_m3 ^ 2) AS squares,
           min(first_day) FILTER (WHERE starts_with(kind, 'billed')) AS first_day,
           max(last_day) FILTER (WHERE starts_with(kind, 'billed')) AS last_day
      FROM known_kind GROUP BY 1, 2, 3
), apportioned_own AS (
    SELECT zone_id, granularity, start, sum(metered_m3) AS metered_m3, sum(unmetered_m3) AS unmetered_m3,
           max(service_points) AS service_points, sum(service_points) AS point_days, sum(covered_points) AS covered_days
      FROM zone_consumption JOIN period_day USING (day) GROUP BY 1, 2, 3
), billed_own AS (
    SELECT billed.zone_id, period.granularity, period.start, sum(billed.metered_m3) AS metered_m3,
           sum(billed.unmetered_m3) AS unmetered_m3, sum(billed.estimated_m3) AS estimated_m3,
           min(billed.first_day) AS first_day, max(billed.last_day) AS last_day
      FROM zone_billed billed
      JOIN period ON period.granularity <> 'day' AND billed.month BETWEEN period.start AND period.last_day
     GROUP BY 1, 2, 3
), consumed AS (
    SELECT inside.zone_id, period.granularity, period.start,
           coalesce(sum(apportioned_own.metered_m3), 0) AS apportioned_metered_m3,
           coalesce(sum(apportioned_own.unmetered_m3), 0) AS apportioned_unmetered_m3,
           coalesce(sum(billed_own.metered_m3), 0) AS billed_metered_m3,
           coalesce(sum(billed_own.unmetered_m3), 0) AS billed_unmetered_m3,
           coalesce(sum(billed_own.estimated_m3), 0) AS estimated_m3,
           coalesce(sum(known_own.metered_m3), 0) AS metered_m3, coalesce(sum(known_own.unmetered_m3), 0) AS unmetered_m3,
           coalesce(sum(known_own.unbilled_m3), 0) AS unbilled_m3, coalesce(sum(known_own.squares), 0) AS squares,
           coalesce(sum(apportioned_own.service_points), 0) + coalesce(sum(connected.connections), 0) AS connections,
           coalesce(sum(apportioned_own.covered_days)::float8 / nullif(sum(apportioned_own.point_days), 0), 1) AS coverage,
           least(min(billed_own.first_day), min(known_own.first_day)) AS billed_from,
           greatest(max(billed_own.last_day), max(known_own.last_day)) AS billed_to
      FROM inside CROSS JOIN period
      LEFT JOIN apportioned_own ON (apportioned_own.zone_id, apportioned_own.granularity, apportioned_own.start)
                                   = (inside.inner_id, period.granularity, period.start)
      LEFT JOIN billed_own ON (billed_own.zone_id, billed_own.granularity, billed_own.start)
                              = (inside.inner_id, period.granularity, period.start)
      LEFT JOIN known_own ON (known_own.zone_id, known_own.granularity, known_own.start)
                             = (inside.inner_id, period.granularity, period.start)
      LEFT JOIN connected ON (connected.zone_id, connected.granularity, connected.start)
                             = (inside.inner_id, period.granularity, period.start)
     GROUP BY 1, 2, 3
), figures AS (
    SELECT consumed.*, crossed.zone_id IS NOT NULL AS has_edge,
           coalesce(crossed.is_known AND coalesce(held.is_known, true), false) AS is_known,
           CASE WHEN crossed.is_known THEN crossed.input_m3 END AS input_m3,
           CASE WHEN crossed.is_known THEN crossed.output_m3 END AS output_m3,
           -- A zone without a tank stores nothing.
           CASE WHEN held.zone_id IS NULL THEN 0 WHEN held.is_known THEN held.change_m3 END AS storage_change_m3,
           coalesce(crossed.received::float8 / nullif(crossed.expected, 0), 0) AS supply_coverage,
           sqrt(coalesce(crossed.squares, 0) + coalesce(held.squares, 0) + consumed.squares
                + ((apportioned_metered_m3 + apportioned_unmetered_m3)::float8 * %(metering_limit)s) ^ 2) AS limit_95,
           crossed.without_meter, crossed.silent, crossed.under_gate, held.without_level
      FROM consumed
      LEFT JOIN crossed USING (zone_id, granularity, start)
      LEFT JOIN held USING (zone_id, granularity, start)
), judged AS (
    SELECT *, is_known AND supply_coverage >= %(coverage_gate)s AND coverage >= %(coverage_gate)s AS is_sufficient,
           CASE WHEN granularity = 'day' THEN apportioned_metered_m3 ELSE billed_metered_m3 END + metered_m3 AS metered,
           CASE WHEN granularity = 'day' THEN apportioned_unmetered_m3 ELSE billed_unmetered_m3 END + unmetered_m3 AS unmetered,
           CASE WHEN has_edge THEN '[]' ELSE '[{"datastream": null, "reason": "no_meter"}]'::jsonb END
           || coalesce(without_meter, '[]') || coalesce(silent, '[]')
           || CASE WHEN supply_coverage < %(coverage_gate)s OR NOT is_known THEN coalesce(under_gate, '[]') ELSE '[]' END
           || coalesce(without_level, '[]')
           || CASE WHEN coverage < %(coverage_gate)s THEN '[{"datastream": null, "reason": "no_readings"}]'::jsonb
                   ELSE '[]' END AS why
      FROM figures
)
INSERT INTO balances_zonebalance AS stored (zone_id, division_id, granularity, period_start, input_m3, output_m3,
    storage_change_m3, billed_metered_m3, billed_unmetered_m3, estimated_m3, billed_m3, billed_from, billed_to, apportioned_m3,
    unbilled_m3, limit_95_m3, supply_coverage, consumption_coverage, service_points, status, reasons, computed_at)
SELECT zone.id, zone.division_id, granularity, start, input_m3, output_m3, storage_change_m3, metered, unmetered,
       CASE WHEN granularity = 'day' THEN 0 ELSE estimated_m3 END,
       CASE WHEN granularity <> 'day' THEN metered + unmetered END,
       CASE WHEN granularity <> 'day' THEN billed_from END, CASE WHEN granularity <> 'day' THEN billed_to END,
       apportioned_metered_m3 + apportioned_unmetered_m3 + metered_m3 + unmetered_m3, unbilled_m3,
       CASE WHEN is_known THEN round(limit_95::numeric, 3) END, round(supply_coverage::numeric, 6), round(coverage::numeric, 6),
       connections, CASE WHEN is_sufficient THEN 'sufficient' ELSE 'insufficient' END,
       CASE WHEN is_sufficient THEN '[]' ELSE why END, now()
  FROM judged JOIN assets_zone zone ON zone.id = judged.zone_id
 ORDER BY 1, 3, 4
    ON CONFLICT (zone_id, granularity, period_start) DO UPDATE
   SET input_m3 = excluded.input_m3, output_m3 = excluded.output_m3, storage_change_m3 = excluded.storage_change_m3,
       billed_metered_m3 = excluded.billed_metered_m3, billed_unmetered_m3 = excluded.billed_unmetered_m3,
       estimated_m3 = excluded.estimated_m3, billed_m3 = excluded.billed_m3, billed_from = excluded.billed_from,
       billed_to = excluded.billed_to, apportioned_m3 = excluded.apportioned_m3, unbilled_m3 = excluded.unbilled_m3,
       limit_95_m3 = excluded.limit_95_m3, supply_coverage = excluded.supply_coverage,
       consumption_coverage = excluded.consumption_coverage, service_points = excluded.service_points,
       status = excluded.status, reasons = excluded.reasons, computed_at = excluded.computed_at
 WHERE (stored.input_m3, stored.output_m3, stored.storage_change_m3, stored.billed_metered_m3, stored.billed_unmetered_m3,
        stored.estimated_m3, stored.billed_m3, stored.billed_from, stored.billed_to, stored.apportioned_m3,
        stored.unbilled_m3, stored.limit_95_m3, stored.supply_coverage, stored.consumption_coverage, stored.service_points,
        stored.status, stored.reasons)
       IS DISTINCT FROM
       (excluded.input_m3, excluded.output_m3, excluded.storage_change_m3, excluded.billed_metered_m3,
        excluded.billed_unmetered_m3, excluded.estimated_m3, excluded.billed_m3, excluded.billed_from, excluded.billed_to,
        excluded.apportioned_m3, excluded.unbilled_m3, excluded.limit_95_m3, excluded.supply_coverage,
        excluded.consumption_coverage, excluded.service_points, excluded.status, excluded.reasons);
