-- What the zones that a viewer may see lost, month by month, and what was done about it.
-- Inputs: paths and network_id (as in loss_summary.sql), first_month, last_month, time_zone.
-- Output: month, zones (whose data suffice), supply_m3, imbalance_m3 (apportioned; both NULL where no zone's data suffice),
--   detected (leak events), found and false_alarms (events that were closed so, by the month of their closing), cost (what the
--   closed ones cost, so'm; NULL where nobody said).
-- Invariant: volumes are summed over zones that have no zones inside them, so that none is counted twice.
WITH chosen AS MATERIALIZED (
    SELECT zone.id, NOT EXISTS (SELECT FROM assets_zone inside WHERE inside.parent_id = zone.id) AS is_counted
      FROM assets_zone zone
      JOIN gis_core_division division ON division.id = zone.division_id
     WHERE EXISTS (SELECT FROM unnest(%(paths)s::text[]) AS seen (path) WHERE starts_with(division.path, seen.path))
       AND CASE WHEN %(network_id)s::bigint IS NULL
                THEN zone.network_id IN (SELECT id FROM assets_network WHERE commodity = 'water')
                ELSE zone.network_id = %(network_id)s END
), lost AS (
    SELECT balance.period_start AS month, count(*) AS zones, sum(balance.supply_m3) AS supply_m3,
           sum(balance.imbalance_apportioned_m3) AS imbalance_m3
      FROM balances_zonebalance balance
      JOIN chosen ON chosen.id = balance.zone_id AND chosen.is_counted
     WHERE balance.granularity = 'month' AND balance.status = 'sufficient'
       AND balance.period_start BETWEEN %(first_month)s AND %(last_month)s
     GROUP BY 1
), detected AS (
    SELECT date_trunc('month', event.detected_at AT TIME ZONE %(time_zone)s)::date AS month, count(*) AS events
      FROM balances_leakevent event JOIN chosen ON chosen.id = event.zone_id
     GROUP BY 1
), closed AS (
    SELECT date_trunc('month', ended.at AT TIME ZONE %(time_zone)s)::date AS month,
           count(*) FILTER (WHERE event.outcome = 'found') AS found,
           count(*) FILTER (WHERE event.outcome = 'false_alarm') AS false_alarms, sum(event.cost) AS cost
      FROM balances_leakevent event
      JOIN chosen ON chosen.id = event.zone_id
      JOIN LATERAL (SELECT max(move.at) AS at FROM balances_leakeventmove move
                     WHERE move.event_id = event.id AND move.to_state = 'closed') ended ON true
     WHERE event.state = 'closed'
     GROUP BY 1
)
SELECT shown.month::date, coalesce(lost.zones, 0), lost.supply_m3, lost.imbalance_m3, coalesce(detected.events, 0),
       coalesce(closed.found, 0), coalesce(closed.false_alarms, 0), closed.cost
  FROM generate_series(%(first_month)s::date, %(last_month)s::date, interval '1 month') AS shown (month)
  LEFT JOIN lost ON lost.month = shown.month
  LEFT JOIN detected ON detected.month = shown.month
  LEFT JOIN closed ON closed.month = shown.month
 ORDER BY 1;
