-- What the kept monthly balances of a network's zones lost in a period.
-- Inputs: network_id, since, until (local days of whole months, until exclusive). Output: zone_id, code, parent code, supply
--   and imbalance (NULL unless all of `months` are kept and suffice), in the unit of the commodity.
SELECT zone.id, zone.code, parent.code,
       CASE WHEN count(balance.id) FILTER (WHERE balance.status = 'sufficient') = %(months)s THEN sum(balance.supply_m3) END,
       CASE WHEN count(balance.id) FILTER (WHERE balance.status = 'sufficient') = %(months)s
            THEN sum(balance.imbalance_apportioned_m3) END
  FROM assets_zone zone
  LEFT JOIN assets_zone parent ON parent.id = zone.parent_id
  LEFT JOIN balances_zonebalance balance ON balance.zone_id = zone.id AND balance.granularity = 'month'
       AND balance.period_start >= %(since)s AND balance.period_start < %(until)s
 WHERE zone.network_id = %(network_id)s
 GROUP BY zone.id, zone.code, parent.code
 ORDER BY zone.code;
