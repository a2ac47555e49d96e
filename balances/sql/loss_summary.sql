-- Imbalance of a month by unit (division of a level, network or zone), with the months before it as a trend.
-- Inputs: paths (prefixes of the divisions that the viewer may see), unit ('division', 'network' or 'zone'), level (of the
--   division tree), parent_path, network_id (NULL: all of water; energy does not add to it), month (NULL: the newest), months (length of the trend),
--   with_geometry.
-- Output: one row a unit, by code; volumes in m3, NULL where nothing suffices. `trend` has one entry a month that has
--   balances, oldest first: month, supply, imbalance on both bases.
-- Invariant: sums are over the zones that have no zones inside them and whose data suffice, so that no volume is counted
--   twice and rows that are not `is_outline` sum to the total. The limit of a sum is the root of the summed squares
--   (AWWA M36).
WITH chosen AS MATERIALIZED (
    SELECT zone.id, zone.uid, zone.code, zone.name, zone.network_id, zone.geom, division.path, zone.parent_id,
           EXISTS (SELECT FROM assets_zone inside WHERE inside.parent_id = zone.id) AS is_outline
      FROM assets_zone zone
      JOIN gis_core_division division ON division.id = zone.division_id
     WHERE EXISTS (SELECT FROM unnest(%(paths)s::text[]) AS seen (path) WHERE starts_with(division.path, seen.path))
       AND starts_with(division.path, %(parent_path)s)
       AND CASE WHEN %(network_id)s::bigint IS NULL
                THEN zone.network_id IN (SELECT id FROM assets_network WHERE commodity = 'water')
                ELSE zone.network_id = %(network_id)s END
), shown AS MATERIALIZED (
    SELECT coalesce(%(month)s::date, (SELECT max(balance.period_start) FROM balances_zonebalance balance
                                        JOIN chosen ON chosen.id = balance.zone_id
                                       WHERE balance.granularity = 'month')) AS month
), home AS MATERIALIZED (
    -- The division of the wanted level that a path lies in, or the lowest one above that level.
    SELECT lying.path, unit.id AS division_id
      FROM (SELECT DISTINCT path FROM chosen) lying
     CROSS JOIN LATERAL (SELECT division.id FROM gis_core_division division
                          WHERE starts_with(lying.path, division.path) AND division.level <= %(level)s
                          ORDER BY division.level DESC LIMIT 1) unit
), member AS MATERIALIZED (
    SELECT chosen.id AS zone_id, chosen.geom, chosen.is_outline,
           CASE %(unit)s WHEN 'zone' THEN chosen.id WHEN 'network' THEN chosen.network_id ELSE home.division_id END AS unit_id
      FROM chosen JOIN home USING (path)
     WHERE %(unit)s = 'zone' OR NOT chosen.is_outline
), unit AS (
    SELECT chosen.id, chosen.uid::text AS uid, chosen.code, chosen.name, NULL::smallint AS level, chosen.is_outline,
           NULL::geometry AS boundary, network.code AS network
      FROM chosen JOIN assets_network network ON network.id = chosen.network_id WHERE %(unit)s = 'zone'
    UNION ALL
    SELECT network.id, network.uid::text, network.code, network.name, NULL, false, NULL, network.code
      FROM assets_network network
     WHERE %(unit)s = 'network' AND network.id IN (SELECT network_id FROM chosen)
    UNION ALL
    SELECT division.id, NULL, division.code, division.name, division.level, false, division.boundary, NULL
      FROM gis_core_division division
     WHERE %(unit)s = 'division'
       AND (division.id IN (SELECT division_id FROM home)
            OR (division.level = %(level)s AND starts_with(division.path, %(parent_path)s)
                AND EXISTS (SELECT FROM unnest(%(paths)s::text[]) AS seen (path)
                             WHERE starts_with(division.path, seen.path))))
), monthly AS MATERIALIZED (
    SELECT member.unit_id, balance.period_start AS month, count(*) AS zones,
           count(*) FILTER (WHERE balance.status = 'sufficient') AS sufficient_zones,
           sum(balance.supply_m3) FILTER (WHERE balance.status = 'sufficient') AS supply_m3,
           sum(balance.apportioned_m3) FILTER (WHERE balance.status = 'sufficient') AS apportioned_m3,
           sum(balance.billed_m3) FILTER (WHERE balance.status = 'sufficient') AS billed_m3,
           sum(balance.unbilled_m3) FILTER (WHERE balance.status = 'sufficient') AS unbilled_m3,
           sum(balance.imbalance_apportioned_m3) FILTER (WHERE balance.status = 'sufficient') AS imbalance_apportioned_m3,
           sum(balance.imbalance_billed_m3) FILTER (WHERE balance.status = 'sufficient') AS imbalance_billed_m3,
           round(sqrt(sum(balance.limit_95_m3 ^ 2) FILTER (WHERE balance.status = 'sufficient')), 3) AS limit_95_m3,
           sum(balance.service_points) AS service_points
      FROM member
      JOIN balances_zonebalance balance ON balance.zone_id = member.zone_id AND balance.granularity = 'month'
     CROSS JOIN shown
     WHERE balance.period_start <= shown.month
       AND balance.period_start > shown.month - make_interval(months => %(months)s)
     GROUP BY 1, 2
), trend AS (
    SELECT unit_id, jsonb_agg(jsonb_build_array(month, supply_m3, imbalance_apportioned_m3, imbalance_billed_m3)
                              ORDER BY month) AS entries
      FROM monthly GROUP BY 1
), open_event AS (
    SELECT member.unit_id, count(*) AS events
      FROM member JOIN balances_leakevent event ON event.zone_id = member.zone_id AND event.state <> 'closed'
     GROUP BY 1
), outline AS (
    SELECT member.unit_id, ST_CollectionExtract(ST_Collect(ST_SimplifyPreserveTopology(member.geom, 0.0005)), 3)
           AS geom
      FROM member WHERE %(with_geometry)s AND member.geom IS NOT NULL GROUP BY 1
)
SELECT unit.uid, unit.code, unit.name, unit.level, unit.network, unit.is_outline, shown.month, monthly.zones,
       monthly.sufficient_zones, monthly.supply_m3, monthly.apportioned_m3, monthly.billed_m3, monthly.unbilled_m3,
       monthly.imbalance_apportioned_m3, monthly.imbalance_billed_m3, monthly.limit_95_m3, monthly.service_points,
       coalesce(open_event.events, 0) AS open_events, coalesce(trend.entries, '[]') AS trend,
       CASE WHEN %(with_geometry)s
            THEN ST_AsGeoJSON(CASE WHEN unit.boundary IS NOT NULL THEN ST_SimplifyPreserveTopology(unit.boundary, 0.002)
                                   ELSE outline.geom END, 5) END AS geometry
  FROM unit
 CROSS JOIN shown
  LEFT JOIN monthly ON monthly.unit_id = unit.id AND monthly.month = shown.month
  LEFT JOIN trend ON trend.unit_id = unit.id
  LEFT JOIN open_event ON open_event.unit_id = unit.id
  LEFT JOIN outline ON outline.unit_id = unit.id
 ORDER BY unit.code, unit.network;
