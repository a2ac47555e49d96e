-- How many assets there are, were ever verified, and are overdue, by network, division, zone and kind.
-- Inputs: networks: ids; today. Output: one row for each network, zone and kind that has assets.
-- Invariant: the same intervals, dates and rule as verification_status.sql.
WITH intervals AS MATERIALIZED (
    SELECT DISTINCT ON (network.id, policy.kind) network.id AS network_id, policy.kind, policy.interval_months
      FROM assets_network network
      JOIN gis_core_division own ON own.id = network.division_id
      JOIN assets_verificationpolicy policy ON policy.commodity = network.commodity
      LEFT JOIN gis_core_division above ON above.id = policy.division_id
     WHERE network.id = ANY (%(networks)s) AND (above.id IS NULL OR starts_with(own.path, above.path))
     ORDER BY network.id, policy.kind, length(above.path) DESC NULLS LAST
), last AS MATERIALIZED (
    SELECT node_id, pipe_id, max(verified_on) AS verified_on FROM assets_verification
     WHERE network_id = ANY (%(networks)s) GROUP BY node_id, pipe_id
), assets AS (
    SELECT node.network_id, node.zone_id, node.kind, node.lifecycle, node.installed_on, last.verified_on
      FROM assets_node node LEFT JOIN last ON last.node_id = node.id
     WHERE node.network_id = ANY (%(networks)s) AND node.lifecycle <> 'removed'
    UNION ALL
    SELECT pipe.network_id, start_node.zone_id, 'pipe', pipe.lifecycle, make_date(pipe.year_installed, 12, 31),
           last.verified_on
      FROM assets_pipe pipe JOIN assets_node start_node ON start_node.id = pipe.start_node_id
      LEFT JOIN last ON last.pipe_id = pipe.id
     WHERE pipe.network_id = ANY (%(networks)s) AND NOT pipe.is_connector AND pipe.lifecycle <> 'removed'
), counted AS (
    SELECT assets.network_id, assets.zone_id, assets.kind, count(*) AS assets, count(verified_on) AS verified,
           count(*) FILTER (WHERE verification_is_overdue(
               lifecycle, verified_on, installed_on, intervals.interval_months, %(today)s)) AS overdue
      FROM assets
      LEFT JOIN intervals ON intervals.network_id = assets.network_id AND intervals.kind = assets.kind
     GROUP BY assets.network_id, assets.zone_id, assets.kind
)
SELECT network.code AS network, division.code AS division, zone.code AS zone, counted.kind, counted.assets,
       counted.verified, counted.overdue
  FROM counted
  JOIN assets_network network ON network.id = counted.network_id
  JOIN gis_core_division division ON division.id = network.division_id
  LEFT JOIN assets_zone zone ON zone.id = counted.zone_id
 ORDER BY network.code, zone.code NULLS FIRST, counted.kind
