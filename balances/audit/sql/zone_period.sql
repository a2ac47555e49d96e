-- What a zone's own data say of a period for its water audit: kept balances of its months, and its pressure.
-- Inputs: zone_id, since, until (local days of whole months, until exclusive). Output: one row: months (kept), sufficient
--   (of them), supply_m3, billed_metered_m3, billed_unmetered_m3, unbilled_m3 (NULL unless every month is kept and
--   suffices), unbilled_metered_m3 (from the records, by days), limit_95_m3 (of the imbalance), connections,
--   pressure_m (mean of its loggers' means).
-- Invariants: monthly limits add up, for the errors of a meter in two months are alike. Consumption stands on the
--   apportioned basis. This statement alone reads what the computation of balances keeps.
WITH RECURSIVE inside AS (
    SELECT id FROM assets_zone WHERE id = %(zone_id)s
    UNION
    SELECT zone.id FROM assets_zone zone JOIN inside ON zone.parent_id = inside.id
), kept AS (
    SELECT count(*) AS months, count(*) FILTER (WHERE status = 'sufficient') AS sufficient,
           sum(supply_m3) AS supply_m3, sum(apportioned_m3 - billed_unmetered_m3) AS billed_metered_m3,
           sum(billed_unmetered_m3) AS billed_unmetered_m3,
           sum(unbilled_m3) AS unbilled_m3, sum(limit_95_m3) AS limit_95_m3, max(service_points) AS connections
      FROM balances_zonebalance
     WHERE zone_id = %(zone_id)s AND granularity = 'month' AND period_start >= %(since)s AND period_start < %(until)s
), given AS (
    SELECT zone_id, volume_m3, started_on, ended_on FROM balances_unbilledconsumption WHERE is_metered
    UNION ALL
    SELECT zone_id, volume_m3, first_day, last_day + 1 FROM balances_importedconsumption
     WHERE kind = 'unbilled_metered' AND replaced_at IS NULL
), metered AS (
    -- Spread over the days to the litre, as the balances do.
    SELECT coalesce(sum(round(volume_m3 * (least(ended_on, %(until)s::date) - started_on) / (ended_on - started_on), 3)
                        - round(volume_m3 * (greatest(started_on, %(since)s::date) - started_on) / (ended_on - started_on), 3)),
                    0) AS unbilled_metered_m3
      FROM given
     WHERE zone_id IN (SELECT id FROM inside) AND started_on < %(until)s AND ended_on > %(since)s
), logger AS (
    SELECT sum(value.sum) / sum(value.count) * stream.unit_factor AS pressure_m
      FROM sensors_datastream stream
      JOIN sensors_thing thing ON thing.id = stream.thing_id
      JOIN assets_attachment attachment ON attachment.id = thing.attachment_id
      JOIN assets_node node ON node.id = attachment.node_id
      JOIN sensors_dailyvalue value ON value.datastream_id = stream.id
     WHERE stream.observed_property = 'pressure' AND stream.deleted_at IS NULL
       AND node.zone_id IN (SELECT id FROM inside) AND value.day >= %(since)s AND value.day < %(until)s
     GROUP BY stream.id
)
SELECT kept.months, kept.sufficient, kept.supply_m3, kept.billed_metered_m3, kept.billed_unmetered_m3, kept.unbilled_m3,
       metered.unbilled_metered_m3, kept.limit_95_m3, kept.connections,
       (SELECT avg(pressure_m) FROM logger) AS pressure_m
  FROM kept, metered;
