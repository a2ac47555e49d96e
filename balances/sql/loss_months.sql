-- The months that have balances, oldest first: of the zones that a viewer may see, in a division or network.
-- Inputs: paths, parent_path, network_id, as in loss_summary.sql. Output: month.
SELECT DISTINCT balance.period_start
  FROM balances_zonebalance balance
  JOIN assets_zone zone ON zone.id = balance.zone_id
  JOIN gis_core_division division ON division.id = zone.division_id
 WHERE balance.granularity = 'month'
   AND EXISTS (SELECT FROM unnest(%(paths)s::text[]) AS seen (path) WHERE starts_with(division.path, seen.path))
   AND starts_with(division.path, %(parent_path)s)
   AND CASE WHEN %(network_id)s::bigint IS NULL
            THEN zone.network_id IN (SELECT id FROM assets_network WHERE commodity = 'water')
            ELSE zone.network_id = %(network_id)s END
 ORDER BY 1;
