-- Balances as they are told: each with its zone, what it costs and why it does not suffice.
-- Inputs: zone_ids (bigint[]), since, until (first and last day, both inclusive), granularities (text[]), years (first days).
-- Output: one row a zone and period, by zone, granularity (year, month, day) and start. Months are there when any of their
--   days was asked for, days when they were themselves.
-- Invariant: without enough data there is no imbalance, whatever the volumes are. What a cubic metre of water costs says
--   nothing of other commodities: they have no cost.
SELECT zone.code, parent.code, network.code, division.code, balance.granularity, balance.period_start,
       CASE balance.granularity WHEN 'day' THEN balance.period_start
            WHEN 'month' THEN (balance.period_start + interval '1 month' - interval '1 day')::date
            ELSE (balance.period_start + interval '1 year' - interval '1 day')::date END,
       balance.input_m3, balance.output_m3, balance.storage_change_m3, balance.supply_m3, balance.billed_metered_m3,
       balance.billed_unmetered_m3, balance.unbilled_m3, balance.estimated_m3, balance.billed_m3, balance.apportioned_m3,
       balance.imbalance_billed_m3, balance.imbalance_apportioned_m3, balance.limit_95_m3, balance.supply_coverage,
       balance.consumption_coverage, balance.service_points, CASE WHEN network.commodity = 'water' THEN price.cost_per_m3 END, balance.status, balance.reasons::text,
       balance.billed_from, balance.billed_to
  FROM balances_zonebalance balance
  JOIN assets_zone zone ON zone.id = balance.zone_id
  LEFT JOIN assets_zone parent ON parent.id = zone.parent_id
  JOIN assets_network network ON network.id = zone.network_id
  JOIN gis_core_division division ON division.id = zone.division_id
  -- What a cubic metre costs says the nearest division above.
  LEFT JOIN LATERAL (
      SELECT cost.cost_per_m3
        FROM balances_productioncost cost JOIN gis_core_division above ON above.id = cost.division_id
       WHERE starts_with(division.path, above.path) AND cost.valid_from <= balance.period_start
       ORDER BY length(above.path) DESC, cost.valid_from DESC LIMIT 1
  ) price ON true
 WHERE balance.zone_id = ANY (%(zone_ids)s) AND balance.granularity = ANY (%(granularities)s)
   AND CASE balance.granularity
            WHEN 'day' THEN balance.period_start BETWEEN %(since)s AND %(until)s
            WHEN 'month' THEN balance.period_start BETWEEN date_trunc('month', %(since)s::timestamp)::date AND %(until)s
            ELSE balance.period_start = ANY (%(years)s::date[]) END
 ORDER BY zone.code, network.code, array_position(ARRAY['year', 'month', 'day'], balance.granularity::text),
          balance.period_start;
