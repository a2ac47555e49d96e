-- What a zone's own data say of a period for its water audit: kept balances of its months, its mains and its pressure.
-- Inputs: zone_id, since, until (local days of whole months, until exclusive). Output: one row: months (kept), sufficient
--   (of them), supply_m3, billed_metered_m3, billed_unmetered_m3, unbilled_m3 (NULL unless every month is kept and
--   suffices), unbilled_metered_m3 (from the records, by days), limit_95_m3 (of the imbalance), connections, mains_m,
--   pressure_m, pressure_streams.
-- Invariants: a main that leaves the zone counts half where another zone begins, whole where nobody's ground begins;
--   monthly limits add up, for the errors of a meter in two months are alike. Consumption stands on the apportioned basis.
--   This statement alone reads what the computation of balances keeps.
WITH RECURSIVE inside AS (
    SELECT id FROM assets_zone WHERE id = %(zone_id)s
    UNION
    SELECT zone.id FROM assets_zone zone JOIN inside ON zone.parent_id = inside.id
), kept AS (
    SELECT count(*) AS months, count(*) FILTER (WHERE status = 'sufficient') AS sufficient,
           sum(supply_m3) AS supply_m3, sum(apportioned_m3) AS billed_metered_m3, 0::numeric AS billed_unmetered_m3,
           sum(unbilled_m3) AS unbilled_m3, sum(limit_95_m3) AS limit_95_m3, max(service_points) AS connections
      FROM balances_zonebalance
     WHERE zone_id = %(zone_id)s AND granularity = 'month' AND period_start >= %(since)s AND period_start < %(until)s
), metered AS (
    SELECT coalesce(sum(volume_m3 * (least(ended_on, %(until)s::date) - greatest(started_on, %(since)s::date))
                        / (ended_on - started_on)), 0) AS unbilled_metered_m3
      FROM balances_unbilledconsumption
     WHERE is_metered AND zone_id IN (SELECT id FROM inside) AND started_on < %(until)s AND ended_on > %(since)s
), mains AS (
    SELECT sum(coalesce(pipe.stated_length_m, pipe.geodesic_length_m)
               * CASE WHEN start_node.zone_id IN (SELECT id FROM inside) AND end_node.zone_id IN (SELECT id FROM inside)
                        OR start_node.zone_id IS NULL OR end_node.zone_id IS NULL THEN 1.0 ELSE 0.5 END) AS mains_m
      FROM assets_node near
      JOIN assets_pipe pipe ON near.id IN (pipe.start_node_id, pipe.end_node_id)
      JOIN assets_node start_node ON start_node.id = pipe.start_node_id
      JOIN assets_node end_node ON end_node.id = pipe.end_node_id
     WHERE near.zone_id IN (SELECT id FROM inside) AND NOT pipe.is_connector AND pipe.lifecycle = 'in_service'
       -- Each pipe once: by its start where that lies inside, else by its end.
       AND (near.id = pipe.start_node_id OR start_node.zone_id IS NULL
            OR start_node.zone_id NOT IN (SELECT id FROM inside))
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
       metered.unbilled_metered_m3, kept.limit_95_m3, kept.connections, mains.mains_m,
       (SELECT avg(pressure_m) FROM logger), (SELECT count(*) FROM logger)
  FROM kept, metered, mains;
