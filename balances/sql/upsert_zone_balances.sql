-- Store computed balances; a balance that is already stored with the same figures stays untouched.
-- Input: rows (a JSON array, one object per zone and period). Output: the number of rows written.
INSERT INTO balances_zonebalance (zone_id, division_id, granularity, period_start, input_m3, output_m3,
    storage_change_m3, billed_m3, apportioned_m3, unbilled_m3, limit_95_m3, supply_coverage, consumption_coverage,
    service_points, status, computed_at)
SELECT given.zone_id, zone.division_id, given.granularity, given.period_start, given.input_m3, given.output_m3,
       given.storage_change_m3, given.billed_m3, given.apportioned_m3, given.unbilled_m3, given.limit_95_m3,
       given.supply_coverage, given.consumption_coverage, given.service_points, given.status, now()
  FROM jsonb_to_recordset(%(rows)s::jsonb) AS given (
       zone_id bigint, granularity text, period_start date, input_m3 numeric(16, 3), output_m3 numeric(16, 3),
       storage_change_m3 numeric(16, 3), billed_m3 numeric(16, 3), apportioned_m3 numeric(16, 3),
       unbilled_m3 numeric(16, 3), limit_95_m3 numeric(16, 3), supply_coverage float8, consumption_coverage float8,
       service_points integer, status text)
  JOIN assets_zone zone ON zone.id = given.zone_id
    ON CONFLICT (zone_id, granularity, period_start) DO UPDATE
   SET input_m3 = excluded.input_m3, output_m3 = excluded.output_m3, storage_change_m3 = excluded.storage_change_m3,
       billed_m3 = excluded.billed_m3, apportioned_m3 = excluded.apportioned_m3, unbilled_m3 = excluded.unbilled_m3,
       limit_95_m3 = excluded.limit_95_m3, supply_coverage = excluded.supply_coverage,
       consumption_coverage = excluded.consumption_coverage, service_points = excluded.service_points,
       status = excluded.status, computed_at = excluded.computed_at
 WHERE (balances_zonebalance.input_m3, balances_zonebalance.output_m3, balances_zonebalance.storage_change_m3,
        balances_zonebalance.billed_m3, balances_zonebalance.apportioned_m3, balances_zonebalance.unbilled_m3,
        balances_zonebalance.limit_95_m3, balances_zonebalance.supply_coverage,
        balances_zonebalance.consumption_coverage, balances_zonebalance.service_points, balances_zonebalance.status)
       IS DISTINCT FROM
       (excluded.input_m3, excluded.output_m3, excluded.storage_change_m3, excluded.billed_m3,
        excluded.apportioned_m3, excluded.unbilled_m3, excluded.limit_95_m3, excluded.supply_coverage,
        excluded.consumption_coverage, excluded.service_points, excluded.status);
