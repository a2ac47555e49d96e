-- The shares of buildings, by account and month; or why there is none.
--
-- Inputs: building_share, staged_flat, staged_building, metered_building. Output: rows of staged_share.
INSERT INTO staged_share (account_id, month, service_id, quantity, reason)
SELECT flat.account_id, building.month, meter.service_id, share.quantity,
       CASE WHEN share.remainder < 0 THEN 'negative_remainder'
            WHEN share.remainder > 0 AND share.total_weight = 0 THEN 'no_weights' END
  FROM staged_flat flat
  JOIN staged_building building USING (building_no)
  JOIN billing_groupmeter meter ON meter.id = building.group_meter_id
  JOIN building_share share ON share.building_no = flat.building_no
                           AND (share.flat_no IS NULL OR share.flat_no = flat.flat_no)
 WHERE flat.metered IS NULL
UNION ALL
SELECT flat.account_id, building.month, meter.service_id, NULL, 'building_not_read'
  FROM staged_building building
  JOIN billing_groupmeter meter ON meter.id = building.group_meter_id
  JOIN billing_groupmeterflat flat ON flat.group_meter_id = meter.id AND flat.validity @> building.month
 WHERE NOT EXISTS (SELECT FROM metered_building WHERE metered_building.building_no = building.building_no);
