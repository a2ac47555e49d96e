-- Background leakage of each main of a water network, each by its own length, pressure and age.
-- Inputs: network_id, since, until (local days, until exclusive), condition_factor, ageing (share a year that a main adds to
--   the factor), reference_m, exponent. Output: a row for each main and zone that it lies in: code, zone_id, length_m,
--   connections (its share of the zone's, by length), pressure_m (mean of the nearest logger of its zone, else of the network),
--   condition_factor, background_m3h; the last is NULL where pressure or connections are not known.
-- Invariants: lengths of a main's rows sum to its length; the connections of a zone's rows to those of the zone's own ground.
-- Source of 20 l/km/h and 1.25 l/connection/h at 50 m: balances/technical_losses/water_components.py.
WITH main AS (
    SELECT pipe.id, pipe.code, pipe.geom, pipe.year_installed, coalesce(pipe.stated_length_m, pipe.geodesic_length_m) AS length_m,
           start_node.zone_id AS start_zone, end_node.zone_id AS end_zone
      FROM assets_pipe pipe
      JOIN assets_node start_node ON start_node.id = pipe.start_node_id
      JOIN assets_node end_node ON end_node.id = pipe.end_node_id
     WHERE pipe.network_id = %(network_id)s AND NOT pipe.is_connector AND pipe.lifecycle = 'in_service'
), part AS (
    SELECT id, code, geom, year_installed, coalesce(start_zone, end_zone) AS zone_id,
           CASE WHEN start_zone <> end_zone THEN length_m / 2 ELSE length_m END AS length_m
      FROM main
    UNION ALL
    SELECT id, code, geom, year_installed, end_zone, length_m / 2 FROM main WHERE start_zone <> end_zone
), points AS (
    SELECT DISTINCT ON (balance.zone_id) balance.zone_id, zone.parent_id, balance.service_points
      FROM balances_zonebalance balance JOIN assets_zone zone ON zone.id = balance.zone_id
     WHERE zone.network_id = %(network_id)s AND balance.granularity = 'month' AND balance.period_start < %(until)s
     ORDER BY balance.zone_id, balance.period_start DESC
), own AS (
    -- What zones inside it have is theirs.
    SELECT points.zone_id, points.service_points - coalesce((SELECT sum(child.service_points) FROM points child
                                                              WHERE child.parent_id = points.zone_id), 0) AS connections
      FROM points
), shared AS (
    SELECT part.*, own.connections * part.length_m / nullif(sum(part.length_m) OVER (PARTITION BY part.zone_id), 0) AS connections
      FROM part LEFT JOIN own USING (zone_id)
), logger AS MATERIALIZED (
    SELECT node.zone_id, node.geom, sum(value.sum) / sum(value.count) * stream.unit_factor AS pressure_m
      FROM sensors_datastream stream
      JOIN sensors_thing thing ON thing.id = stream.thing_id
      JOIN assets_attachment attachment ON attachment.id = thing.attachment_id
      JOIN assets_node node ON node.id = attachment.node_id
      JOIN sensors_dailyvalue value ON value.datastream_id = stream.id
     WHERE stream.observed_property = 'pressure' AND stream.deleted_at IS NULL AND node.network_id = %(network_id)s
       AND value.day >= %(since)s AND value.day < %(until)s
     GROUP BY stream.id, node.zone_id, node.geom
), judged AS (
    SELECT shared.*, near.pressure_m,
           %(condition_factor)s * (1 + %(ageing)s * greatest(0, coalesce(
               extract(year FROM %(until)s::date)::int - shared.year_installed, 0))) AS factor
      FROM shared
      LEFT JOIN LATERAL (SELECT logger.pressure_m FROM logger
                          ORDER BY logger.zone_id IS NOT DISTINCT FROM shared.zone_id DESC,
                                   ST_Distance(logger.geom, shared.geom) LIMIT 1) near ON true
)
SELECT code, zone_id, length_m, connections::float8, pressure_m, factor::float8 AS condition_factor,
       CASE WHEN pressure_m >= 0
            THEN (20 * length_m / 1000 + 1.25 * connections) / 1000 * factor * (pressure_m / %(reference_m)s) ^ %(exponent)s
       END::float8 AS background_m3h
  FROM judged
 ORDER BY code, zone_id;
