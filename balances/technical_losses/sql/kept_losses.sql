-- What the kept monthly balances of a network's zones say of a period.
-- Inputs: network_id, since, until (local days of whole months, until exclusive), months (how many they are), coverage_gate.
--   Output: zone_id, code, parent code; input, output, storage change, consumption and imbalance (NULL unless all months are
--   kept and suffice); consumption whose readings suffice in each month, whatever the meters at the edge gave.
SELECT zone.id, zone.code, parent.code,
       CASE WHEN kept.sufficient = %(months)s THEN kept.input END, CASE WHEN kept.sufficient = %(months)s THEN kept.output END,
       CASE WHEN kept.sufficient = %(months)s THEN kept.stored END,
       CASE WHEN kept.sufficient = %(months)s THEN kept.consumed END,
       CASE WHEN kept.sufficient = %(months)s THEN kept.imbalance END, CASE WHEN kept.read = %(months)s THEN kept.consumed END
  FROM assets_zone zone
  LEFT JOIN assets_zone parent ON parent.id = zone.parent_id
 CROSS JOIN LATERAL (
      SELECT count(*) FILTER (WHERE status = 'sufficient') AS sufficient,
             count(*) FILTER (WHERE consumption_coverage >= %(coverage_gate)s) AS read,
             sum(input_m3)::float8 AS input, sum(output_m3)::float8 AS output, sum(storage_change_m3)::float8 AS stored,
             sum(apportioned_m3 + unbilled_m3)::float8 AS consumed, sum(imbalance_apportioned_m3)::float8 AS imbalance
        FROM balances_zonebalance balance
       WHERE balance.zone_id = zone.id AND balance.granularity = 'month'
         AND balance.period_start >= %(since)s AND balance.period_start < %(until)s) kept
 WHERE zone.network_id = %(network_id)s
 ORDER BY zone.code;
